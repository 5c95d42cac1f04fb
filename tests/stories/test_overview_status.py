"""What `duly status` must not miss: everything that waits for a person, and what goes out next."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from mailer.domain.agreement import Dispute, DisputeState, Hold, HoldKind
from mailer.domain.customer import Customer
from mailer.domain.ids import DisputeId, HoldId, MailId
from mailer.flows.overview import Overview, overview
from mailer.flows.trouble import note_trouble
from mailer.rendering.renderer import Renderer
from mailer.store import agreements, folders, inbox
from mailer.store.folders import Cursor
from mailer.store.inbox import StoredMail
from tests.servers.smtp import Fault, RecordingSmtp
from tests.stories.by_hand_room import Room, day, room


async def look(office: Room, limit: int = 20) -> Overview:
    return await overview(
        office.store,
        office.policies,
        mailbox="ap@mail.test",
        folders=("INBOX", "Junk"),
        max_data_age_hours=24,
        now=office.now,
        limit=limit,
    )


def kinds(page: Overview) -> list[tuple[str, str]]:
    return [(need.kind, need.ref) for need in page.needs]


async def test_a_fresh_house_is_paused_and_says_what_is_missing(tmp_path: Path, recording_smtp: RecordingSmtp) -> None:
    async with room(tmp_path, recording_smtp) as office:
        page = await look(office)
        assert (page.live, page.ledger.as_of, page.ledger.is_stale) == (False, None, True)
        assert page.polled == {"INBOX": None, "Junk": None}
        assert (page.needs, page.next_sends) == ((), ())


async def test_what_goes_out_tomorrow_is_foretold_although_paused_and_old_balances_are_a_need(
    tmp_path: Path, recording_smtp: RecordingSmtp
) -> None:
    async with room(tmp_path, recording_smtp) as office:
        who = await office.customer()
        await office.invoice(who, "INV-1", days_overdue=8)
        await office.invoice(who, "INV-2", days_overdue=0)
        await office.customer("C9", "Nothing Owed Ltd")
        office.now += timedelta(days=4, hours=9)  # Friday, 19:00: closed until Monday
        page = await look(office)
        assert [(f"{s.on:%a %H}", s.kind, s.step_id, s.invoices) for s in page.next_sends] == [
            ("Mon 00", "mail", "friendly", ("INV-1", "INV-2"))
        ]
        assert f"{page.next_sends[0].at:%H:%M}" == "09:00"
        assert kinds(page) == [("ledger", "")]
        assert "duly invoices import" in page.needs[0].todo
        assert (page.ledger.invoices, page.ledger.open_invoices, page.ledger.customers_in_motion) == (2, 2, 1)


def _mail(office: Room, who: Customer) -> StoredMail:
    return StoredMail(
        id=MailId("mail_1"),
        mailbox="ap@mail.test",
        folder="INBOX",
        uidvalidity=1,
        uid=7,
        sha256="00",
        size=10,
        payload_id="mail_1",
        fetched_at=office.now,
        internal_at=None,
        history=False,
        customer_id=who.id,
        from_email="ap@c1.test",
        why="says something about a lawyer",
        needs_person=True,
    )


async def _trouble_everywhere(office: Room, who: Customer) -> None:
    """A mail of theirs and one of nobody; the hold it caused is past its deadline, the dispute it drafted waits."""
    first, mail = await office.invoice(who, "INV-1", days_overdue=3), _mail(office, who)
    hold = Hold(
        id=HoldId("hold_1"),
        customer_id=who.id,
        invoice_ids=(first.id,),
        kind=HoldKind.REPLY,
        reason="a human replied",
        placed_at=office.now - timedelta(days=8),
        deadline_on=office.now.date(),
        mail_id=mail.id,
    )
    dispute = Dispute(
        id=DisputeId("disp_1"),
        customer_id=who.id,
        invoice_ids=(first.id,),
        reason="price",
        state=DisputeState.DRAFT,
        opened_at=office.now,
        mail_id=mail.id,
    )
    async with office.store.transaction() as tx:
        await inbox.add(tx, [mail, replace(mail, id=MailId("mail_2"), uid=8, customer_id=None, why="whose is it?")])
        await folders.put_cursor(
            tx, Cursor(mailbox="ap@mail.test", folder="INBOX", uidvalidity=1, last_uid=8, polled_at=office.now)
        )
        await agreements.add_hold(tx, hold)
        await agreements.save_dispute(tx, dispute)


async def test_everything_that_waits_for_a_person_is_listed_the_most_pressing_first(
    tmp_path: Path, recording_smtp: RecordingSmtp
) -> None:
    async with room(tmp_path, recording_smtp) as office:
        await _trouble_everywhere(office, await office.customer("C1"))
        await office.invoice(await office.customer("C2", policy="nice"), "INV-2")
        await office.invoice(await office.customer("C3", email=""), "INV-3")
        await note_trouble(office.store, job="poll", trouble="LoginRefused: wrong password", now=office.now)
        page = await look(office)
        assert kinds(page) == [
            ("trouble", ""),
            ("mail", ""),
            ("mail", "C1"),
            ("hold", "C1"),
            ("dispute", "C1"),
            ("policy", "C2"),
            ("no_address", "C3"),
        ]
        assert all("duly " in need.todo or need.kind == "policy" for need in page.needs)
        assert page.polled == {"INBOX": office.now, "Junk": None}
        assert (page.mails, page.mails_waiting, page.mails_of_nobody) == (2, 2, 1)
        assert page.need_counts == {
            "trouble": 1, "mail": 2, "hold": 1, "dispute": 1, "policy": 1, "no_address": 1
        }  # fmt: skip


async def test_a_refused_address_a_lost_link_and_a_call_to_make_are_listed(
    tmp_path: Path, recording_smtp: RecordingSmtp
) -> None:
    async with room(tmp_path, recording_smtp) as office:
        gone = await office.customer("C1", "Gone Ltd")
        await office.invoice(gone, "INV-1")
        recording_smtp.answers[gone.email] = "550 5.1.1 no such user"
        await office.go_live()
        await office.goes_on()
        recording_smtp.fault = Fault.AFTER_DOT_LOST
        await office.invoice(await office.customer("C2", "Lost Link Ltd"), "INV-2")
        await office.goes_on()
        recording_smtp.fault = None
        await office.invoice(await office.customer("C3", "Call Ltd", policy="personal"), "INV-3")
        for _ in range(3):
            await office.goes_on(days=7)
        page = await look(office)
        assert kinds(page) == [("unknown", "C2"), ("address", "C1"), ("task", "C3")]
        unknown, address, task = page.needs
        assert "duly outbox resolve out_" in unknown.todo
        assert "duly invoices release hold_" in address.todo
        assert "no such user" in address.what
        assert "duly call add C3" in task.todo


async def test_a_broken_template_is_listed_until_the_mail_could_be_written(
    tmp_path: Path, recording_smtp: RecordingSmtp
) -> None:
    async with room(tmp_path, recording_smtp) as office:
        await office.invoice(await office.customer(), "INV-1")
        await office.go_live()
        broken = tmp_path / "templates" / "reminders" / "friendly" / "en"
        broken.mkdir(parents=True)
        (broken / "subject.txt").write_text("{{ nonsense }}")
        good = office.desk
        office.desk = replace(good, renderer=Renderer(tmp_path / "templates"))
        await office.goes_on()
        page = await look(office)
        assert kinds(page) == [("not_written", "C1")]
        assert "nonsense" in page.needs[0].what
        office.desk = good
        await office.goes_on()
        assert len(recording_smtp.messages) == 1
        assert kinds(await look(office)) == []


async def test_a_ladder_that_has_ended_asks_for_a_decision_but_not_while_it_is_paused(
    tmp_path: Path, recording_smtp: RecordingSmtp
) -> None:
    async with room(tmp_path, recording_smtp) as office:
        who = await office.customer()
        first = await office.invoice(who, "INV-1")
        await office.go_live()
        for _ in range(6):
            await office.goes_on(days=14)
        assert len(recording_smtp.messages) == 5
        (need,) = (await look(office)).needs
        assert (need.kind, need.ref) == ("ended", "C1")
        assert "duly case close C1" in need.todo
        hold = Hold(
            id=HoldId("hold_1"),
            customer_id=who.id,
            invoice_ids=(first.id,),
            kind=HoldKind.MANUAL,
            reason="lawyer looks at it",
            placed_at=office.now,
        )
        async with office.store.transaction() as tx:
            await agreements.add_hold(tx, hold)
        assert (await look(office)).needs == ()


async def test_long_lists_are_cut_and_counted(tmp_path: Path, recording_smtp: RecordingSmtp) -> None:
    async with room(tmp_path, recording_smtp) as office:
        for number in range(5):
            who = await office.customer(f"C{number}", f"Customer {number}")
            await office.invoice(who, f"INV-{number}")
            mute = await office.customer(f"M{number}", f"Mute {number}", email="")
            await office.invoice(mute, f"MUTE-{number}")
        page = await look(office, limit=2)
        assert (len(page.next_sends), page.next_sends_count) == (2, 5)
        assert (len(page.needs), page.need_counts["no_address"]) == (2, 5)
        assert page.next_sends[0].on == day("2026-03-02"), "the window is open: they go out today"
