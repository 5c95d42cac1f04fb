"""How fast mail leaves: an account's limits per minute and per 24 hours, gentleness to each domain, waits after a no.

Counts come in as values; they are read from the database, so that they outlive a restart and all workers share them.
Messages in flight count as sent: they may be, any moment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

MINUTE, DAY = timedelta(minutes=1), timedelta(hours=24)
#: When to ask again if only messages in flight are in the way: they end when they end.
SOON = timedelta(seconds=1)
#: The first wait after a passing refusal; it doubles with each (Postfix: minimal_backoff_time 300 s).
FIRST_WAIT_SECONDS = 300
#: No wait of ours is longer, jitter included (Postfix: maximal_backoff_time 4,000 s).
LONGEST_WAIT_SECONDS = 4000
#: By how much a wait is stretched or shortened at most, so that what failed together does not come back together.
JITTER = 0.1
#: A server's own wish is honoured up to this.
LONGEST_WISH_SECONDS = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceLimits:
    """What an account may do; 0 = no limit. A domain gets `lanes` messages at a time, `spacing` apart."""

    per_minute: int = 0
    per_day: int = 0
    spacing: timedelta = timedelta()
    lanes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """How many went out in a stretch of time up to now, and when the first of them did (None: none)."""

    many: int = 0
    oldest_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainPace:
    """What one recipient domain is getting: in flight now, and when the last message went there (None: not lately)."""

    in_flight: int = 0
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What an account has sent lately. `in_flight` are claimed and not concluded; `domains` in lower case."""

    minute: Window = field(default_factory=Window)
    day: Window = field(default_factory=Window)
    in_flight: int = 0
    domains: Mapping[str, DomainPace] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """How many may be claimed now (None: as many as there are); with 0, when to ask again."""

    many: int | None
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """The ids to claim now, in the order given; `next_at`: when more of the others may go (None: nothing waits)."""

    ids: tuple[str, ...]
    next_at: datetime | None = None


def allowance(limits: PaceLimits, sent: Sent, now: datetime) -> Allowance:
    """Return how many messages the account may claim at `now`: the least that any of its limits leaves.

    With none left, `next_at` is when the oldest message of the fullest window leaves it (or `SOON`, when only messages
    in flight are in the way); it may turn out that another one is then still in the way.
    """
    left: int | None = None
    next_at: datetime | None = None
    for most, window, length in ((limits.per_minute, sent.minute, MINUTE), (limits.per_day, sent.day, DAY)):
        if not most:
            continue
        room = max(0, most - window.many - sent.in_flight)
        left = room if left is None else min(left, room)
        if not room:
            frees_at = window.oldest_at + length if window.oldest_at and window.many >= most else now + SOON
            next_at = max(frees_at, next_at or frees_at, now + SOON)
    return Allowance(many=left, next_at=next_at)


def lane(limits: PaceLimits, domain: DomainPace, now: datetime) -> Allowance:
    """Return how many messages one domain may get at `now`."""
    if limits.spacing and domain.last_at and domain.last_at + limits.spacing > now:
        return Allowance(many=0, next_at=domain.last_at + limits.spacing)
    lanes = limits.lanes or (1 if limits.spacing else None)
    if lanes is None:
        return Allowance(many=None)
    # Spaced messages go one by one: the next one's distance is measured from the one before.
    room = min(lanes - domain.in_flight, 1) if limits.spacing else lanes - domain.in_flight
    return Allowance(many=max(0, room), next_at=None if room > 0 else now + SOON)


def pick(limits: PaceLimits, sent: Sent, waiting: Sequence[tuple[str, str]], now: datetime) -> Picked:
    """Return which of the waiting messages (id, recipient address), the most pressing first, may be claimed at `now`.

    A domain that must wait does not keep the messages to other domains.
    """
    whole = allowance(limits, sent, now)
    if whole.many == 0:
        return Picked(ids=(), next_at=whole.next_at if waiting else None)
    ids: list[str] = []
    taken = Counter[str]()
    waits: list[datetime] = []
    for one, recipient in waiting:
        if whole.many is not None and len(ids) == whole.many:
            waits.append(now + SOON)
            break
        domain = domain_of(recipient)
        room = lane(limits, sent.domains.get(domain, DomainPace()), now)
        if room.many is None or taken[domain] < room.many:
            taken[domain] += 1
            ids.append(one)
        else:
            waits.append(room.next_at or now + max(limits.spacing, SOON))
    return Picked(ids=tuple(ids), next_at=min(waits, default=None))


def domain_of(address: str) -> str:
    """Return the domain of an address, lower case: domains know no case (RFC 5321 §2.4)."""
    return address.rpartition("@")[2].lower()


def retry_at(attempts: int, now: datetime, *, retry_after_seconds: int | None = None, jitter: float = 0.0) -> datetime:
    """Return when a message that was put off is tried again: after 5 min, doubled each time, ± 10 %, 4,000 s at most.

    `attempts`: how often it was put off before this time. `jitter`: a random number from -1 to 1 that the caller
    draws. A server that asked to be left alone for longer gets that, up to 24 hours.
    """
    longest = LONGEST_WAIT_SECONDS / (1 + JITTER)
    seconds = min(FIRST_WAIT_SECONDS * 2.0 ** min(attempts, 10), longest) * (1 + JITTER * max(-1.0, min(1.0, jitter)))
    wish = min(retry_after_seconds or 0, LONGEST_WISH_SECONDS)
    return now + timedelta(seconds=max(seconds, wish))
