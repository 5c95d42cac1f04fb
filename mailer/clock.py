"""The only place that reads the time or draws a random id."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

#: From the alphabet of RFC 4648 base32 to Crockford's, lower case: no i, l, o, u.
_CROCKFORD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789abcdefghjkmnpqrstvwxyz")


def utc_now() -> datetime:
    """Return the present as an aware UTC datetime."""
    return datetime.now(UTC)


#: A source of the present: `utc_now`, or a clock that a demo, a simulation or a test moves.
Clock = Callable[[], datetime]


def steady_seconds() -> float:
    """Return the seconds of a clock that nobody can set; where the system has one, it goes on while it sleeps."""
    boot_time = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot_time is None else time.clock_gettime(boot_time)


class ClockWatch:
    """Notices when the wall clock was set: it then moved otherwise than the steady one (seconds) between two looks.

    A process that did not run (an outage, a restart) has seen nothing and claims nothing.
    """

    def __init__(self, wall: Clock, steady: Callable[[], float] = steady_seconds) -> None:
        self._wall, self._steady = wall, steady
        self._last = (wall(), steady())
        self._farthest = timedelta()

    def look(self) -> timedelta:
        """Return the farthest jump (forward > 0) noticed since the last `forget`, this look included."""
        at, steady = self._wall(), self._steady()
        jump = (at - self._last[0]) - timedelta(seconds=steady - self._last[1])
        self._last = (at, steady)
        self._farthest = max(self._farthest, jump, key=abs)
        return self._farthest

    def forget(self) -> None:
        """Take the clock for right from here on: what was noticed is written down."""
        self._farthest = timedelta()


def new_id(prefix: str) -> str:
    """Return a fresh opaque id such as "inv_0f3k…" (80 random bits)."""
    return f"{prefix}_{base64.b32encode(secrets.token_bytes(10)).decode().translate(_CROCKFORD)}"


def new_salt() -> bytes:
    """Return 32 random bytes that keep a payload's commitment from being guessed."""
    return secrets.token_bytes(32)


def new_key() -> str:
    """Return 64 random hex digits: the key that signs reply tokens."""
    return secrets.token_hex(32)


def new_jitter() -> float:
    """Return a random number from -1 to 1, so that what failed together does not come back together."""
    return secrets.randbelow(2_000_001) / 1_000_000 - 1
