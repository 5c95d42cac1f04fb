"""The only place that reads the time or draws a random id."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford base32, lower case: no i, l, o, u


def utc_now() -> datetime:
    """Return the present as an aware UTC datetime."""
    return datetime.now(UTC)


#: A source of the present: `utc_now`, or a clock that a demo, a simulation or a test moves.
Clock = Callable[[], datetime]


def new_id(prefix: str) -> str:
    """Return a fresh opaque id such as "inv_0f3k…" (80 random bits)."""
    return prefix + "_" + "".join(secrets.choice(_ALPHABET) for _ in range(16))


def new_salt() -> bytes:
    """Return 16 random bytes that keep a payload's commitment from being guessed."""
    return secrets.token_bytes(16)


def new_key() -> str:
    """Return 64 random hex digits: the key that signs reply tokens."""
    return secrets.token_hex(32)
