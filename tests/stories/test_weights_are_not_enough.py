"""What only the statistical weights see in a reply: it holds and asks a person, and opens or displaces nothing."""

from __future__ import annotations

from datetime import date

from mailer.domain.agreement import HoldKind, PromiseState
from mailer.domain.status import Status
from tests.stories.world import World

DUE = date(2026, 9, 4)
#: A complaint that no rule knows.
WET = "The crate that the driver unloaded was full of water."
PROMISE = "We will pay this invoice on Friday 18 September 2026."


async def seen_by_weights_alone(world: World) -> bool:
    last = (await world.events("reply.read"))[-1].payload
    disputes = [one for one in last["findings"] if one["intent"] == "dispute"]
    return bool(disputes) and all(rule.startswith("weights.") for one in disputes for rule in one["rules"])


async def test_a_complaint_that_no_rule_knows_holds_and_opens_no_dispute(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await world.round()
    world.reply(world.mails[0], WET)
    await world.round()
    assert await seen_by_weights_alone(world)
    assert await world.status("INV-1") is Status.ON_HOLD
    assert await world.waiting() == 1
    await world.pass_days(30)
    assert len(world.mails) == 1
    assert not await world.events("dispute.drafted")


async def test_it_displaces_no_promise_made_before(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await world.round()
    world.reply(world.mails[0], PROMISE)
    await world.round()
    world.reply(world.mails[0], WET)
    await world.round()
    assert await seen_by_weights_alone(world)
    facts = await world.facts("INV-1")
    assert [(p.state, p.due_on) for p in facts.promises] == [(PromiseState.TRACKED, date(2026, 9, 18))]
    assert facts.disputes == ()
    await world.pay("INV-1")
    await world.round()
    assert [p.state for p in (await world.facts("INV-1")).promises] == [PromiseState.KEPT]


async def test_beside_a_promise_it_leaves_the_promise_and_the_hold(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await world.round()
    world.reply(world.mails[0], f"{PROMISE}\n\n{WET}")
    await world.round()
    assert await seen_by_weights_alone(world)
    facts = await world.facts("INV-1")
    assert [p.state for p in facts.promises] == [PromiseState.TRACKED]
    assert [h.kind for h in facts.holds] == [HoldKind.REPLY]
    assert await world.waiting() == 1
    await world.pass_days(25)  # the promise is broken, and still nobody has looked
    assert len(world.mails) == 1
