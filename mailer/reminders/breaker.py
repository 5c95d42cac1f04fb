"""The blast-radius breaker: when so much is about to leave that a person should look first. Values in, values out.

Faults that mail everybody look like an ordinary busy day to each single message: a date filter dropped, every invoice
overdue by an import's fault, a clock in the wrong year, a database from before the last run. All messages together show
it, so that is what is judged here, before the first of them leaves.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

#: How far the clock may be off before nobody can tell which day it is: a day, and an hour or two of summer time.
CLOCK_TOLERANCE = timedelta(hours=26)
#: How much more than an ordinary day goes out unasked.
TIMES_ORDINARY = 3
#: On fewer days with sends than this there is no ordinary day yet.
FEWEST_DAYS = 3


class FreezeCode(StrEnum):
    """What stopped all sending."""

    #: More messages than on ordinary days.
    RUN_SIZE = "run_size"
    #: Messages to most of the customers who owe anything.
    RUN_SHARE = "run_share"
    #: The clock jumped, or shows a time before what is on record.
    CLOCK = "clock"
    #: The database is older than the mail it has sent.
    RESTORED = "restored"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerLimits:
    """What goes out without a question: so many messages in 24 hours, or to so many per cent of those who owe.

    `floor`: the share is no matter for so few customers.
    """

    messages: int = 50
    percent: int = 50
    floor: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What is about to leave, and what is ordinary. Messages that a person has released count nowhere but in `daily`.

    `due`: waiting now. `sent`: sent, or perhaps sent, in the 24 hours up to now. `concerned`: the customers of both.
    `owing`: customers with open invoices. `daily`: messages on each day with sends, of the 30 days before today.
    """

    due: int
    sent: int
    concerned: int
    owing: int
    daily: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """All sending is to stop: by which rule, and one sentence with its numbers (no names)."""

    code: FreezeCode
    why: str


def most_messages(limits: BreakerLimits, daily: tuple[int, ...]) -> float:
    """Return how many messages may go out in 24 hours without a question."""
    ordinary = statistics.median(daily) if len(daily) >= FEWEST_DAYS else 0
    return max(limits.messages, TIMES_ORDINARY * ordinary)


def verdict(facts: RunFacts, limits: BreakerLimits) -> Freeze | None:
    """Return why what is due must wait for a person, None when it is an ordinary run (or nothing is due)."""
    if facts.due <= 0:
        return None
    most = most_messages(limits, facts.daily)
    if facts.due + facts.sent > most:
        why = (
            f"{facts.due} messages are due and {facts.sent} went out in the last 24 hours; "
            f"{most:.0f} a day are ordinary here"
        )
        return Freeze(code=FreezeCode.RUN_SIZE, why=why)
    if facts.concerned > limits.floor and 100 * facts.concerned > limits.percent * facts.owing:
        why = (
            f"{facts.concerned} of {facts.owing} customers with open invoices would be written to within 24 hours; "
            f"up to {limits.percent} % are ordinary"
        )
        return Freeze(code=FreezeCode.RUN_SHARE, why=why)
    return None


def is_small(due: int, sent: int, limits: BreakerLimits) -> bool:
    """Whether so few messages pass whatever the other facts are, so that nobody needs to look them up."""
    return due <= 0 or due + sent <= min(limits.messages, limits.floor)


def jumped(moved: timedelta) -> Freeze | None:
    """Return the freeze for a clock that moved so far (either way) beyond the time that really passed."""
    if abs(moved) <= CLOCK_TOLERANCE:
        return None
    way = "forward" if moved > timedelta() else "back"
    return Freeze(code=FreezeCode.CLOCK, why=f"the clock jumped {way} by {in_words(abs(moved))} while Duly was running")


def behind(newest_at: datetime | None, now: datetime) -> Freeze | None:
    """Return the freeze for a clock that shows a time before the newest thing on record (None: nothing is)."""
    if newest_at is None or newest_at - now <= CLOCK_TOLERANCE:
        return None
    why = f"the clock shows {now:%Y-%m-%d %H:%M} UTC, {in_words(newest_at - now)} before what is already on record"
    return Freeze(code=FreezeCode.CLOCK, why=why)


def in_words(span: timedelta) -> str:
    """Return a span of time of an hour or more, roughly: "27 hours", "30 days"."""
    hours = round(span / timedelta(hours=1))
    return f"{hours} hours" if hours < 48 else f"{round(span / timedelta(days=1))} days"  # noqa: PLR2004 - two days
