"""Who gets which reminder when, and who gets none."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

from mailer.domain.status import Status
from mailer.flows.plan_reminders import tick
from mailer.flows.send_message import drain
from mailer.flows.switch_mode import switch_mode
from tests.stories.world import SELLER, World

DUE = date(2026, 9, 4)


async def test_the_ladder_is_climbed_one_rung_at_a_time_and_never_faster_than_the_gap(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await world.round()
    await world.pass_days(40)
    assert await world.said("INV-1") == ["friendly", "second", "firm", "hold_notice", "final_notice"]
    days = [mail["Date"].datetime.date() for mail in world.mails]
    assert all(later - earlier >= timedelta(days=5) for earlier, later in itertools.pairwise(days))
    assert all(day.weekday() < 5 for day in days)


async def test_each_mail_is_addressed_threaded_and_marked_as_automatic(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await world.round()
    await world.pass_days(7)
    first, second = world.mails
    assert first["To"].addresses[0].addr_spec == "ap@alder.example"
    assert first["Reply-To"].addresses[0].addr_spec.startswith("accounts+")
    assert first["Auto-Submitted"] == "auto-generated"
    assert str(second["References"]).split()[0] == second["Message-ID"]
    assert second["In-Reply-To"] == first["Message-ID"]
    assert SELLER in str(first["From"])


async def test_the_customers_language_is_used(world: World) -> None:
    await world.owe("RE-1", due=DUE, language="de")
    await world.round()
    assert "Rechnung" in world.mails[0]["Subject"]


async def test_paid_before_sending_cancels_and_says_nothing(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await tick(world.app.planner())
    await world.pay("INV-1")
    await world.round()
    assert world.mails == []
    assert [e.payload["code"] for e in await world.events("reminder.cancelled")] == ["balance_changed"]
    assert await world.status("INV-1") is Status.PAID


async def test_part_paid_before_sending_is_planned_anew_with_the_right_balance(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await tick(world.app.planner())
    await world.pay("INV-1", left="123.45")
    await world.round()
    await world.round()
    assert len(world.mails) == 1
    assert "123.45" in world.mails[0].as_string()
    assert await world.said("INV-1") == ["friendly"]


async def test_a_new_invoice_joins_a_customer_who_is_being_chased_with_its_own_first_rung(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await world.round()
    await world.pass_days(7)
    await world.owe("INV-2", due=date(2026, 9, 15))
    await world.pass_days(10)
    assert await world.said("INV-1") == ["friendly", "second", "firm"]
    assert (await world.said("INV-2"))[:1] == ["friendly"]
    assert len(world.mails) == 3
    assert all(number in world.mails[-1].as_string() for number in ("INV-1", "INV-2"))  # one mail names both


async def test_a_first_import_of_invoices_90_days_late_starts_gently_with_one_mail(world: World) -> None:
    for number in ("INV-1", "INV-2", "INV-3"):
        await world.owe(number, due=date(2026, 6, 9))
    await world.round()
    await world.pass_days(3)
    assert len(world.mails) == 1
    assert [await world.said(n) for n in ("INV-1", "INV-2", "INV-3")] == [["friendly"]] * 3
    assert "folded" in await world.codes()
    skipped = [event.payload["step"] for event in await world.events("reminder.skipped")]
    assert skipped == ["upcoming"] * 3


async def test_an_outage_of_weeks_is_followed_by_one_mail_at_the_next_rung(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await world.round()
    world.clock.at += timedelta(days=28)
    await world.import_ledger()
    await world.round()
    await world.round()
    assert await world.said("INV-1") == ["friendly", "second"]


async def test_two_imports_of_one_file_and_two_ticks_make_one_mail(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await world.import_ledger()
    await tick(world.app.planner())
    await tick(world.app.planner())
    await world.round()
    await world.round()
    assert len(world.mails) == 1


async def test_nothing_goes_out_while_paused_at_night_or_on_old_balances(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await switch_mode(world.app.store, live=False, actor="person:test", reason="", now=world.clock())
    await world.round()
    await switch_mode(world.app.store, live=True, actor="person:test", reason="", now=world.clock())
    world.clock.at += timedelta(hours=14)
    await world.round()
    world.clock.at += timedelta(days=4, hours=10)
    await world.round()
    assert world.mails == []
    assert {"paused", "window", "stale_data"} <= set(await world.codes())


async def test_a_refusal_for_now_is_tried_again_later_and_sent_once(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    world.smtp.answers["ap@alder.example"] = "451 4.7.1 greylisted"
    await world.round()
    assert world.mails == []
    world.smtp.answers.clear()
    await drain(world.app.sender(channel := world.app.channel()))
    await channel.close()
    assert world.mails == []
    world.clock.at += timedelta(minutes=20)
    await world.round()
    assert len(world.mails) == 1
