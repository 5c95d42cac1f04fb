"""The same acts on PostgreSQL: one customer from the first call to the hand-over."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from mailer.domain.agreement import PromiseState
from mailer.domain.invoice import InvoiceClosing
from mailer.flows.agree import NewPromise, add_dispute, add_promise, close_dispute, close_promise, confirm_promise
from mailer.flows.close_case import close_case
from mailer.flows.explain import explain
from mailer.flows.list_cases import list_cases
from mailer.flows.log_contact import ContactKind, Said, log_contact
from mailer.flows.overview import overview
from mailer.flows.place_hold import place_hold, release_holds
from mailer.flows.preview import preview
from mailer.flows.simulate import simulate_ledger
from tests.servers.smtp import RecordingSmtp
from tests.stories.by_hand_room import ACTOR, day, room


async def test_a_whole_case_by_hand(tmp_path: Path, recording_smtp: RecordingSmtp, postgres_url: str) -> None:
    async with room(tmp_path, recording_smtp, url=postgres_url) as office:
        who = await office.customer(policy="personal")
        await office.invoice(who, "INV-1")
        store, policies = office.store, office.policies
        foretold = await simulate_ledger(store, policies, now=office.now, days=30, tasks_done=False)
        assert [send.kind for send in foretold.sends] == ["mail", "mail", "call"]
        await office.go_live()
        for days in (0, 7, 7):
            await office.goes_on(days=days)
        what = Said(kind=ContactKind.CALL, words="will pay on Friday", outcome="spoken")
        assert len((await log_contact(store, "INV-1", what, actor=ACTOR, now=office.now)).done) == 1
        promised = NewPromise(due_on=day("2026-03-20"), words="on the phone")
        await add_promise(store, policies, "C1", promised, actor=ACTOR, now=office.now)
        await confirm_promise(store, "C1", actor=ACTOR, now=office.now)
        await close_promise(store, "C1", PromiseState.WITHDRAWN, words="", actor=ACTOR, now=office.now)
        await add_dispute(store, "INV-1", "price", words="", actor=ACTOR, now=office.now)
        await close_dispute(store, "INV-1", "ours", words="", actor=ACTOR, now=office.now)
        await place_hold(store, "INV-1", reason="credit note", actor=ACTOR, now=office.now)
        (story,) = (await explain(store, policies, "INV-1", max_data_age_hours=24, now=office.now)).invoices
        assert [reason.code for reason in story.against] == ["on_hold", "gap"]
        await release_holds(store, "INV-1", actor=ACTOR, now=office.now)
        seen = await preview(store, policies, office.desk, "Ada", max_data_age_hours=24, now=office.now)
        assert seen.on == day("2026-03-23")
        office.now += timedelta(days=5)
        page = await overview(store, policies, mailbox="m", folders=("INBOX",), max_data_age_hours=24, now=office.now)
        assert (page.need_counts, [send.step_id for send in page.next_sends]) == ({"ledger": 1}, ["firm"])
        lines, many = await list_cases(
            store, policies, running_only=True, limit=5, max_data_age_hours=24, now=office.now
        )
        assert (many, lines[0].overdue) == (1, 1)
        handed_over = InvoiceClosing.HANDED_OVER
        await close_case(store, "C1", handed_over, reason="to the agency", actor=ACTOR, now=office.now)
        await office.goes_on(days=7)
        assert len(recording_smtp.messages) == 2
