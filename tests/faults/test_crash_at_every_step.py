"""A process killed between any two steps and restarted: nothing is lost, nothing is said twice, nothing is hidden."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from itertools import count

import pytest

from mailer.domain.delivery import OutboxState
from mailer.domain.status import Status
from mailer.flows.plan_reminders import tick
from mailer.flows.read_reply import read_stored
from mailer.flows.receive_mail import poll
from mailer.flows.send_message import drain
from mailer.store import outbox
from tests.faults.crashes import Countdown, DyingChannel, DyingStore, Killed
from tests.stories.world import World

DUE = date(2026, 9, 4)


async def _round_that_may_die(world: World, countdown: Countdown) -> None:
    """Do a whole round in a process that dies at the countdown's end."""
    app = replace(world.app, store=DyingStore(world.app.store.url, countdown), owner=f"proc_{countdown.left}")
    channel = DyingChannel(app.channel(), countdown)
    try:
        await poll(app.intake())
        await read_stored(app.reader())
        await tick(app.planner())
        await drain(app.sender(channel))
    except Killed:
        pass
    finally:
        await channel.close()
        await app.close()


async def _in_doubt(world: World) -> int:
    async with world.app.store.reading() as tx:
        return len(await outbox.listing(tx, states=[OutboxState.UNKNOWN]))


def _stride(world: World) -> int:
    """In the quick tier PostgreSQL dies at every 9th place, SQLite at every 4th; the full tier leaves none out."""
    return 9 if world.redis_url else 4


@pytest.mark.timeout(600)
async def test_reminders_are_never_doubled_and_never_lost(world: World) -> None:
    await _send_and_die(world, _stride(world))


@pytest.mark.full
async def test_reminders_at_every_place(world: World) -> None:
    await _send_and_die(world, 1)


@pytest.mark.timeout(600)
async def test_replies_are_never_lost_and_never_count_twice(world: World) -> None:
    await _read_and_die(world, _stride(world))


@pytest.mark.full
async def test_replies_at_every_place(world: World) -> None:
    await _read_and_die(world, 1)


async def _send_and_die(world: World, stride: int) -> None:
    """Each N is a new invoice, so that one house lives through every death."""
    world.allow(1000)  # a customer for each death, within an hour: far more than a house of one customer sends in a day
    places: list[int] = []
    for place in count(1, stride):
        places.append(place)
        number = f"INV-{place}"
        await world.owe(number, due=DUE, customer=f"K{place}", email=f"ap{place}@alder.example")
        countdown = Countdown(left=place)
        await _round_that_may_die(world, countdown)
        world.clock.at += timedelta(minutes=2)  # past every lease of a message, and still inside the send window
        await world.round()
        await world.round()
        address = f"ap{place}@alder.example"
        sent = sum(received.recipients == (address,) for received in world.smtp.messages)
        assert sent <= 1, f"killed at {place}: said twice"
        assert await world.said(number) == ["friendly"], f"killed at {place}: lost"
        if not countdown.fired:
            break
        await world.pay(number)
        del world.rows[number]  # paid: the next exports no longer list it, and the house stays small
    assert places[-1] > 10
    assert max(Counter(str(m["Message-ID"]) for m in world.mails).values()) == 1
    # what went out without the answer being kept is in doubt, on the list of a person, and never sent again
    said = {step.invoice_id for n in places for step in (await world.facts(f"INV-{n}")).steps if step.was_said}
    assert len(said) == len(places)
    assert len(world.mails) >= len(places) - await _in_doubt(world)


async def _read_and_die(world: World, stride: int) -> None:
    world.allow(1000)  # as above
    places: list[int] = []
    for place in count(1, stride):
        places.append(place)
        number, address = f"INV-{place}", f"ap{place}@alder.example"
        await world.owe(number, due=DUE, customer=f"K{place}", email=address)
        await world.round()
        world.reply(world.mails_about(number)[0], "We will pay on 2 October 2026.", sender=address)
        countdown = Countdown(left=place)
        await _round_that_may_die(world, countdown)
        world.clock.at += timedelta(minutes=3)  # past the lease of the mailbox
        await world.round()
        facts = await world.facts(number)
        assert len(facts.promises) == 1, f"killed at {place}"
        assert [hold.kind for hold in facts.holds] == [], f"killed at {place}: {facts.holds}"
        assert await world.status(number) is Status.PROMISED
        if not countdown.fired:
            break
    assert places[-1] > 8
    assert len(await world.events("mail.fetched")) == len(places)
    assert len(await world.events("reply.read")) == len(places)
