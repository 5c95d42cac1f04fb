"""Signed marks in outgoing mail, and the one verifier for all the ways they come back.

A reply token rides in the Reply-To address, a signature in our Message-ID, and one in a header of our own, which stays
where a provider gives the mail another Message-ID. All carry the outbox id itself, so that no look-up is needed to
refuse a forgery (FreeScout's CVE-2026-47123: ids in headers that nobody checked).
"""

from __future__ import annotations

import hmac
import re

from mailer.domain.ids import OutboxId
from mailer.domain.message import InboundMail

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford base32, as in mailer.clock
#: Two digits at a time, by 10 bits.
_PAIRS = tuple(first + second for first in _DIGITS for second in _DIGITS)
_ID = re.compile(f"out_([{_DIGITS}]{{16}})")
_TOKEN = re.compile(f"[{_DIGITS}]{{32}}", re.IGNORECASE)
_TAGGED = re.compile(f"[+]d([{_DIGITS}]{{32}})@", re.IGNORECASE)
_LOCAL_PART = re.compile(f"duly[.]([{_DIGITS}]{{16}})[.]([{_DIGITS}]{{16}})@.{{1,255}}", re.IGNORECASE)
_MARK = re.compile(f"out_([{_DIGITS}]{{16}})[.]([{_DIGITS}]{{16}})", re.IGNORECASE)
#: The header of our own in each outgoing mail; its value is a `message_mark`.
MARK_HEADER = "X-Duly-Message"
#: Headers besides the recipients in which a token may survive forwarding and mailing systems.
_MORE_HEADERS = (
    "x-forwarded-to", "resent-to", "x-envelope-to", "apparently-to", "x-original-recipient", "x-rcpt-to", "bcc",
)  # fmt: skip
#: RFC 5321 §4.5.3.1.1.
MAX_LOCAL_PART = 64


def reply_token(outbox_id: OutboxId, key: bytes) -> str:
    """Return 32 characters: the id (80 bits) and its signature (80 bits), lower case, the same in any case.

    Raises ValueError when the id is not "out_" and 16 characters of `mailer.clock.new_id`.
    """
    body = _body(outbox_id)
    return body + _signature("reply-token", body, key)


def verify(token: str, key: bytes) -> OutboxId | None:
    """Return the outbox id that a token carries, None when it was not signed with this key; in constant time."""
    if not _TOKEN.fullmatch(token):
        return None
    body, signature = token[:16].lower(), token[16:].lower()
    return OutboxId(f"out_{body}") if _is_signed("reply-token", body, signature, key) else None


def reply_address(mailbox: str, token: str, *, plus: bool) -> str:
    """Return the address for Reply-To: `accounts+d<token>@host`, or the mailbox itself without sub-addressing.

    The mailbox itself is also returned when the local part would grow longer than RFC 5321 allows (64).
    """
    local, at, host = mailbox.rpartition("@")
    tagged = f"{local}+d{token}"
    return f"{tagged}{at}{host}" if plus and at and len(tagged) <= MAX_LOCAL_PART else mailbox


def tokens_in(mail: InboundMail) -> tuple[str, ...]:
    """Return the possible tokens in every recipient and reply address, unverified, lower case, each once."""
    places = [*mail.recipients, *mail.reply_to, *(v for k, v in mail.headers if k in _MORE_HEADERS)]
    return tuple(dict.fromkeys(token.lower() for place in places for token in _TAGGED.findall(place)))


def tokens_in_text(text: str) -> tuple[str, ...]:
    """Return the possible tokens in the returned headers of a report (RFC 3464), unverified."""
    return tuple(dict.fromkeys(token.lower() for token in _TAGGED.findall(text)))


def message_id(outbox_id: OutboxId, key: bytes, domain: str) -> str:
    """Return the Message-ID of one outgoing mail, without angle brackets; the same for the same id.

    Raises ValueError when the id is not an outbox id.
    """
    body = _body(outbox_id)
    return f"duly.{body}.{_signature('message-id', body, key)}@{domain}"


def outbox_of_message_id(message_id: str, key: bytes) -> OutboxId | None:
    """Return the outbox id that a Message-ID of ours carries, None when it is not ours or its signature is wrong.

    The domain is not looked at: relays rewrite it. Angle brackets do not matter.
    """
    found = _LOCAL_PART.fullmatch(message_id.strip("<> "))
    if found is None or not _is_signed("message-id", found[1].lower(), found[2].lower(), key):
        return None
    return OutboxId(f"out_{found[1].lower()}")


def message_mark(outbox_id: OutboxId, key: bytes) -> str:
    """Return the value of our own header: the outbox id, a dot and its signature.

    Raises ValueError when the id is not an outbox id.
    """
    body = _body(outbox_id)
    return f"{outbox_id}.{_signature('message-mark', body, key)}"


def outbox_of_mark(mark: str, key: bytes) -> OutboxId | None:
    """Return the outbox id that the value of our own header carries, None when its signature is wrong."""
    found = _MARK.fullmatch(mark.strip())
    if found is None or not _is_signed("message-mark", found[1].lower(), found[2].lower(), key):
        return None
    return OutboxId(f"out_{found[1].lower()}")


def own_id_of(mail: InboundMail, key: bytes) -> OutboxId | None:
    """Return which message of ours this very mail is (a copy, a loop), by its own header or Message-ID; else None."""
    return outbox_of_mark(mail.header(MARK_HEADER), key) or outbox_of_message_id(mail.message_id, key)


def is_of_duly(mail: InboundMail) -> bool:
    """Whether it looks like the automatic mail of a Duly, perhaps somebody else's, whose signatures we cannot check."""
    by_id = _LOCAL_PART.fullmatch(mail.message_id.strip("<> ")) or _MARK.fullmatch(mail.header(MARK_HEADER).strip())
    return bool(by_id) and mail.header("auto-submitted").lower().startswith("auto-")


def _body(outbox_id: OutboxId) -> str:
    found = _ID.fullmatch(outbox_id)
    if found is None:
        raise ValueError(f"{outbox_id!r} is no outbox id: ids come from mailer.clock.new_id('out')")
    return found[1]


def _signature(purpose: str, body: str, key: bytes) -> str:
    digest = hmac.digest(key, f"duly:{purpose}:{body}".encode(), "sha256")
    number = int.from_bytes(digest[:10], "big")
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in range(70, -1, -10)])


def _is_signed(purpose: str, body: str, signature: str, key: bytes) -> bool:
    return hmac.compare_digest(_signature(purpose, body, key), signature)
