"""What a customer answers, and what we then do and do not send."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from mailer.domain.agreement import HoldKind, PromiseState
from mailer.domain.status import Status
from mailer.flows.plan_reminders import tick
from mailer.flows.read_reply import read_stored
from mailer.flows.receive_mail import poll
from tests.stories.world import World

DUE = date(2026, 9, 4)  # the Friday before


async def test_a_promise_pauses_and_its_break_continues_at_the_next_rung(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await world.round()
    assert await world.said("INV-1") == ["friendly"]
    world.reply(world.mails[0], "Hi,\n\nWe will pay this invoice on Friday 18 September 2026.\n\nBest\nTom")
    await world.round()
    assert await world.status("INV-1") is Status.PROMISED
    await world.pass_days(15)  # to Tuesday the 22nd, the last day of grace
    assert await world.said("INV-1") == ["friendly"]
    await world.pass_days(2)
    facts = await world.facts("INV-1")
    assert [p.state for p in facts.promises] == [PromiseState.BROKEN]
    assert await world.said("INV-1") == ["friendly", "second"]
    assert "promised" not in world.mails[-1].as_string()  # nobody confirmed it, so nobody is told it was broken


async def test_a_promise_kept_ends_the_case_without_another_mail(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await world.round()
    world.reply(world.mails[0], "We will pay on 11 September 2026.")
    await world.round()
    await world.pass_days(3)
    await world.pay("INV-1")
    await world.pass_days(20)
    facts = await world.facts("INV-1")
    assert [p.state for p in facts.promises] == [PromiseState.KEPT]
    assert len(world.mails) == 1
    assert [e.payload["outcome"] for e in await world.events("case.closed")] == ["paid"]


async def test_a_dispute_stops_its_invoice(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await world.round()
    world.reply(world.mails[0], "We dispute this invoice. The goods arrived damaged and we will not pay for them.")
    await world.round()
    assert await world.status("INV-1") is Status.DISPUTED
    await world.pass_days(30)
    assert len(world.mails) == 1
    assert "disputed" in await world.codes()


async def test_already_paid_holds_until_the_ledger_or_a_person_says_so(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await world.round()
    world.reply(world.mails[0], "This was already paid on 2 September by bank transfer.")
    await world.round()
    assert await world.status("INV-1") is Status.CLAIMED_PAID
    facts = await world.facts("INV-1")
    assert facts.invoices[0].open.minor == 50000  # a mail never marks money as paid
    await world.pass_days(14)
    assert len(world.mails) == 1
    assert await world.waiting() == 1
    await world.pay("INV-1")
    await world.round()
    assert await world.status("INV-1") is Status.PAID
    assert await world.waiting() == 0  # the ledger has answered the question


async def test_out_of_office_postpones_and_then_the_ladder_goes_on(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await world.round()
    world.reply(
        world.mails[0],
        "I am out of the office until 28 September 2026 and will answer on my return.",
        Subject="Automatic reply: away",
        Auto_Submitted="auto-replied",
    )
    await world.round()
    assert await world.status("INV-1") is Status.ON_HOLD
    await world.pass_days(20)  # Sunday the 27th
    assert await world.said("INV-1") == ["friendly"]
    await world.pass_days(3)
    assert await world.said("INV-1") == ["friendly", "second"]


async def test_a_holds_deadline_alarms_and_does_not_resume(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await world.round()
    world.reply(world.mails[0], "Hmm, let me have a look at this with my colleague, it is a bit of a story.")
    await world.round()
    assert [h.kind for h in (await world.facts("INV-1")).holds] == [HoldKind.REPLY]
    await world.pass_days(30)
    assert len(world.mails) == 1
    assert len(await world.events("hold.deadline_passed")) == 1


async def test_a_reply_to_an_older_reminder_finds_its_invoices(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await world.round()
    await world.pass_days(7)
    assert len(world.mails) == 2
    world.reply(
        world.mails[0], "We will pay on 2 October 2026.", sender="boss@alder.example", To="accounts@brightwater.example"
    )
    await world.round()
    matched = (await world.events("mail.matched"))[-1]
    assert matched.payload["method"] == "message_id"
    # a colleague at the same domain, not a known contact: held for a person, not tracked
    assert await world.status("INV-1") is Status.ON_HOLD


async def test_mail_nobody_can_match_waits_in_the_queue_and_changes_nothing(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await world.round()
    world.reply(None, "We have a wonderful offer for you.", sender="x@stranger.example", Subject="Wow")
    await world.round()
    assert len(await world.events("mail.unmatched")) == 1
    await world.pass_days(7)
    assert await world.said("INV-1") == ["friendly", "second"]


async def test_a_stranger_with_our_token_holds_for_five_business_days_once(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await world.round()
    world.reply(world.mails[0], "We will pay on 30 September 2026.", sender="x@stranger.example")
    await world.round()
    facts = await world.facts("INV-1")
    assert facts.promises == ()  # a stranger promises nothing
    assert facts.running_hold(facts.invoices[0].id, world.today(facts)) is not None


async def test_a_hard_bounce_suppresses_the_address_and_asks_a_person(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    world.smtp.answers["ap@alder.example"] = "550 5.1.1 no such user"
    await world.round()
    assert world.mails == []
    facts = await world.facts("INV-1")
    assert facts.suppressed[0][0] == "ap@alder.example"
    assert [h.kind for h in facts.holds] == [HoldKind.BOUNCE]
    await world.pass_days(10)
    assert world.mails == []


async def test_history_is_stored_and_matched_but_never_reacted_to(world: World) -> None:
    await world.owe("INV-1", due=date(2026, 9, 30))
    world.reply(None, "We dispute invoice INV-1, it is wrong.", folder="Dunning", Subject="INV-1")
    intake = replace(world.app.intake(), folders=("Dunning",))
    assert (await poll(intake)).fetched == 0  # the first contact starts at the folder's end
    assert (await poll(intake, since=date(2026, 1, 1))).fetched == 1
    await read_stored(world.app.reader())
    facts = await world.facts("INV-1")
    assert len(await world.events("mail.matched")) == 1
    assert (facts.holds, facts.disputes) == ((), ())
    assert (await poll(intake, since=date(2026, 1, 1))).fetched == 0


async def test_a_stranger_who_names_an_invoice_waits_in_the_queue_and_holds_it_for_a_while(world: World) -> None:
    await world.owe("INV-4711", due=DUE)
    await world.round()
    world.reply(None, "About invoice INV-4711: please call me.", sender="x@stranger.example", Subject="Invoice")
    await world.round()
    assert len(await world.events("mail.unmatched")) == 1
    assert await world.status("INV-4711") is Status.ON_HOLD
    await world.pass_days(7)
    assert await world.said("INV-4711") == ["friendly"]
    await world.pass_days(1)
    assert await world.said("INV-4711") == ["friendly", "second"]


async def test_a_reply_that_comes_while_a_reminder_waits_to_leave_stops_it(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await world.round()
    world.clock.at += timedelta(days=9)
    await world.import_ledger()
    await tick(world.app.planner())  # the second reminder is written and waits
    world.reply(world.mails[0], "We dispute this invoice: the quantity is wrong.")
    await world.round()
    assert len(world.mails) == 1
    assert [e.payload["code"] for e in await world.events("reminder.cancelled")] == ["disputed"]


async def test_a_german_date_before_a_full_stop_is_a_promise(world: World) -> None:
    await world.owe("RE-1", due=DUE, language="de")
    await world.round()
    world.reply(world.mails[0], "Guten Tag,\n\ndie Zahlung erfolgt am 18.09.2026.\n\nMit freundlichen Grüßen\nT. Alder")
    await world.round()
    assert [p.due_on for p in (await world.facts("RE-1")).promises] == [date(2026, 9, 18)]
