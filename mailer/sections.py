"""Parts of the settings that stand for themselves; `mailer.settings` puts all of them together."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from mailer.domain.address import address_fault
from mailer.nameserver import address_of
from mailer.record.note import COSIGNATURE, BadKey, verifier_of
from mailer.secret import is_safe, is_web_address, secret_from


class Part(BaseModel):
    """A part of the settings: nothing unknown in it, nothing changed later."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Seller(Part):
    """Who writes; `address` is the sender and the mailbox of the replies."""

    name: str
    sender_name: str
    address: str
    phone: str
    payment_details: str
    address_lines: tuple[str, ...]
    legal_lines: tuple[str, ...]


def _server_address(text: str) -> str:
    try:
        address_of(text)
    except ValueError as problem:
        message = f"{text!r} is no address of a name server: write 192.0.2.1, 192.0.2.1:53 or [2001:db8::1]:53"
        raise ValueError(message) from problem
    return text


class Authentication(Part):
    """Who signed what comes in, and which of our own mail servers' findings count (names as they write them)."""

    dkim: bool
    name_servers: tuple[Annotated[str, AfterValidator(_server_address)], ...]
    timeout_seconds: float = Field(gt=0, le=30)
    trusted_servers: tuple[str, ...]
    own_received: int = Field(ge=0, le=10)


def _witness_key(line: str) -> str:
    try:
        verifier_of(line, COSIGNATURE)
    except BadKey:
        raise ValueError("the public key of a witness is the line that `duly witness init` prints") from None
    return line


class WitnessKnown(Part):
    """A witness of the log: where it is asked, and its public key (a vkey)."""

    url: str = Field(repr=False)
    vkey: Annotated[str, AfterValidator(_witness_key)]

    @model_validator(mode="after")
    def _askable(self) -> Self:
        if not is_web_address(self.url):
            raise ValueError("the url of a witness must be an http:// or https:// address")
        return self


def _address_or_none(address: str) -> str:
    if address and (fault := address_fault(address)):
        raise ValueError(fault)
    return address


class Anchors(Part):
    """Who stamps the time of the log's signed heads, and how often; `ca_file`: whose signature counts.

    `witnesses`: who cosigns them, each at most once in `witness_hours`. `mail_to`: who gets one a week, "" for nobody.
    """

    tsa_url: str = Field(repr=False)
    ca_file: str
    every_hours: float = Field(gt=0)
    timeout_seconds: float = Field(gt=0, le=120)
    witnesses: tuple[WitnessKnown, ...]
    witness_hours: float = Field(gt=0)
    mail_to: Annotated[str, AfterValidator(_address_or_none)]

    @model_validator(mode="after")
    def _askable(self) -> Self:
        if self.tsa_url and not is_web_address(self.tsa_url):
            raise ValueError("anchors.tsa_url must be an http:// or https:// address, or empty for none")
        return self


class Llm(Part):
    """A language model that gives a second opinion on replies; `per_day` counts calls, by days of UTC."""

    mode: Literal["off", "shadow", "assist", "vote"]
    base_url: str
    model: str
    api_key: str = Field(repr=False)
    api_key_file: str
    api_key_command: str
    timeout_seconds: float = Field(gt=0, le=120)
    per_day: int = Field(ge=0)
    redact: bool

    @model_validator(mode="after")
    def _complete(self) -> Self:
        """Refuse a model that cannot be asked, or that secrets would travel to in clear."""
        if self.mode != "off" and not self.model:
            raise ValueError("llm.model is empty: name the model to ask, or set llm.mode to off")
        if self.mode != "off" and not is_safe(self.base_url):
            raise ValueError("llm.base_url must be an https:// address, or http:// on this machine: mail goes there")
        return self

    def secret(self) -> str:
        """Return the key from the first place that gives one, "" for none; raises SettingsError when it fails."""
        return secret_from(self.api_key, self.api_key_file, self.api_key_command, what="llm key")
