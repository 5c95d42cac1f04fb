"""Pausing by hand and ending a pause: never louder than asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailer.domain.agreement import Hold, HoldKind
from mailer.domain.case import StepHow
from mailer.domain.customer import Customer
from mailer.domain.ids import HoldId, InvoiceId
from mailer.domain.invoice import InvoiceClosing
from mailer.domain.status import Status
from mailer.flows.agree import NewPromise, add_promise
from mailer.flows.close_case import CaseRefused, close_case
from mailer.flows.find_customer import NotOneCustomer
from mailer.flows.place_hold import HoldRefused, place_hold, release_holds
from mailer.store import agreements
from tests.servers.smtp import RecordingSmtp
from tests.stories.by_hand_room import ACTOR, Room, day, room


async def hold(office: Room, who: Customer, name: str, kind: HoldKind, *ids: InvoiceId, alarmed: bool = False) -> None:
    """A hold as a mail places one."""
    placed = Hold(
        id=HoldId(name),
        customer_id=who.id,
        invoice_ids=ids,
        kind=kind,
        reason="they wrote",
        placed_at=office.now,
        deadline_on=day("2026-03-09"),
    )
    async with office.store.transaction() as tx:
        await agreements.add_hold(tx, placed)
        if alarmed:
            await agreements.mark_alarmed(tx, placed.id, office.now)


async def test_a_hold_with_an_end_pauses_to_that_day_and_no_longer(
    tmp_path: Path, recording_smtp: RecordingSmtp
) -> None:
    async with room(tmp_path, recording_smtp) as office:
        who = await office.customer()
        first = await office.invoice(who, "INV-1")
        await office.go_live()
        await place_hold(
            office.store, "INV-1", reason="credit note", until_on=day("2026-03-04"), actor=ACTOR, now=office.now
        )
        assert (await office.status(who, first)).status is Status.ON_HOLD
        await office.goes_on(days=2)
        assert recording_smtp.messages == []
        await office.goes_on(days=1)
        assert len(recording_smtp.messages) == 1


async def test_a_hold_on_the_customer_covers_invoices_to_come(tmp_path: Path, recording_smtp: RecordingSmtp) -> None:
    async with room(tmp_path, recording_smtp) as office:
        who = await office.customer()
        await office.go_live()
        await place_hold(office.store, "C1", reason="boss is talking to them", actor=ACTOR, now=office.now)
        await office.invoice(who, "INV-1")
        await office.goes_on(days=30)
        assert recording_smtp.messages == []
        freed = await release_holds(office.store, "C1", actor=ACTOR, now=office.now)
        assert [one.kind for one in freed.released] == [HoldKind.MANUAL]
        await office.goes_on()
        assert len(recording_smtp.messages) == 1


async def test_releasing_one_invoice_leaves_the_others_of_the_hold_paused(
    tmp_path: Path, recording_smtp: RecordingSmtp
) -> None:
    async with room(tmp_path, recording_smtp) as office:
        who = await office.customer()
        first, second = await office.invoice(who, "INV-1"), await office.invoice(who, "INV-2")
        await hold(office, who, "hold_a", HoldKind.REPLY, first.id, second.id, alarmed=True)
        await release_holds(office.store, "INV-1", reason="only about INV-2", actor=ACTOR, now=office.now)
        (left,) = (await office.facts(who)).holds
        assert (left.invoice_ids, left.kind, left.deadline_on, left.alarmed) == (
            (second.id,),
            HoldKind.REPLY,
            day("2026-03-09"),
            True,
        )
        told = await office.happened("hold.released", "hold.placed")
        assert [(e.type, e.payload["invoices"]) for e in told] == [
            ("hold.released", [first.id]),
            ("hold.placed", [second.id]),
        ]


async def test_a_stop_and_a_hold_on_the_whole_customer_end_only_by_their_own_id(
    tmp_path: Path, recording_smtp: RecordingSmtp
) -> None:
    async with room(tmp_path, recording_smtp) as office:
        who = await office.customer()
        first = await office.invoice(who, "INV-1")
        await hold(office, who, "hold_stop", HoldKind.STOP)
        await hold(office, who, "hold_all", HoldKind.REPLY)
        await hold(office, who, "hold_one", HoldKind.REPLY, first.id)
        freed = await release_holds(office.store, "INV-1", actor=ACTOR, now=office.now)
        assert [one.id for one in freed.released] == ["hold_one"]
        assert {one.id for one, _ in freed.kept} == {"hold_stop", "hold_all"}
        assert all(f"duly invoices release {one.id}" in why for one, why in freed.kept)
        freed = await release_holds(office.store, "C1", actor=ACTOR, now=office.now)
        assert [one.id for one in freed.released] == ["hold_all"]
        freed = await release_holds(office.store, "hold_stop", actor=ACTOR, now=office.now)
        assert [one.id for one in freed.released] == ["hold_stop"]
        with pytest.raises(NotOneCustomer, match="no hold 'hold_stop' is running"):
            await release_holds(office.store, "hold_stop", actor=ACTOR, now=office.now)
        with pytest.raises(HoldRefused, match="duly case why C1"):
            await release_holds(office.store, "C1", actor=ACTOR, now=office.now)


async def test_after_a_bounce_the_same_words_are_said_again_once_the_address_is_lifted(
    tmp_path: Path, recording_smtp: RecordingSmtp
) -> None:
    async with room(tmp_path, recording_smtp) as office:
        who = await office.customer()
        await office.invoice(who, "INV-1")
        await office.go_live()
        recording_smtp.answers[who.email] = "550 5.1.1 no such user"
        await office.goes_on()
        assert StepHow.FAILED in {s.how for s in (await office.facts(who)).steps}
        freed = await release_holds(office.store, "C1", actor=ACTOR, now=office.now)
        assert freed.suppressed == (who.email,)
        assert {s.how for s in (await office.facts(who)).steps} == {StepHow.SKIPPED}
        await office.goes_on(days=1)
        assert recording_smtp.messages == [], "the address itself may still not be written to"
        del recording_smtp.answers[who.email]
        freed = await release_holds(office.store, "C1", lift_address=True, actor=ACTOR, now=office.now)
        assert freed.lifted == (who.email,)
        await office.goes_on()
        assert len(recording_smtp.messages) == 1
        (lifted,) = await office.happened("address.lifted")
        assert lifted.payload["address"] == who.email


async def test_a_promise_by_hand_leaves_the_reply_hold_and_says_so(
    tmp_path: Path, recording_smtp: RecordingSmtp
) -> None:
    async with room(tmp_path, recording_smtp) as office:
        who = await office.customer()
        first = await office.invoice(who, "INV-1")
        await hold(office, who, "hold_a", HoldKind.REPLY, first.id)
        new = NewPromise(due_on=day("2026-03-06"))
        agreed = await add_promise(office.store, office.policies, "C1", new, actor=ACTOR, now=office.now)
        assert [one.id for one in agreed.holds] == ["hold_a"]


@pytest.mark.parametrize(
    ("said", "more", "hint"),
    [
        ("INV-1", {"reason": " "}, "needs a reason"),
        ("INV-1", {"until_on": day("2026-03-01")}, "is past"),
        ("INV-2", {}, "nothing is owed on INV-2"),
    ],
)
async def test_a_hold_that_makes_no_sense_is_refused(
    tmp_path: Path, recording_smtp: RecordingSmtp, said: str, more: dict[str, object], hint: str
) -> None:
    async with room(tmp_path, recording_smtp) as office:
        who = await office.customer()
        await office.invoice(who, "INV-1")
        await office.pay(await office.invoice(who, "INV-2"))
        given = {"reason": "because", **more}
        with pytest.raises(HoldRefused, match=hint):
            await place_hold(office.store, said, actor=ACTOR, now=office.now, **given)  # type: ignore[arg-type]
        assert (await office.facts(who)).holds == ()


async def test_a_case_handed_over_is_silent_and_what_is_not_due_stays(
    tmp_path: Path, recording_smtp: RecordingSmtp
) -> None:
    async with room(tmp_path, recording_smtp) as office:
        who = await office.customer(policy="personal")
        late = await office.invoice(who, "INV-1", days_overdue=60)
        early = await office.invoice(who, "INV-2", days_overdue=-90)
        await office.go_live()
        await office.goes_on()
        handed_over, words = InvoiceClosing.HANDED_OVER, "to the agency"
        closed = await close_case(office.store, "C1", handed_over, reason=words, actor=ACTOR, now=office.now)
        assert [i.number for i in closed.invoices] == [late.number]
        assert [i.number for i in closed.left] == [early.number]
        facts = await office.facts(who)
        assert facts.case_id is None
        await office.goes_on(days=30)
        assert len(recording_smtp.messages) == 1
        told = [e.type for e in await office.happened("invoice.closed", "case.closed")]
        assert told == ["invoice.closed", "case.closed"]
        with pytest.raises(CaseRefused, match="no running case"):
            await close_case(office.store, "C1", handed_over, reason=words, actor=ACTOR, now=office.now)
        for outcome, reason, hint in ((InvoiceClosing.VOID, words, "by itself"), (handed_over, "", "--reason")):
            with pytest.raises(CaseRefused, match=hint):
                await close_case(office.store, "C1", outcome, reason=reason, actor=ACTOR, now=office.now)
