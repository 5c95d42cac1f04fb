"""Promises and disputes that a person keeps: they quieten the ladder, and it goes on where it stood."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailer.domain.agreement import Dispute, DisputeState, Promise, PromiseState
from mailer.domain.ids import DisputeId
from mailer.domain.status import Status
from mailer.flows.agree import (
    AgreementRefused,
    NewPromise,
    accept_dispute,
    add_dispute,
    add_promise,
    close_dispute,
    close_promise,
    confirm_promise,
)
from mailer.flows.by_hand import NotTheirInvoice
from mailer.store import agreements
from tests.servers.smtp import RecordingSmtp
from tests.stories.by_hand_room import ACTOR, Room, day, room


async def promise(office: Room, said: str, due_on: str, **more: object) -> Promise:
    new = NewPromise(due_on=day(due_on), **more)  # type: ignore[arg-type]
    agreed = await add_promise(office.store, office.policies, said, new, actor=ACTOR, now=office.now)
    assert isinstance(agreed.what, Promise)
    return agreed.what


async def test_a_promise_from_a_call_pauses_to_its_day_plus_grace_over_the_weekend(
    tmp_path: Path, recording_smtp: RecordingSmtp
) -> None:
    async with room(tmp_path, recording_smtp) as office:
        who = await office.customer()
        first = await office.invoice(who, "INV-1")
        await office.go_live()
        made = await promise(office, "C1", "2026-03-06", words="Ada, on the phone")
        assert (made.state, made.invoice_ids) == (PromiseState.TRACKED, (first.id,))
        assert made.pauses_until_on == day("2026-03-10"), "Friday and two business days of grace"
        assert (await office.status(who, first)).status is Status.PROMISED
        await office.goes_on(days=8)
        assert recording_smtp.messages == [], "Tuesday the 10th still belongs to the grace"
        await office.goes_on(days=1)
        assert len(recording_smtp.messages) == 1
        told = [event.type for event in await office.happened("promise.made", "promise.broken")]
        assert told == ["promise.made", "promise.broken"]
        assert b"promis" not in recording_smtp.messages[0].raw.lower(), "it was tracked only: nobody is told it broke"


async def test_only_a_confirmed_promise_is_called_broken_to_the_customer(
    tmp_path: Path, recording_smtp: RecordingSmtp
) -> None:
    async with room(tmp_path, recording_smtp) as office:
        who = await office.customer()
        await office.invoice(who, "INV-1")
        await office.go_live()
        made = await promise(office, "INV-1", "2026-03-03")
        await confirm_promise(office.store, "INV-1", actor=ACTOR, now=office.now)
        await office.goes_on(days=4)
        assert b"3 March 2026" in recording_smtp.messages[0].raw
        (event,) = await office.happened("promise.confirmed")
        assert event.refs == {"promise": made.id}


async def test_a_later_promise_replaces_the_earlier_and_leaves_its_other_invoices_paused(
    tmp_path: Path, recording_smtp: RecordingSmtp
) -> None:
    async with room(tmp_path, recording_smtp) as office:
        who = await office.customer()
        first, second = await office.invoice(who, "INV-1"), await office.invoice(who, "INV-2")
        earlier = await promise(office, "C1", "2026-03-06")
        later = await promise(office, "INV-1", "2026-03-13")
        kept = {p.id: p for p in (await office.facts(who)).promises}
        assert kept[earlier.id].is_running
        assert kept[earlier.id].invoice_ids == (second.id,)
        assert kept[later.id].invoice_ids == (first.id,)
        await promise(office, "C1", "2026-03-20")
        assert sum(p.is_running for p in (await office.facts(who)).promises) == 1
        told = await office.happened("promise.narrowed", "promise.withdrawn")
        assert [e.type for e in told] == ["promise.narrowed", "promise.withdrawn", "promise.withdrawn"]


async def test_a_promise_covers_what_is_overdue_and_an_amount_makes_it_kept_when_that_came_in(
    tmp_path: Path, recording_smtp: RecordingSmtp
) -> None:
    async with room(tmp_path, recording_smtp) as office:
        who = await office.customer()
        late = await office.invoice(who, "INV-1", amount="80.00")
        await office.invoice(who, "INV-2", days_overdue=-20)
        made = await promise(office, "C1", "2026-03-06", amount="50.00")
        assert made.invoice_ids == (late.id,)
        assert (made.amount and made.amount.amount, str(made.owed)) == ("50.00", "EUR 80.00")


async def test_a_promise_closed_by_a_person_pauses_no_more(tmp_path: Path, recording_smtp: RecordingSmtp) -> None:
    async with room(tmp_path, recording_smtp) as office:
        who = await office.customer()
        await office.invoice(who, "INV-1")
        await office.go_live()
        made = await promise(office, "C1", "2026-03-06")
        await close_promise(
            office.store, "C1", PromiseState.WITHDRAWN, words="meant INV-9", actor=ACTOR, now=office.now
        )
        await office.goes_on()
        assert len(recording_smtp.messages) == 1
        with pytest.raises(AgreementRefused, match="is withdrawn and cannot become confirmed"):
            await confirm_promise(office.store, made.id, actor=ACTOR, now=office.now)
        with pytest.raises(AgreementRefused, match="no running promise"):
            await confirm_promise(office.store, "C1", actor=ACTOR, now=office.now)


@pytest.mark.parametrize(
    ("said", "due_on", "more", "hint"),
    [
        ("C1", "2026-03-01", {}, "is past"),
        ("C1", "2062-03-01", {}, "check the year"),
        ("C1", "2026-03-06", {"amount": "1.000,00"}, "write it like"),
        ("C1", "2026-03-06", {"amount": "100.01"}, "within the EUR 100.00"),
        ("C2", "2026-03-06", {}, "nothing is owed on Bob Ltd"),
    ],
)
async def test_a_promise_that_cannot_be_right_is_refused(
    tmp_path: Path, recording_smtp: RecordingSmtp, said: str, due_on: str, more: dict[str, str], hint: str
) -> None:
    async with room(tmp_path, recording_smtp) as office:
        await office.invoice(await office.customer(), "INV-1")
        await office.customer("C2", "Bob Ltd")
        with pytest.raises(AgreementRefused, match=hint):
            await promise(office, said, due_on, **more)
        assert await office.happened() == []


async def test_two_running_promises_must_be_told_apart(tmp_path: Path, recording_smtp: RecordingSmtp) -> None:
    async with room(tmp_path, recording_smtp) as office:
        who = await office.customer()
        await office.invoice(who, "INV-1")
        await office.invoice(who, "INV-2")
        one, two = await promise(office, "INV-1", "2026-03-06"), await promise(office, "INV-2", "2026-03-06")
        with pytest.raises(AgreementRefused, match=f"{one.id}.*{two.id}|{two.id}.*{one.id}"):
            await close_promise(office.store, "C1", PromiseState.KEPT, words="", actor=ACTOR, now=office.now)
        with pytest.raises(AgreementRefused, match="time alone breaks one"):
            await close_promise(office.store, one.id, PromiseState.BROKEN, words="", actor=ACTOR, now=office.now)
        await close_promise(office.store, "INV-2", PromiseState.KEPT, words="", actor=ACTOR, now=office.now)
        states = {p.id: p.state for p in (await office.facts(who)).promises}
        assert states == {one.id: PromiseState.TRACKED, two.id: PromiseState.KEPT}


async def test_a_dispute_stops_its_invoice_and_its_end_lets_the_ladder_go_on(
    tmp_path: Path, recording_smtp: RecordingSmtp
) -> None:
    async with room(tmp_path, recording_smtp) as office:
        who = await office.customer()
        first = await office.invoice(who, "INV-1")
        await office.go_live()
        await add_dispute(office.store, "INV-1", "damaged", words="two boxes wet", actor=ACTOR, now=office.now)
        await office.goes_on(days=21)
        assert recording_smtp.messages == []
        assert (await office.status(who, first)).status is Status.DISPUTED
        with pytest.raises(AgreementRefused, match="is disputed already"):
            await add_dispute(office.store, "INV-1", "price", words="", actor=ACTOR, now=office.now)
        await close_dispute(office.store, "C1", "ours", words="delivery note signed", actor=ACTOR, now=office.now)
        await office.goes_on()
        assert len(recording_smtp.messages) == 1
        (closed,) = await office.happened("dispute.closed")
        assert (closed.payload["outcome"], closed.payload["words"]) == ("ours", "delivery note signed")


async def test_a_dispute_read_from_a_mail_is_accepted_or_thrown_out(
    tmp_path: Path, recording_smtp: RecordingSmtp
) -> None:
    async with room(tmp_path, recording_smtp) as office:
        who = await office.customer()
        first = await office.invoice(who, "INV-1")
        draft = Dispute(
            id=DisputeId("disp_1"),
            customer_id=who.id,
            invoice_ids=(first.id,),
            reason="price",
            state=DisputeState.DRAFT,
            opened_at=office.now,
        )
        async with office.store.transaction() as tx:
            await agreements.save_dispute(tx, draft)
        accepted = await accept_dispute(office.store, "disp_1", actor=ACTOR, now=office.now)
        assert accepted.what.state is DisputeState.OPEN
        with pytest.raises(AgreementRefused, match="is open and cannot become open"):
            await accept_dispute(office.store, "disp_1", actor=ACTOR, now=office.now)
        with pytest.raises(AgreementRefused, match="theirs, ours"):
            await close_dispute(office.store, "disp_1", "won", words="", actor=ACTOR, now=office.now)
        await close_dispute(office.store, "disp_1", "theirs", words="", actor=ACTOR, now=office.now)
        with pytest.raises(AgreementRefused, match="no reason of a dispute"):
            await add_dispute(office.store, "C1", "grumpy", words="", actor=ACTOR, now=office.now)


async def test_an_invoice_number_may_be_typed_without_its_dashes_but_not_guessed(
    tmp_path: Path, recording_smtp: RecordingSmtp
) -> None:
    async with room(tmp_path, recording_smtp) as office:
        who = await office.customer()
        one, _ = await office.invoice(who, "INV-01"), await office.invoice(who, "INV-7")
        assert (await promise(office, "C1", "2026-03-06", invoice_numbers=("inv 1",))).invoice_ids == (one.id,)
        await office.invoice(who, "INV-001")
        assert (await promise(office, "C1", "2026-03-06", invoice_numbers=("INV-01",))).invoice_ids == (one.id,)
        with pytest.raises(NotTheirInvoice, match="write it in full"):
            await promise(office, "C1", "2026-03-06", invoice_numbers=("inv 1",))
