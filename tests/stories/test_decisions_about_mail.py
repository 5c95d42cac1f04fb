"""What a person makes of a mail, and what a later mail may not undo: nothing a customer writes makes us louder."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from mailer.domain.agreement import DisputeState, HoldKind, Promise, PromiseState
from mailer.domain.status import Status
from mailer.flows.agree import accept_dispute, close_dispute, confirm_promise
from mailer.flows.decide_mail import SOMEBODY_ELSES, Decision, DecisionRefused, Verdict, assign, decide
from mailer.store import inbox
from mailer.store.inbox import StoredMail
from tests.stories.world import World

DUE = date(2026, 9, 4)  # the Friday before
ACTOR = "person:test"
DISPUTES = "We dispute this invoice. The goods arrived damaged and we will not pay for them."
UNCLEAR = "Hmm, let me have a look at this with my colleague, it is a bit of a story."
BOTH = "We will pay both invoices on 18 September 2026."
ONE = "We will pay invoice INV-2 on 25 September 2026."


async def comes(world: World, text: str) -> StoredMail:
    """Let a reply to the first reminder come in and be read."""
    world.clock.at += timedelta(minutes=1)
    world.reply(world.mails[0], text)
    await world.round()
    return await latest(world)


async def somebody_else_owes(world: World, number: str) -> None:
    await world.owe(number, due=date(2026, 9, 25), customer="K2", email="ap@birch.example")


async def latest(world: World) -> StoredMail:
    async with world.app.store.reading() as tx:
        return (await inbox.listing(tx, limit=1))[0]


async def decided(world: World, mail: StoredMail, decision: Decision, *, on: date | None = None, why: str = "") -> None:
    await decide(world.app.reader(), mail.id, Verdict(decision=decision, on=on, reason=why), ACTOR)


async def assigned(world: World, mail: StoredMail, number: str) -> None:
    """Say that a mail is from the customer of an invoice."""
    await assign(world.app.reader(), mail.id, (await world.facts(number)).customer, (), ACTOR)


async def name_no_invoice(world: World, mail: StoredMail) -> None:
    async with world.app.store.transaction() as tx:
        assert await inbox.save(tx, replace(mail, invoice_ids=()), was=mail.state)


async def promises(world: World, number: str) -> list[Promise]:
    """Return the promises of an invoice's customer, oldest first."""
    return sorted((await world.facts(number)).promises, key=lambda promise: promise.made_at)


async def kinds_held(world: World, number: str) -> list[HoldKind]:
    """Return the kinds of the holds that pause an invoice."""
    facts = await world.facts(number)
    (one,) = [invoice.id for invoice in facts.invoices if invoice.number == number]
    return [hold.kind for hold in facts.holds if hold.covers(one, world.today(facts))]


