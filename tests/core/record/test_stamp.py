"""Time stamps: what a good one proves, and what each of the bad ones is called."""

from __future__ import annotations

import re
import subprocess

import pytest

from mailer.record.package import CHECKPOINT
from mailer.record.stamp import WORTHLESS, StampTrouble, authorities, checked, question
from mailer.record.stamp_bytes import refusal, tidied
from tests.core.record.packages import a_package
from tests.core.record.stamped import BARE, CA, FULL, NONCE, PLAIN, REFUSED, SIGNER_CERTIFICATE, STRANGER

HEAD = a_package()[CHECKPOINT]
TRUSTED = authorities(CA)
ALL = authorities(CA + SIGNER_CERTIFICATE)


def trouble(answer: bytes, trusted: bytes = CA, *, data: bytes = HEAD, nonce: int | None = None) -> StampTrouble | None:
    return checked(answer, data, authorities(trusted), nonce=nonce).trouble


@pytest.mark.parametrize("answer", [PLAIN, FULL])
def test_a_good_stamp_tells_when(answer: bytes) -> None:
    found = checked(answer, HEAD, TRUSTED, nonce=NONCE)
    assert (found.trouble, found.words) == (None, "")
    assert found.at is not None
    assert found.at.year == 2026


def test_a_stamp_without_certificates_needs_its_signers_among_those_trusted() -> None:
    assert trouble(BARE) is StampTrouble.UNTRUSTED
    assert trouble(BARE, CA + SIGNER_CERTIFICATE) is None
    assert trouble(PLAIN, CA + SIGNER_CERTIFICATE) is None
    assert trouble(BARE, STRANGER + SIGNER_CERTIFICATE) is StampTrouble.UNTRUSTED


def test_what_is_wrong_has_a_name() -> None:
    assert trouble(PLAIN, b"") is StampTrouble.NO_CA
    assert trouble(PLAIN, SIGNER_CERTIFICATE) is StampTrouble.NO_CA
    assert trouble(PLAIN, STRANGER) is StampTrouble.UNTRUSTED
    assert trouble(PLAIN, data=b"another") is StampTrouble.OTHER_DATA
    assert trouble(PLAIN, nonce=NONCE + 1) is StampTrouble.NOT_ASKED
    assert trouble(REFUSED) is StampTrouble.REFUSED
    assert "rejection" in checked(REFUSED, HEAD, TRUSTED).words
    assert trouble(b"<html>") is StampTrouble.NO_STAMP
    assert trouble(b"") is StampTrouble.NO_STAMP
    assert trouble(question(HEAD, 1)) is StampTrouble.UNREADABLE  # it holds the hash, and is none
    assert {StampTrouble.UNREADABLE, StampTrouble.NO_CA, StampTrouble.UNTRUSTED}.isdisjoint(WORTHLESS)


def test_a_changed_signature_or_time_does_not_hold() -> None:
    assert trouble(PLAIN[:-3] + bytes([PLAIN[-3] ^ 1]) + PLAIN[-2:]) is StampTrouble.ALTERED
    year = PLAIN.index(b"2026", PLAIN.index(bytes.fromhex("0420")))
    assert trouble(PLAIN[:year] + b"2031" + PLAIN[year + 4 :]) in {StampTrouble.ALTERED, StampTrouble.UNTRUSTED}


def test_a_certificate_that_is_none_does_not_hold() -> None:
    version = re.compile(rb"\xa0\x03\x02\x01\x02")
    starts = [found.start() for answer in (PLAIN, FULL) for found in version.finditer(answer)]
    broken = [
        answer[: at + 4] + b"\x42" + answer[at + 5 :]
        for answer in (PLAIN, FULL)
        for at in starts
        if version.match(answer, at)
    ]
    assert {trouble(one) for one in broken} == {StampTrouble.ALTERED, StampTrouble.UNTRUSTED}


def test_no_authorities_are_no_error_and_rubbish_is_one() -> None:
    assert authorities(b" \n") == ()
    with pytest.raises(ValueError, match=r"."):
        authorities(b"rubbish")


@pytest.mark.parametrize("nonce", [0, 1, 127, 128, 2**63, 2**64 - 1])
def test_openssl_reads_the_question(nonce: int) -> None:
    words = ["openssl", "ts", "-query", "-in", "/dev/stdin", "-text"]
    said = subprocess.run(words, input=question(HEAD, nonce), capture_output=True, check=True).stdout.decode()
    assert "Hash Algorithm: sha256" in said
    assert "Certificate required: yes" in said
    assert int(said.partition("Nonce: ")[2].split()[0], 16) == nonce


def _der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return bytes((tag, len(body))) + body


def test_a_refusal_is_told_in_the_servers_words() -> None:
    words = _der(0x30, _der(0x0C, b"too busy\x1b"), _der(0x02, b"\x01"))
    assert refusal(_der(0x30, _der(0x30, _der(0x02, b"\x02"), words))) == "rejection, too busy "
    assert refusal(_der(0x30, _der(0x30, _der(0x02, b"\x03"), _der(0x03, b"\x00\x20")))) == "waiting"
    for none in (
        PLAIN,
        b"",
        b"\x30",
        b"\x30\x00",
        b"\x30\x80\x02\x01\x02",
        b"\x30\x82\x01",
        b"\x30\x05\x30\x07",
        _der(0x31, _der(0x30, _der(0x02, b"\x02"))),
        _der(0x30, _der(0x30, _der(0x02, b"\x00"))),
        _der(0x30, _der(0x30, _der(0x02, b"\x09"))),
        _der(0x30, _der(0x30, _der(0x04, b"\x02"))),
        _der(0x30, _der(0x31, _der(0x02, b"\x02"))),
        _der(0x30, _der(0x30, _der(0x02, b"\x02"))) + b"x",
    ):
        assert refusal(none) is None


def test_certificates_are_put_in_order_and_nothing_else_is_touched() -> None:
    assert tidied(PLAIN) == PLAIN
    assert tidied(BARE) == BARE
    assert tidied(FULL) != FULL
    assert sorted(tidied(FULL)) == sorted(FULL)
    assert tidied(tidied(FULL)) == tidied(FULL)
    assert tidied(REFUSED) == REFUSED
    granted = PLAIN.index(b"\x30\x03\x02\x01\x00")
    with_mods = PLAIN[: granted + 4] + b"\x01" + PLAIN[granted + 5 :]
    assert tidied(with_mods) == PLAIN
    assert trouble(with_mods) is None
