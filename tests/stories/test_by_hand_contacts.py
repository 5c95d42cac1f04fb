"""What a credit controller logs: nothing is lost, and the ladder knows of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailer.domain.case import StepHow
from mailer.flows.by_hand import NotTheirInvoice
from mailer.flows.find_customer import NotOneCustomer
from mailer.flows.log_contact import ContactKind, ContactRefused, Said, log_contact
from mailer.store import contacts, events
from tests.servers.smtp import RecordingSmtp
from tests.stories.by_hand_room import ACTOR, Room, day, room


def call(words: str = "Will look into it", **more: object) -> Said:
    return Said(kind=ContactKind.CALL, words=words, **more)  # type: ignore[arg-type]


async def to_the_call(office: Room) -> None:
    """Two mails go out, then the policy asks for a call."""
    await office.go_live()
    await office.goes_on()
    await office.goes_on(days=7)
    await office.goes_on(days=7)


async def test_a_call_does_its_task_and_the_ladder_goes_on_after_the_gap(
    tmp_path: Path, recording_smtp: RecordingSmtp
) -> None:
    async with room(tmp_path, recording_smtp, vip="personal") as office:
        who = await office.customer(policy="personal")
        await office.invoice(who, "INV-1")
        await to_the_call(office)
        assert [t.kind.value for t in (await office.facts(who)).tasks] == ["call"]
        await office.goes_on(days=14)
        assert len(recording_smtp.messages) == 2, "the ladder waits for the person"

        logged = await log_contact(office.store, "INV-1", call(outcome="spoken"), actor=ACTOR, now=office.now)

        assert [task.step_id for task in logged.done] == ["call"]
        facts = await office.facts(who)
        assert facts.tasks == ()
        assert [s.how for s in facts.steps if s.step_id == "call"] == [StepHow.BY_HAND]
        done = await office.happened("call.logged", "task.done")
        assert [(e.type, e.actor) for e in done] == [("call.logged", ACTOR), ("task.done", ACTOR)]
        assert done[0].payload["words"] == "Will look into it"
        assert done[0].refs["contact"] == done[1].refs["contact"] == logged.contact.id
        await office.goes_on(days=4)
        assert len(recording_smtp.messages) == 2, "they heard from us four days ago"
        await office.goes_on(days=3)
        assert len(recording_smtp.messages) == 3


async def test_nobody_answering_does_the_task_too_and_is_kept(tmp_path: Path, recording_smtp: RecordingSmtp) -> None:
    async with room(tmp_path, recording_smtp) as office:
        who = await office.customer(policy="personal")
        await office.invoice(who, "INV-1")
        await to_the_call(office)
        what = call("rang twice", outcome="no_answer")
        logged = await log_contact(office.store, who.ref, what, actor=ACTOR, now=office.now)
        assert len(logged.done) == 1
        async with office.store.reading() as tx:
            (kept,) = await contacts.of_customers(tx, [who.id])
            assert await events.payload(tx, kept.payload_id) == b"no answer: rang twice"


@pytest.mark.parametrize(
    ("what", "why"),
    [
        (Said(kind=ContactKind.NOTE, words="prefers mail"), "a note is no call"),
        (Said(kind=ContactKind.LETTER, words="posted"), "a letter is no call"),
        (Said(kind=ContactKind.MEETING, words="met at the fair"), "a meeting is no call"),
        (call(invoice_numbers=("INV-2",)), "it was about another invoice"),
        (call(on=day("2026-03-10")), "it was before the task was given"),
    ],
)
async def test_what_does_not_do_the_call(tmp_path: Path, recording_smtp: RecordingSmtp, what: Said, why: str) -> None:
    async with room(tmp_path, recording_smtp) as office:
        who = await office.customer(policy="personal")
        await office.invoice(who, "INV-1")
        await office.invoice(who, "INV-2", days_overdue=-60)
        await to_the_call(office)
        logged = await log_contact(office.store, who.ref, what, actor=ACTOR, now=office.now)
        assert logged.done == (), why
        assert len((await office.facts(who)).tasks) == 1, why


async def test_a_call_of_the_day_before_counts_from_that_day(tmp_path: Path, recording_smtp: RecordingSmtp) -> None:
    async with room(tmp_path, recording_smtp) as office:
        who = await office.customer()
        await office.invoice(who, "INV-1")
        await office.go_live()
        await log_contact(office.store, who.ref, call(on=day("2026-02-25")), actor=ACTOR, now=office.now)
        await office.goes_on()
        assert len(recording_smtp.messages) == 1, "Wednesday's call is five days ago"
        await log_contact(office.store, who.ref, call(on=day("2026-03-02")), actor=ACTOR, now=office.now)
        assert (await office.facts(who)).last_contact_at == office.now


async def test_a_note_does_not_count_as_speaking_with_them(tmp_path: Path, recording_smtp: RecordingSmtp) -> None:
    async with room(tmp_path, recording_smtp) as office:
        who = await office.customer()
        await office.invoice(who, "INV-1")
        await office.go_live()
        note = Said(kind=ContactKind.NOTE, words="pays at month's end")
        await log_contact(office.store, "INV-1", note, actor=ACTOR, now=office.now)
        await office.goes_on()
        assert len(recording_smtp.messages) == 1


async def test_what_cannot_be_right_is_refused_and_nothing_is_written(
    tmp_path: Path, recording_smtp: RecordingSmtp
) -> None:
    async with room(tmp_path, recording_smtp) as office:
        who = await office.customer()
        other = await office.customer("C2", "Ada Holding")
        await office.invoice(who, "INV-1")
        await office.invoice(other, "INV-9")
        refused = [
            ("C1", call(" "), ContactRefused, "needs words"),
            ("C1", call(on=day("2026-03-03")), ContactRefused, "still to come"),
            ("C1", call(invoice_numbers=("INV-9",)), NotTheirInvoice, "duly case show C1"),
            ("Ada", call(), NotOneCustomer, r"Ada Holding \(C2\)"),
            ("Bob", call(), NotOneCustomer, "duly customers list"),
        ]
        for said, what, error, hint in refused:
            with pytest.raises(error, match=hint):
                await log_contact(office.store, said, what, actor=ACTOR, now=office.now)
        async with office.store.reading() as tx:
            assert await contacts.of_customers(tx, [who.id, other.id]) == []
            assert await events.count(tx) == 0
