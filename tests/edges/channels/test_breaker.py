"""When the account fails, it rests: for longer each time, and one delivery tries before the others follow."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.channels import SmtpChannel
from mailer.channels.breaker import FAILURES, FIRST_REST_SECONDS, MOST_REST_SECONDS, PROBE_REST_SECONDS, Breaker
from mailer.domain.delivery import Accepted, Phase, Refused, TryLater
from tests.edges.channels.scripted import Cut, committed, envelope, scripted, settings


def fail(breaker: Breaker, now_seconds: float, at_least_seconds: float = 0.0) -> None:
    ticket = breaker.enter(now_seconds)
    assert ticket is not None
    breaker.failed(ticket, now_seconds, "421 no", at_least_seconds=at_least_seconds)
    breaker.left(ticket)


def opened(now_seconds: float = 0.0) -> Breaker:
    breaker = Breaker()
    for _ in range(FAILURES):
        fail(breaker, now_seconds)
    return breaker


def test_it_rests_half_a_minute_then_twice_as_long_up_to_a_quarter_of_an_hour() -> None:
    breaker, now_seconds, rests = opened(), 0.0, []
    for _ in range(8):
        rests.append(breaker.rest_seconds(now_seconds))
        assert breaker.enter(now_seconds + rests[-1] - 0.001) is None
        now_seconds += rests[-1]
        fail(breaker, now_seconds)
    assert rests == [30.0, 60.0, 120.0, 240.0, 480.0, 900.0, 900.0, 900.0]


def test_one_probe_goes_alone_and_its_success_lets_everybody_go() -> None:
    breaker = opened()
    probe = breaker.enter(30.0)
    assert probe is not None
    assert (breaker.enter(31.0), breaker.rest_seconds(31.0)) == (None, PROBE_REST_SECONDS)
    breaker.proved(probe)
    assert breaker.rest_seconds(31.0) == 0.0
    breaker.passed(probe)
    fail(breaker, 40.0)
    assert breaker.rest_seconds(40.0) == 0.0  # counted from the beginning


def test_a_probe_that_fails_after_it_looked_well_rests_longer() -> None:
    breaker = opened()
    probe = breaker.enter(30.0)
    assert probe is not None
    breaker.proved(probe)
    breaker.failed(probe, 31.0, "421 at the dot")
    assert breaker.rest_seconds(31.0) == 2 * FIRST_REST_SECONDS


def test_a_cancelled_probe_leaves_its_place_to_the_next() -> None:
    breaker = opened()
    probe = breaker.enter(30.0)
    assert probe is not None
    breaker.left(probe)
    assert breaker.enter(30.0) is not None


def test_what_was_under_way_neither_opens_nor_closes_nor_lengthens() -> None:
    breaker = Breaker()
    early = [breaker.enter(0.0) for _ in range(3)]
    for _ in range(FAILURES):
        fail(breaker, 0.0)
    for ticket in early:
        assert ticket is not None
    breaker.failed(early[0], 1.0, "late")  # type: ignore[arg-type]
    breaker.passed(early[1])  # type: ignore[arg-type]
    probe = breaker.enter(30.0)
    breaker.left(early[2])  # type: ignore[arg-type]
    assert probe is not None
    assert breaker.enter(30.0) is None


@given(st.lists(st.tuples(st.sampled_from(["pass", "fail", "refused", "cancel"]), st.integers(0, 2000)), max_size=60))
def test_it_never_rests_for_ever_and_never_lets_two_probes_go(steps: list[tuple[str, int]]) -> None:
    breaker, now_seconds, failures = Breaker(), 0.0, 0
    for what, seconds in steps:
        now_seconds += seconds
        rest_seconds = breaker.rest_seconds(now_seconds)
        assert 0.0 <= rest_seconds <= MOST_REST_SECONDS
        now_seconds += rest_seconds
        was_open = failures >= FAILURES
        ticket = breaker.enter(now_seconds)
        assert ticket is not None
        assert (breaker.enter(now_seconds) is None) == was_open
        match what:
            case "pass":
                breaker.passed(ticket)
                failures = 0
            case "fail":
                breaker.failed(ticket, now_seconds, "no")
                failures += 1
            case "refused":
                breaker.failed(ticket, now_seconds, "535 no", at_least_seconds=300.0)
                failures = max(failures + 1, FAILURES)
                assert breaker.rest_seconds(now_seconds) >= 300.0
            case _:
                pass  # cancelled
        breaker.left(ticket)


@pytest.mark.parametrize("moment", ["connect", "MAIL", "RCPT", "DATA", "dot"])
async def test_a_storm_of_421_stops_after_three_and_touches_the_server_no_more(moment: str) -> None:
    async with scripted({moment: "421 4.7.0 too much"}) as peer:
        channel = SmtpChannel(settings(peer.port))
        assert channel.rest_seconds() == 0.0
        outcomes = [await channel.deliver(envelope(), before_data=committed) for _ in range(10)]
        assert peer.connections == FAILURES
        assert all(isinstance(outcome, TryLater) and outcome.account for outcome in outcomes)
        last = outcomes[-1]
        assert isinstance(last, TryLater)
        assert (last.phase, last.text) == (
            Phase.NONE,
            "not tried: 127.0.0.1 rests after failures of the account (421 4.7.0 too much)",
        )
        assert last.retry_after_seconds is not None
        assert 20 < last.retry_after_seconds <= 30
        assert 20.0 < channel.rest_seconds() <= 30.0


async def test_after_the_rest_one_tries_and_the_others_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    async with scripted({"connect": Cut.DROP}) as peer:
        channel = SmtpChannel(settings(peer.port))
        await asyncio.gather(*(channel.deliver(envelope(), before_data=committed) for _ in range(6)))
        assert peer.connections in {FAILURES, FAILURES + 1}  # two were under way
        before, peer.script = peer.connections, {}
        loop = asyncio.get_running_loop()
        clock = loop.time
        monkeypatch.setattr(loop, "time", lambda: clock() + 31.0)
        outcomes = await asyncio.gather(*(channel.deliver(envelope(), before_data=committed) for _ in range(2)))
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Accepted", "TryLater"]
        assert peer.connections == before + 1
        outcomes = await asyncio.gather(*(channel.deliver(envelope(), before_data=committed) for _ in range(2)))
        assert all(isinstance(outcome, Accepted) for outcome in outcomes)
        await channel.close()


async def test_a_refused_login_is_not_tried_again_for_five_minutes() -> None:
    async with scripted({"AUTH": "535 5.7.8 wrong"}, extensions=("AUTH PLAIN",)) as peer:
        channel = SmtpChannel(settings(peer.port, username="billing", password="pw"))
        for _ in range(3):
            await channel.deliver(envelope(), before_data=committed)
        assert peer.verbs().count("AUTH") == 1
        assert channel.rest_seconds() > 290.0


async def test_the_wait_that_a_closing_server_asks_for_is_kept() -> None:
    async with scripted({"MAIL": "421 4.7.0 Too many messages, try again in 2 hours"}) as peer:
        channel = SmtpChannel(settings(peer.port))
        outcome = await channel.deliver(envelope(), before_data=committed)
        assert isinstance(outcome, TryLater)
        assert outcome.retry_after_seconds == 7200
        assert channel.rest_seconds() > 7100.0


async def test_one_message_that_the_server_cannot_bear_stops_no_other() -> None:
    async with scripted({"RCPT <poison@customer.test>": Cut.DROP, "RCPT <gone@customer.test>": "550 5.1.1 no"}) as peer:
        channel = SmtpChannel(settings(peer.port))
        for _ in range(5):
            bad = await channel.deliver(envelope(to="poison@customer.test"), before_data=committed)
            assert isinstance(bad, TryLater)
            assert not bad.account
            assert isinstance(await channel.deliver(envelope(to="gone@customer.test"), before_data=committed), Refused)
        assert channel.rest_seconds() == 0.0
        assert isinstance(await channel.deliver(envelope(), before_data=committed), Accepted)
        await channel.close()