async def test_a_promise_for_one_invoice_leaves_the_earlier_one_for_the_others(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await world.owe("INV-2", due=DUE)
    await world.round()
    await comes(world, BOTH)
    await comes(world, ONE)
    earlier, later = await promises(world, "INV-1")
    assert (earlier.state, earlier.due_on) == (PromiseState.TRACKED, date(2026, 9, 18))
    assert (later.state, later.due_on) == (PromiseState.TRACKED, date(2026, 9, 25))
    assert not set(earlier.invoice_ids) & set(later.invoice_ids)
    assert await world.status("INV-1") is Status.PROMISED
    await world.pass_days(14)
    assert len(world.mails) == 1, "INV-1 is promised for the 18th, with two days of grace"
    assert [e.payload["by"] for e in await world.events("promise.narrowed")] == [later.id]
    assert await world.events("promise.withdrawn") == []


async def test_a_promise_for_all_of_them_replaces_the_earlier_whole(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await world.owe("INV-2", due=DUE)
    await world.round()
    await comes(world, ONE)
    await comes(world, BOTH)
    assert [p.state for p in await promises(world, "INV-1")] == [PromiseState.WITHDRAWN, PromiseState.TRACKED]


async def test_a_mail_does_not_overrule_a_promise_that_a_person_has_confirmed(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await world.round()
    await comes(world, "We will pay on 25 September 2026.")
    await confirm_promise(world.app.store, "INV-1", actor=ACTOR, now=world.clock())
    again = await comes(world, "We will pay on 9 September 2026.")
    assert [(p.state, p.due_on) for p in await promises(world, "INV-1")] == [
        (PromiseState.CONFIRMED, date(2026, 9, 25))
    ]
    assert await kinds_held(world, "INV-1") == [HoldKind.REPLY]
    assert await world.waiting() == 1
    assert "2026-09-25" in again.why
    await decided(world, again, Decision.PROMISE, on=date(2026, 9, 9))
    assert [(p.state, p.due_on) for p in await promises(world, "INV-1")] == [
        (PromiseState.WITHDRAWN, date(2026, 9, 25)),
        (PromiseState.CONFIRMED, date(2026, 9, 9)),
    ], "a person may"
    assert await kinds_held(world, "INV-1") == []


async def test_a_mail_assigned_to_somebody_else_holds_there_and_no_longer_here(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await somebody_else_owes(world, "INV-9")
    await world.round()
    mail = await comes(world, UNCLEAR)
    assert (await kinds_held(world, "INV-1"), await kinds_held(world, "INV-9")) == ([HoldKind.REPLY], [])
    await assigned(world, mail, "INV-9")
    assert (await kinds_held(world, "INV-1"), await kinds_held(world, "INV-9")) == ([], [HoldKind.REPLY])
    (released,) = await world.events("hold.released")
    assert released.customer_id == (await world.facts("INV-1")).customer.id
    assert released.payload["why"] == SOMEBODY_ELSES
    await assigned(world, await latest(world), "INV-9")
    assert await kinds_held(world, "INV-9") == [HoldKind.REPLY], "once is enough"


async def test_what_a_strangers_mail_held_elsewhere_ends_when_it_is_assigned(world: World) -> None:
    await world.owe("INV-4711", due=DUE)
    await somebody_else_owes(world, "INV-9")
    world.reply(None, "About invoice INV-4711: please call me.", sender="x@stranger.example", Subject="Invoice")
    await world.round()
    assert await kinds_held(world, "INV-4711") == [HoldKind.UNKNOWN_SENDER]
    await assigned(world, await latest(world), "INV-9")
    assert (await kinds_held(world, "INV-4711"), await kinds_held(world, "INV-9")) == ([], [HoldKind.REPLY])


async def test_a_promise_and_a_draft_dispute_leave_with_their_mail_unless_confirmed(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await somebody_else_owes(world, "INV-9")
    await world.round()
    await assigned(world, await comes(world, "We will pay on 18 September 2026."), "INV-9")
    await assigned(world, await comes(world, DISPUTES), "INV-9")
    facts = await world.facts("INV-1")
    assert [p.state for p in facts.promises] == [PromiseState.WITHDRAWN]
    assert [(d.state, d.outcome) for d in facts.disputes] == [(DisputeState.CLOSED, SOMEBODY_ELSES)]
    ended = await world.events("promise.withdrawn", "dispute.closed")
    assert {event.customer_id for event in ended} == {facts.customer.id}
    kept = await comes(world, DISPUTES)
    await decided(world, kept, Decision.DISPUTE, why="damaged")
    await assigned(world, await latest(world), "INV-9")
    assert (await world.facts("INV-1")).disputes[-1].state is DisputeState.OPEN, "a person has opened it"


@pytest.mark.parametrize(
    ("verdict", "status"),
    [
        (Verdict(decision=Decision.PROMISE, on=date(2026, 9, 18)), Status.PROMISED),
        (Verdict(decision=Decision.DISPUTE, reason="price"), Status.DISPUTED),
        (Verdict(decision=Decision.PAID), Status.CLAIMED_PAID),
    ],
)
async def test_a_mail_that_names_no_invoice_is_decided_for_all_that_are_open(
    world: World, verdict: Verdict, status: Status
) -> None:
    await world.owe("INV-1", due=DUE)
    await world.owe("INV-2", due=date(2026, 9, 25))
    await world.round()
    mail = await comes(world, UNCLEAR)
    await name_no_invoice(world, mail)
    await decide(world.app.reader(), mail.id, verdict, ACTOR)
    assert {await world.status("INV-1"), await world.status("INV-2")} == {status}
    await world.pass_days(9)
    assert len(world.mails) == 1


@pytest.mark.parametrize(
    ("verdict", "paid", "hint"),
    [
        (Verdict(decision=Decision.PROMISE, on=date(2026, 9, 18)), True, "nothing is open"),
        (Verdict(decision=Decision.DISPUTE, reason="price"), True, "nothing is open"),
        (Verdict(decision=Decision.PAID), True, "nothing is open"),
        (Verdict(decision=Decision.PROMISE), False, "--on"),
        (Verdict(decision=Decision.DISPUTE, reason="grumpy"), False, "--reason"),
    ],
)
async def test_a_decision_that_cannot_be_carried_out_changes_nothing(
    world: World, verdict: Verdict, *, paid: bool, hint: str
) -> None:
    await world.owe("INV-1", due=DUE)
    await world.round()
    mail = await comes(world, UNCLEAR)
    await name_no_invoice(world, mail)
    if paid:
        await world.pay("INV-1")
    with pytest.raises(DecisionRefused, match=hint):
        await decide(world.app.reader(), mail.id, verdict, ACTOR)
    assert await kinds_held(world, "INV-1") == [HoldKind.REPLY]
    assert await world.waiting() == 1
    assert await world.events("mail.decided", "hold.released", "promise.confirmed", "dispute.opened") == []


async def test_a_decision_opens_the_draft_and_confirms_the_promise_that_were_read(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await world.round()
    await decided(world, await comes(world, DISPUTES), Decision.DISPUTE, why="price")
    (dispute,) = (await world.facts("INV-1")).disputes
    assert (dispute.state, dispute.reason) == (DisputeState.OPEN, "price")
    await close_dispute(world.app.store, dispute.id, "ours", words="", actor=ACTOR, now=world.clock())
    mail = await comes(world, "We will pay on 18 September 2026.")
    await decided(world, mail, Decision.PROMISE, on=date(2026, 9, 21))
    (promise,) = await promises(world, "INV-1")
    assert (promise.state, promise.due_on) == (PromiseState.CONFIRMED, date(2026, 9, 21))
    assert await world.waiting() == 0


@pytest.mark.parametrize("accepts", [True, False])
async def test_a_dispute_settled_by_hand_answers_the_mail_it_was_read_from(world: World, *, accepts: bool) -> None:
    await world.owe("INV-1", due=DUE)
    await world.round()
    mail = await comes(world, DISPUTES)
    assert await world.waiting() == 1
    if accepts:
        await accept_dispute(world.app.store, "INV-1", actor=ACTOR, now=world.clock())
    else:
        await close_dispute(world.app.store, "INV-1", "no_dispute", words="", actor=ACTOR, now=world.clock())
    assert await world.waiting() == 0
    (event,) = await world.events("mail.decided")
    assert event.refs["mail"] == mail.id
    assert event.payload["decision"] == ("dispute open" if accepts else "dispute closed")
