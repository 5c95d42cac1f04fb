"""Mails signed with DKIM, by keys that are made here."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from unittest.mock import patch

import dkim
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

AT = datetime(2026, 9, 7, 9, 0, tzinfo=UTC)
MAIL = b"From: Tom <ap@alder.example>\r\nTo: us@acme.example\r\nSubject: Re: INV-1\r\n\r\nWe pay on Friday.\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A domain with its key; `record` is what it publishes at `name`."""

    domain: str
    selector: str
    pem: bytes
    public: bytes

    @property
    def name(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def record(self) -> bytes:
        return b"v=DKIM1; k=rsa; p=" + base64.b64encode(self.public)

    def sign(self, mail: bytes = MAIL, *, at: datetime = AT, length: bool = False, identity: str = "") -> bytes:
        """The mail with one more signature on top."""
        with patch("dkim.time.time", return_value=at.timestamp()):
            return self.header(mail, length=length, identity=identity) + mail

    def header(self, mail: bytes, *, length: bool = False, identity: str = "") -> bytes:
        signed: bytes = dkim.DKIM(mail).sign(
            self.selector.encode(),
            self.domain.encode(),
            self.pem,
            identity=identity.encode() or None,
            length=length,
        )
        return signed


@cache
def key_of(bits: int) -> tuple[bytes, bytes]:
    """A private key as PEM and its public key as DER."""
    key = generate_private_key(public_exponent=65537, key_size=bits)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return pem, key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def signer(domain: str = "alder.example", selector: str = "s1", *, bits: int = 2048) -> Signer:
    pem, public = key_of(bits)
    return Signer(domain=domain, selector=selector, pem=pem, public=public)
