"""The only place that reads the time or draws a random id."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from datetime import UTC, datetime

#: From the alphabet of RFC 4648 base32 to Crockford's, lower case: no i, l, o, u.
_CROCKFORD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789abcdefghjkmnpqrstvwxyz")


def utc_now() -> datetime:
    """Return the present as an aware UTC datetime."""
    return datetime.now(UTC)


#: A source of the present: `utc_now`, or a clock that a demo, a simulation or a test moves.
Clock = Callable[[], datetime]


def new_id(prefix: str) -> str:
    """Return a fresh opaque id such as "inv_0f3k…" (80 random bits)."""
    return f"{prefix}_{base64.b32encode(secrets.token_bytes(10)).decode().translate(_CROCKFORD)}"


def new_salt() -> bytes:
    """Return 16 random bytes that keep a payload's commitment from being guessed."""
    return secrets.token_bytes(16)


def new_key() -> str:
    """Return 64 random hex digits: the key that signs reply tokens."""
    return secrets.token_hex(32)
