"""The Sent folder: what we wrote to a customer ourselves belongs to its account, and nothing else of it is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from email.message import EmailMessage

import pytest

from mailer.cli import case_sheet
from mailer.domain.reading import MailKind
from mailer.dossier.model import Direction
from mailer.flows.decide_mail import DecisionRefused, assign
from mailer.flows.receive_mail import poll, poll_all
from mailer.store import inbox
from mailer.store.inbox import OUT, StoredMail
from tests.stories.case_files import case_messages
from tests.stories.world import SELLER, World

DUE = date(2026, 9, 4)
SECRET = "The surgery is on Tuesday"


async def test_what_we_write_ourselves_is_on_the_account_and_keeps_the_next_reminder_away(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await world.round()
    world.clock.at += timedelta(hours=1)
    world.reply(world.mails[0], "Which order is this for?")
    await world.round()
    world.clock.at += timedelta(days=1)
    asked = (await _stored(world))[0]
    write(world, "ap@alder.example", "Re: your question", "It is for order 7.")
    await world.round()
    [ours] = [mail for mail in await _stored(world) if mail.direction == OUT]
    facts = await world.facts("INV-1")
    assert ours.customer_id == facts.customer.id == asked.customer_id
    assert (ours.needs_person, facts.last_contact_at) == (False, world.clock.at)
    sheet = await case_sheet.gather(world.app, "INV-1")
    assert [row["what"] for row in case_sheet._correspondence(sheet)] == [
        "mail to them, sent",
        "mail from them, waits for you",
        "mail to them, by hand",
    ]
    messages = await case_messages(world, "INV-1")
    assert [m.direction for m in messages] == [Direction.OUT, Direction.IN, Direction.OUT]
    assert (messages[-1].subject, messages[-1].recipient) == ("Re: your question", "ap@alder.example")
    assert [event.refs["mail"] for event in await world.events("mail.sent_by_hand")] == [ours.id]
    assert not [e for e in await world.events("mail.matched", "reply.read") if e.refs.get("mail") == ours.id]
    with pytest.raises(DecisionRefused, match="sent by your side"):
        await assign(world.app.reader(), ours.id, facts.customer, (), "person:test")


async def test_an_answer_to_a_colleague_we_have_no_address_of_is_found_by_its_thread(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await world.round()
    world.reply(world.mails[0], "I look into it.", sender="boss@elsewhere.example")
    await world.round()
    [asked] = await _stored(world)
    write(world, "boss@elsewhere.example", "Re: thanks", "Thank you.", In_Reply_To=f"<{asked.message_id}>")
    write(world, "third@elsewhere.example", "Fwd: ours", "See below.", References=str(world.mails[0]["Message-ID"]))
    await world.round()
    ours = [mail for mail in await _stored(world) if mail.direction == OUT]
    assert {mail.customer_id for mail in ours} == {asked.customer_id}
    assert {mail.invoice_ids for mail in ours} == {asked.invoice_ids}


async def test_private_mail_in_the_sent_folder_never_reaches_the_database(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    write(world, "doctor@clinic.example", "Private", SECRET)
    await world.round()
    [passed] = await _stored(world)
    assert (passed.customer_id, passed.payload_id, passed.subject, passed.from_email) == (None, "", "", "")
    assert passed.sha256
    assert await world.waiting() == 0
    async with world.app.store.reading() as tx:
        assert await inbox.counts(tx) == (0, 0, 0)
    if world.app.store.dialect == "sqlite":
        for path in world.app.settings.data.glob("duly.sqlite3*"):
            assert SECRET.encode() not in path.read_bytes()
            assert b"clinic.example" not in path.read_bytes()


async def test_a_copy_of_a_reminder_is_evidence_and_not_a_second_mail(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    await world.round()
    said = (await world.facts("INV-1")).last_contact_at
    put_raw(world, world.smtp.messages[0].raw)
    relayed = world.smtp.messages[0].raw.replace(b"Message-ID: <duly.", b"Message-ID: <0100-rewritten.", 1)
    put_raw(world, relayed)
    world.clock.at += timedelta(days=1)
    await world.import_ledger()
    await world.round()
    copies = [mail for mail in await _stored(world) if mail.direction == OUT]
    assert [mail.kind for mail in copies] == [MailKind.OWN.value] * 2
    found = await world.events("mail.own_copy")
    [sent] = await world.events("reminder.sent")
    assert {event.refs["message"] for event in found} == {sent.refs["message"]}
    assert (await world.facts("INV-1")).last_contact_at == said
    assert len(await case_messages(world, "INV-1")) == 1
    assert await world.waiting() == 0


async def test_old_mail_in_the_sent_folder_is_not_dug_up(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    fresh = replace(world.app.intake(), name="another name for the same mailbox")
    write(world, "ap@alder.example", "Before our time", "Hello")
    await poll(fresh)
    assert await _stored(world) == []


async def test_an_archive_proves_what_was_sent_and_keeps_nothing_else(world: World) -> None:
    await world.owe("INV-1", due=DUE)
    archive = replace(world.app.intake(), name="archive", role="archive", folders=("Archive",))
    world.dovecot.maildir("Archive")
    intakes = (world.app.intake(), archive)
    await poll_all(intakes)
    await world.round()
    put_raw(world, world.smtp.messages[0].raw, folder="Archive")
    write(world, "ap@alder.example", "By hand", "Hello", folder="Archive")
    assert (await poll_all(intakes)).fetched == 2
    kept = {mail.subject: mail.kind for mail in await _stored(world) if mail.payload_id}
    assert list(kept.values()) == [MailKind.OWN.value]
    assert await world.events("mail.not_kept")


def write(world: World, to: str, subject: str, text: str, *, folder: str = "Sent", **headers: str) -> None:
    """Put a mail into our Sent folder, as a mail program does after sending it."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"Ellen Marsh <{SELLER}>", to, subject
    mail["Message-ID"] = f"<{abs(hash((subject, text)))}@brightwater.example>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    world.dovecot.deliver(mail.as_bytes(), folder=folder, at=world.clock.at)
    world._until_visible(str(mail["Message-ID"]), folder)


def put_raw(world: World, raw: bytes, folder: str = "Sent") -> None:
    world.dovecot.deliver(raw, folder=folder, at=world.clock.at)
    message_id = next(line for line in raw.decode("utf-8", "replace").splitlines() if line.startswith("Message-ID:"))
    world._until_visible(message_id.partition(":")[2].strip(), folder)


async def _stored(world: World) -> list[StoredMail]:
    async with world.app.store.reading() as tx:
        return await inbox.listing(tx)
