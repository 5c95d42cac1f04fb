"""How fast mail leaves, in every order of events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.reminders.pace import (
    DAY,
    LONGEST_WAIT_SECONDS,
    LONGEST_WISH_SECONDS,
    MINUTE,
    DomainPace,
    PaceLimits,
    Sent,
    Window,
    allowance,
    lane,
    pick,
    retry_at,
)

NOW = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)
M365 = PaceLimits(per_minute=30, per_day=10_000)
limits_of = st.builds(
    PaceLimits,
    per_minute=st.integers(0, 5),
    per_day=st.integers(0, 40),
    spacing=st.sampled_from([timedelta(), timedelta(seconds=5), timedelta(seconds=90)]),
    lanes=st.integers(0, 3),
)
DOMAINS = ("a.example", "b.example", "c.example")


def window(times: list[datetime], now: datetime, length: timedelta) -> Window:
    inside = [at for at in times if now - length < at <= now]
    return Window(many=len(inside), oldest_at=min(inside, default=None))


def sent(log: list[tuple[str, datetime]], now: datetime, in_flight: int = 0) -> Sent:
    times = [at for _, at in log]
    last = {domain: max(at for d, at in log if d == domain) for domain in {d for d, _ in log}}
    return Sent(
        minute=window(times, now, MINUTE),
        day=window(times, now, DAY),
        in_flight=in_flight,
        domains={domain: DomainPace(last_at=at) for domain, at in last.items()},
    )


@settings(max_examples=60, deadline=None)
@given(limits=limits_of, queue=st.lists(st.sampled_from(DOMAINS), max_size=60))
def test_a_queue_drains_as_fast_as_every_limit_allows_and_no_faster(limits: PaceLimits, queue: list[str]) -> None:
    waiting = [(str(number), f"ap@{domain.upper()}") for number, domain in enumerate(queue)]
    log: list[tuple[str, datetime]] = []
    now = NOW
    for _ in range(2000):
        picked = pick(limits, sent(log, now), waiting, now)
        log += [(address[3:].lower(), now) for one, address in waiting if one in picked.ids]
        waiting = [(one, address) for one, address in waiting if one not in picked.ids]
        if not waiting:
            break
        assert picked.next_at is not None, "what waits is told when to ask again"
        assert picked.next_at > now, "and never at once"
        now = picked.next_at
    assert not waiting, "everything leaves in the end"
    times = [at for _, at in log]
    for most, length in ((limits.per_minute, MINUTE), (limits.per_day, DAY)):
        assert not most or all(window(times, at, length).many <= most for at in times)
    for domain in DOMAINS:
        gaps = [later - earlier for earlier, later in pairwise(sorted(at for d, at in log if d == domain))]
        assert all(gap >= limits.spacing for gap in gaps)


@given(limits=limits_of, in_flight=st.integers(0, 10), many=st.integers(0, 10))
def test_what_is_in_flight_counts_as_sent(limits: PaceLimits, in_flight: int, many: int) -> None:
    full = Window(many=many, oldest_at=NOW if many else None)
    free = allowance(limits, Sent(minute=full, day=full), NOW).many
    less = allowance(limits, Sent(minute=full, day=full, in_flight=in_flight), NOW).many
    assert (free is None) == (less is None)
    if free is not None and less is not None:
        assert less == max(0, free - in_flight)


@pytest.mark.parametrize(
    ("state", "many", "next_after_seconds"),
    [
        (Sent(), 30, None),
        (Sent(minute=Window(many=29, oldest_at=NOW), day=Window(many=29, oldest_at=NOW)), 1, None),
        (Sent(minute=Window(many=30, oldest_at=NOW - timedelta(seconds=20))), 0, 40),
        (Sent(minute=Window(many=20, oldest_at=NOW), in_flight=10), 0, 1),
        (Sent(day=Window(many=10_000, oldest_at=NOW - timedelta(hours=23))), 0, 3600),
        (Sent(day=Window(many=9_999, oldest_at=NOW - timedelta(hours=23))), 1, None),
    ],
)
def test_an_account_of_thirty_a_minute(state: Sent, many: int, next_after_seconds: int | None) -> None:
    found = allowance(M365, state, NOW)
    assert found.many == many
    expected = None if next_after_seconds is None else NOW + timedelta(seconds=next_after_seconds)
    assert found.next_at == expected


def test_without_limits_everything_may_go() -> None:
    queue = [(str(number), "ap@a.example") for number in range(500)]
    assert len(pick(PaceLimits(), Sent(in_flight=7), queue, NOW).ids) == 500


def test_a_domain_that_must_wait_keeps_nobody_else() -> None:
    limits = PaceLimits(spacing=timedelta(seconds=10))
    lately = Sent(domains={"a.example": DomainPace(last_at=NOW - timedelta(seconds=4))})
    found = pick(limits, lately, [("1", "x@a.example"), ("2", "x@b.example"), ("3", "y@b.example")], NOW)
    assert found.ids == ("2",)
    assert found.next_at == NOW + timedelta(seconds=6)


@given(lanes=st.integers(1, 5), in_flight=st.integers(0, 8))
def test_a_domain_has_so_many_lanes(lanes: int, in_flight: int) -> None:
    found = lane(PaceLimits(lanes=lanes), DomainPace(in_flight=in_flight), NOW)
    assert found.many == max(0, lanes - in_flight)
    assert (found.next_at is None) == (in_flight < lanes)


@given(attempts=st.integers(0, 2000), jitter=st.floats(-1, 1), wish=st.one_of(st.none(), st.integers(0, 10 * 86_400)))
def test_waits_grow_within_bounds_and_a_servers_wish_is_honoured(
    attempts: int, jitter: float, wish: int | None
) -> None:
    seconds = (retry_at(attempts, NOW, retry_after_seconds=wish, jitter=jitter) - NOW).total_seconds()
    ours = (retry_at(attempts, NOW, jitter=jitter) - NOW).total_seconds()
    assert 270 <= ours <= LONGEST_WAIT_SECONDS
    assert seconds == max(ours, min(wish or 0, LONGEST_WISH_SECONDS))
    later = (retry_at(attempts + 1, NOW, jitter=jitter) - NOW).total_seconds()
    assert later >= ours
    spread = (retry_at(attempts, NOW, jitter=1.0) - retry_at(attempts, NOW, jitter=-1.0)).total_seconds()
    assert spread > 0.15 * ours, "also the longest waits do not all end together"


def test_the_first_waits_are_five_ten_and_twenty_minutes() -> None:
    assert [(retry_at(n, NOW) - NOW) / MINUTE for n in range(3)] == [5, 10, 20]
