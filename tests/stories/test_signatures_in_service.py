"""The service, the terminal and the settings: mail is never kept waiting for a key, and what was found is shown."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from mailer.clock import utc_now
from mailer.domain.ids import CustomerId, MailId
from mailer.settings import SettingsError, load
from mailer.store import events as record
from mailer.store import inbox, invoices
from mailer.store.inbox import DONE, StoredMail
from mailer.wiring import open_app
from tests.core.record.signed import MAIL, signer
from tests.servers.dns import DnsServer
from tests.stories.fixtures import world as _world
from tests.stories.terminal import Terminal
from tests.stories.world import SELLER, World
from workers.jobs import Service, attempt

world = _world


@pytest.fixture
def dns() -> Iterator[DnsServer]:
    with DnsServer() as server:
        server.records[signer().name] = [signer().record]
        yield server


async def test_a_reply_holds_at_once_while_the_dns_is_silent(world: World, dns: DnsServer) -> None:
    dns.silent = True
    asked = world.app.settings.authentication.model_copy(
        update={"dkim": True, "name_servers": (dns.address,), "timeout_seconds": 0.2}
    )
    world.app = replace(world.app, settings=world.app.settings.model_copy(update={"authentication": asked}))
    await world.owe("INV-1", due=date(2026, 9, 4))
    await world.round()
    sent = world.mails[0]
    reply = MAIL.replace(b"us@acme.example", SELLER.encode())
    reply = b"In-Reply-To: " + str(sent["Message-ID"]).encode() + b"\r\nMessage-ID: <r1@alder.example>\r\n" + reply
    world.dovecot.deliver(signer().sign(reply, at=world.clock.at))
    world._until_visible("<r1@alder.example>", "INBOX")
    await world.round()
    assert [event.type for event in await world.events("mail.matched", "reply.read")] == ["mail.matched", "reply.read"]
    assert await world.events("hold.placed", "promise.tracked")
    service = Service(app=world.app, channel=world.app.channel())
    try:
        assert await attempt(service, "authenticate") == ()
        dns.silent = False
        world.clock.at = world.clock.at.replace(hour=20)
        assert await attempt(service, "authenticate") == ()
    finally:
        await service.close()
    assert not await world.trouble("authenticate")
    told = [event.payload["verdict"] for event in await world.events("mail.authenticated")]
    assert told[-1] == "pass"
    assert set(told[:-1]) == {"temperror"}


def _mail_of(terminal: Terminal, raw: bytes) -> None:
    """Put a read mail of the customer K1 into the database."""

    digest = hashlib.sha256(raw).hexdigest()

    async def work() -> None:
        app, now = open_app(load(terminal.data)), utc_now()
        async with app.store.transaction() as tx:
            owed = await invoices.by_numbers(tx, ["INV-1"])
            row = StoredMail(
                id=MailId("mail_1"), mailbox="us", folder="INBOX", uidvalidity=1, uid=1, sha256=digest, size=len(raw),
                payload_id="raw_1", fetched_at=now, internal_at=None, history=False, state=DONE,
                customer_id=CustomerId(owed["INV-1"].customer_id), from_email="ap@alder.example",
            )  # fmt: skip
            await record.keep_payload(tx, payload_id="raw_1", subject_id="", kind="raw_mail", salt=b"0" * 32, body=raw)
            await inbox.add(tx, [row])
        await app.close()

    asyncio.run(work())


def test_the_terminal_shows_asks_and_checks_again(
    tmp_path: Path, dns: DnsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal(tmp_path / "data")
    terminal.owe()
    _mail_of(terminal, signer().sign(at=utc_now()))
    assert "not looked at" in terminal.type("inbox", "show", "mail_1")
    assert "not asked for" in _refusal(terminal, "inbox", "authenticate", "mail_1")
    assert "no mail" in _refusal(terminal, "inbox", "authenticate", "mail_1", "--offline")
    monkeypatch.setenv("DULY_AUTHENTICATION__DKIM", "true")
    monkeypatch.setenv("DULY_AUTHENTICATION__NAME_SERVERS", f'["{dns.address}"]')
    assert "pass" in terminal.type("inbox", "authenticate", "mail_1")
    dns.records.clear()
    (row,) = terminal.read("inbox", "authenticate", "mail_1", "--offline")
    assert (row["verdict"], row["now"], row["same"], row["domain"]) == ("pass", "pass", True, "alder.example")
    assert "The same as on" in terminal.type("inbox", "authenticate", "mail_1", "--offline")
    assert "pass by alder.example (exact to From)" in terminal.type("inbox", "show", "mail_1")
    assert terminal.read("inbox", "show", "mail_1")["signatures"][0]["key"] == signer().record.decode()
    assert "alder.example" in terminal.type("log", "list")
    _change(terminal, b"We paid already.")
    said = terminal.type("inbox", "authenticate", "mail_1", "--offline", code=1)
    assert "fail" in said
    assert "is not what it was" in said


def _refusal(terminal: Terminal, *words: str) -> str:
    return terminal.type(*words, code=2)


def _change(terminal: Terminal, text: bytes) -> None:
    changed = signer().sign(at=utc_now()).replace(b"We pay on Friday.", text)
    with sqlite3.connect(terminal.data / "duly.sqlite3") as database:
        database.execute("UPDATE payloads SET body = ? WHERE id = 'raw_1'", [changed])


@pytest.mark.parametrize("address", ["dns.example", "192.0.2.1:x", "", "https://192.0.2.1"])
def test_a_name_server_is_given_by_its_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    terminal = Terminal(tmp_path / "data")
    monkeypatch.setenv("DULY_AUTHENTICATION__NAME_SERVERS", f'["{address}"]')
    with pytest.raises(SettingsError, match="name server"):
        load(terminal.data)
