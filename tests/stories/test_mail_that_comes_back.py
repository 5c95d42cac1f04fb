"""Bounces, complaints and refusals for what we are: what follows, and who is never blamed."""

from __future__ import annotations

from datetime import date
from email.message import EmailMessage

from mailer.domain.agreement import HoldKind
from mailer.flows.delivery_needs import needs_of_delivery
from tests.core.replies.failures import report_fields
from tests.stories.world import SELLER, World

DUE = date(2026, 9, 4)
SPAMHAUS = "554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using zen.spamhaus.org"


def report(
    world: World, of: EmailMessage | None, fields: str, *, kind: str = "delivery-status", text: str = ""
) -> None:
    """Let a mail system report; `of` None: it gives nothing back."""
    number = len(world.dovecot.log) + hash(fields + str(world.clock())) % 10**9
    given_back = f"Message-ID: {of['Message-ID']}\nX-Duly-Message: {of['X-Duly-Message']}\n" if of is not None else ""
    part = "message/feedback-report" if kind == "feedback-report" else "message/delivery-status"
    raw = (
        f"Return-Path: <>\nFrom: MAILER-DAEMON@mx.alder.example\nTo: {SELLER}\nSubject: Undelivered Mail\n"
        f"Message-ID: <report-{number}@mx.alder.example>\nMIME-Version: 1.0\n"
        f'Content-Type: multipart/report; report-type={kind}; boundary="b"\n\n'
        f"--b\nContent-Type: text/plain\n\n{text or 'This is the mail system.'}\n"
        f"--b\nContent-Type: {part}\n\nReporting-MTA: dns; mx.alder.example\n\n{fields}\n"
        f"--b\nContent-Type: text/rfc822-headers\n\n{given_back}\n--b--\n"
    )
    world.dovecot.deliver(raw.encode())
    world._until_visible(f"<report-{number}@mx.alder.example>", "INBOX")


async def test_a_refusal_for_what_we_are_alerts_us_and_never_blames_the_contact(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await world.round()
    report(world, world.mails[0], report_fields("5.7.1", SPAMHAUS, to="ap@alder.example"))
    await world.round()
    facts = await world.facts("INV-1")
    assert (facts.holds, facts.suppressed) == ((), ())
    assert await world.waiting() == 0
    async with world.app.store.reading() as tx:
        (need,) = await needs_of_delivery(tx, world.clock())
    assert need.kind == "setup"
    assert "spamhaus" in need.what
    assert "SPF, DKIM and DMARC" in need.todo
    await world.pass_days(9)
    assert await world.said("INV-1") == ["friendly", "second"]
    async with world.app.store.reading() as tx:
        assert await needs_of_delivery(tx, world.clock()) == []  # mended, or at least not seen again for a week


async def test_the_third_mail_in_a_month_that_finds_the_mailbox_full_stops_the_ladder(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    full = report_fields("5.2.2", "552 5.2.2 mailbox full", to="ap@alder.example")
    for number in (1, 2, 3):
        while len(world.mails) < number:
            assert (await world.facts("INV-1")).holds == ()
            await world.pass_days(1)
        report(world, world.mails[-1], full)
        report(world, world.mails[-1], full.replace("552", "550"))  # a second word on the same mail counts once
        await world.round()
    facts = await world.facts("INV-1")
    assert [hold.kind for hold in facts.holds] == [HoldKind.BOUNCE]
    assert facts.suppressed == ()
    assert await world.waiting() >= 1


async def test_a_failure_that_gives_nothing_back_holds_what_was_sent_there_lately(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await world.owe("INV-2", due=DUE, customer="K2", email="ap@birch.example")
    await world.round()
    report(world, None, report_fields("5.1.1", "550 5.1.1 User unknown", to="AP@birch.example"))
    await world.round()
    facts = await world.facts("INV-2")
    assert [hold.kind for hold in facts.holds] == [HoldKind.BOUNCE]
    assert facts.suppressed == ()  # anybody could have written it
    assert (await world.facts("INV-1")).holds == ()
    assert (await world.events("mail.matched"))[-1].payload["method"] == "failed_address"


async def test_a_complaint_silences_the_address_and_asks_a_person(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await world.round()
    fields = "Feedback-Type: abuse\nVersion: 1\nOriginal-Rcpt-To: ap@alder.example\n"
    report(world, world.mails[0], fields, kind="feedback-report")
    await world.round()
    facts = await world.facts("INV-1")
    assert [hold.kind for hold in facts.holds] == [HoldKind.STOP]
    assert [one[0] for one in facts.suppressed] == ["ap@alder.example"]
    assert await world.waiting() == 1
    await world.pass_days(14)
    assert len(world.mails) == 1
