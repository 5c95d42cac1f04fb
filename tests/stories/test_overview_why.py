"""`duly case why` and `duly preview`: the whole reason, and the very mail."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

from mailer.domain.agreement import Hold, HoldKind
from mailer.domain.ids import HoldId, MailId
from mailer.domain.status import Status
from mailer.flows.agree import NewPromise, add_promise
from mailer.flows.explain import Explanation, explain
from mailer.flows.place_hold import place_hold
from mailer.flows.preview import Preview, preview, send_copies
from mailer.store import agreements, events, inbox
from mailer.store.inbox import StoredMail
from tests.servers.smtp import RecordingSmtp
from tests.stories.by_hand_room import ACTOR, Room, day, room


async def why(office: Room, said: str) -> Explanation:
    return await explain(office.store, office.policies, said, max_data_age_hours=24, now=office.now)


async def next_mail(office: Room, said: str) -> Preview:
    return await preview(office.store, office.policies, office.desk, said, max_data_age_hours=24, now=office.now)


async def test_everything_that_stands_against_a_rung_is_named_not_only_the_first(
    tmp_path: Path, recording_smtp: RecordingSmtp
) -> None:
    async with room(tmp_path, recording_smtp, vip="personal") as office:
        who = await office.customer(email="")
        await office.invoice(who, "INV-1", days_overdue=3)
        new = NewPromise(due_on=day("2026-03-06"))
        await add_promise(office.store, office.policies, "C1", new, actor=ACTOR, now=office.now)
        await place_hold(office.store, "INV-1", reason="credit note", actor=ACTOR, now=office.now)
        office.now += timedelta(days=1, hours=9)
        found = await why(office, "INV-1")
        (story,) = found.invoices
        codes = [reason.code for reason in story.against]
        assert codes == ["paused", "stale_data", "promised", "on_hold", "no_address", "window"]
        assert story.is_due
        assert story.turn is not None
        assert (story.turn.step.id, story.turn.due_since) == ("friendly", day("2026-02-28"))
        assert (story.status.status, [r.step.id for r in story.later][-1]) == (Status.PROMISED, "final_notice")
        assert (found.policy_from, found.policy.name) == ("the default", "standard")
        assert (len(found.holds), len(found.promises), found.disputes) == (1, 1, ())


async def test_what_was_said_when_and_what_comes_next(tmp_path: Path, recording_smtp: RecordingSmtp) -> None:
    async with room(tmp_path, recording_smtp) as office:
        who = await office.customer()
        await office.invoice(who, "INV-1", days_overdue=9)
        await office.invoice(who, "INV-2", days_overdue=1)
        await office.go_live()
        await office.goes_on()
        both = await why(office, "C1")
        assert [story.invoice.number for story in both.invoices] == ["INV-1", "INV-2"]
        found = await why(office, "INV-1")
        (story,) = found.invoices
        assert [(done.step_id, done.how.value) for done in story.done] == [
            ("upcoming", "skipped"),
            ("friendly", "sent"),
        ]
        assert story.next is not None
        assert (story.next.step_id, story.next.on) == ("second", day("2026-03-09"))
        assert [reason.code for reason in story.against] == ["gap"]


async def test_the_mail_behind_a_hold_and_the_tag_behind_a_policy_are_shown(
    tmp_path: Path, recording_smtp: RecordingSmtp
) -> None:
    async with room(tmp_path, recording_smtp, vip="personal") as office:
        who = await office.customer(tags=("vip",))  # type: ignore[arg-type]
        first = await office.invoice(who, "INV-1")
        mail = StoredMail(
            id=MailId("mail_1"), mailbox="m", folder="INBOX", uidvalidity=1, uid=1, sha256="00", size=1, payload_id="",
            fetched_at=office.now, internal_at=None, history=False, subject="Re: Invoice INV-1",
        )  # fmt: skip
        hold = Hold(
            id=HoldId("hold_1"), customer_id=who.id, invoice_ids=(first.id,), kind=HoldKind.REPLY, reason="replied",
            placed_at=office.now, mail_id=mail.id,
        )  # fmt: skip
        async with office.store.transaction() as tx:
            await inbox.add(tx, [mail])
            await agreements.add_hold(tx, hold)
        found = await why(office, "INV-1")
        assert (found.policy.name, found.policy_from) == ("personal", "assigned to the tag 'vip'")
        assert found.mails[mail.id].subject == "Re: Invoice INV-1"


async def test_the_preview_is_the_mail_that_then_goes_out(tmp_path: Path, recording_smtp: RecordingSmtp) -> None:
    async with room(tmp_path, recording_smtp) as office:
        who = await office.customer()
        await office.invoice(who, "INV-1", days_overdue=4)
        seen = await next_mail(office, "C1")
        assert seen.content is not None
        assert (seen.on, seen.outbox_id) == (day("2026-03-02"), None)
        assert "Duly is paused" in " ".join(seen.reasons)
        async with office.store.reading() as tx:
            assert await events.count(tx) == 0
        await office.go_live()
        await office.goes_on()
        (sent,) = recording_smtp.messages
        shown, real = (message_from_bytes(raw, policy=policy.default) for raw in (seen.content, sent.raw))
        for header in ("From", "To", "Subject", "Date", "Auto-Submitted"):
            assert shown[header] == real[header]
        assert shown["Message-ID"] != real["Message-ID"], "the preview's id is never used"
        bodies = [str(mail.get_body(("plain",))) for mail in (shown, real)]
        assert bodies[0] == bodies[1]


async def test_the_preview_looks_ahead_and_says_why_there_is_none(
    tmp_path: Path, recording_smtp: RecordingSmtp
) -> None:
    async with room(tmp_path, recording_smtp) as office:
        who = await office.customer()
        await office.invoice(who, "INV-1", days_overdue=-20)
        await office.go_live()
        seen = await next_mail(office, "C1")
        assert seen.on == day("2026-03-16"), "seven days before due is a Sunday"
        assert seen.reasons == ("INV-1: next is 'upcoming' on 2026-03-16: 7 days before due",)
        await place_hold(office.store, "C1", reason="friend of the boss", actor=ACTOR, now=office.now)
        seen = await next_mail(office, "C1")
        assert (seen.on, seen.content) == (None, None)
        assert "On hold (manual)" in seen.reasons[0]


async def test_a_mail_in_the_outbox_is_shown_byte_for_byte(tmp_path: Path, recording_smtp: RecordingSmtp) -> None:
    async with room(tmp_path, recording_smtp) as office:
        who = await office.customer()
        await office.invoice(who, "INV-1")
        await office.go_live()
        recording_smtp.data_reply = "451 4.3.0 try later"
        await office.goes_on()
        seen = await next_mail(office, "C1")
        recording_smtp.data_reply = None
        office.now += timedelta(hours=1)
        await office.goes_on()
        assert seen.outbox_id is not None
        assert seen.content == recording_smtp.messages[0].raw
        assert "451 4.3.0 try later" in seen.reasons[1]


async def test_copies_to_oneself_claim_nothing_and_reach_no_customer(
    tmp_path: Path, recording_smtp: RecordingSmtp
) -> None:
    async with room(tmp_path, recording_smtp) as office:
        await office.invoice(await office.customer("C1"), "INV-1", days_overdue=4)
        await office.invoice(await office.customer("C2", "Bob Ltd"), "INV-2", days_overdue=-30)
        await office.invoice(await office.customer("C3", "Eve Ltd", policy="nice"), "INV-3")
        channel = office.channel
        copies, problems = await send_copies(
            office.store, office.policies, office.desk, channel, to="me@seller.test", actor=ACTOR, now=office.now
        )
        await channel.close()
        (got,) = recording_smtp.messages
        assert got.recipients == ("me@seller.test",)
        mail = message_from_bytes(got.raw, policy=policy.default)
        assert "COPY for Ada Ltd" in mail["Subject"]
        assert "+d" not in mail["Reply-To"], "a copy carries no token that could act for the customer"
        assert [(copy.customer.ref, copy.accepted) for copy in copies] == [("C1", True)]
        assert "Eve Ltd (C3)" in problems[0]
        (told,) = await office.happened()
        assert (told.type, told.actor, told.payload["to"]) == ("copies.sent", ACTOR, "me@seller.test")
        await office.go_live()
        office.policies = office.policies.__class__(
            by_name={**office.policies.by_name, "nice": office.policies.by_name["standard"]},
            assignments={},
            default="standard",
        )
        await office.goes_on()
        assert len(recording_smtp.messages) == 3, "the real mails still go out"
