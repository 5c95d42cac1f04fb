"""The creditor's lawyer gets the signed checkpoint by mail every week, and can hold the record to it years later."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from mailer.clock import utc_now
from mailer.flows import check_setup
from mailer.flows.policy_files import load_policies
from mailer.flows.trouble import troubles
from mailer.settings import load
from mailer.store import events
from mailer.wiring import open_app
from tests.servers.smtp import Fault, RecordingSmtp
from tests.stories.terminal import Terminal
from tests.stories.world import MovableClock
from workers.jobs import Service, attempt

LAWYER = "kanzlei@lawyer.example"


@pytest.fixture
def house(tmp_path: Path, recording_smtp: RecordingSmtp, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("DULY_ANCHORS__MAIL_TO", LAWYER)
    terminal = Terminal(tmp_path / "data", recording_smtp.port)
    terminal.owe()
    terminal.type("resume", "--reason", "story")
    return terminal


@asynccontextmanager
async def worker(house: Terminal, clock: MovableClock) -> AsyncIterator[Service]:
    app = open_app(load(house.data), clock=clock)
    service = Service(app=app, channel=app.channel())
    try:
        yield service
    finally:
        await service.close()
        await app.close()


def weeks(house: Terminal, *after: timedelta) -> dict[str, str]:
    """Let two workers look at the same time, again and again, and return the troubles of the end."""

    async def work() -> dict[str, str]:
        clock = MovableClock(utc_now())
        async with worker(house, clock) as one, worker(house, clock) as other:
            for wait in (timedelta(), *after):
                clock.at += wait
                await asyncio.gather(attempt(one, "mail_anchor"), attempt(other, "mail_anchor"))
            return await troubles(one.app.store)

    return asyncio.run(work())


def told(house: Terminal) -> list[str]:
    async def work() -> list[str]:
        async with worker(house, MovableClock(utc_now())) as one, one.app.store.reading() as tx:
            return [event.type for event in await events.listing(tx) if event.type.startswith("anchor.")]

    return asyncio.run(work())


def test_a_mail_goes_every_week_and_the_record_is_held_to_it_as_it_came(
    house: Terminal, recording_smtp: RecordingSmtp, tmp_path: Path
) -> None:
    assert house.read("log", "anchors") == [
        {"kind": "mail", "who": LAWYER, "entries": None, "last": None, "note": "never yet"}
    ]
    assert weeks(house, timedelta(0), timedelta(days=7), timedelta(minutes=1)) == {}
    first, second = recording_smtp.messages
    assert {one.recipients for one in (first, second)} == {(LAWYER,)}
    mail = message_from_bytes(first.raw, policy=policy.default)
    assert mail.get_content_type() == "text/plain"
    assert mail["Auto-Submitted"] == "auto-generated"
    text = mail.get_content().replace("\r\n", "\n")
    note = text.partition("CHECKPOINT-----\n")[2].partition("-----END")[0]
    kept = [tmp_path / name for name in ("first.eml", "second.eml", "note", "answer.txt", "windows.txt")]
    kept[0].write_bytes(first.raw)
    kept[1].write_bytes(second.raw)
    kept[2].write_bytes(note.encode())  # byte for byte what was signed
    kept[3].write_text("".join(f"> {line}\n" for line in text.splitlines()), encoding="utf-8")
    kept[4].write_bytes(note.replace("\n", "\r\n").encode())
    for path in kept:
        assert "The record is what it was" in house.type("log", "verify", "--kept", str(path)), path
    (last,) = house.read("log", "anchors")
    assert (last["who"], last["note"]) == (LAWYER, "")
    assert f"\n{last['entries']}\n" in message_from_bytes(second.raw, policy=policy.default).get_content().replace(
        "\r", ""
    )
    assert sorted(told(house)) == ["anchor.mail_begun", "anchor.mail_begun", "anchor.mailed", "anchor.mailed"]


def test_a_mail_that_is_of_another_log_or_was_touched_is_refused(
    house: Terminal, recording_smtp: RecordingSmtp, tmp_path: Path
) -> None:
    weeks(house)
    raw, path = recording_smtp.messages[0].raw, tmp_path / "kept.eml"
    path.write_bytes(raw.replace(b"BEGIN CHECKPOINT-----", b"BEGIN CHECKPOINT-----\nx"))
    assert "not a checkpoint" in house.type("log", "verify", "--kept", str(path), code=2)
    path.write_bytes(b"\x00\xff\n" * 10)
    assert "not a checkpoint" in house.type("log", "verify", "--kept", str(path), code=2)
    other = Terminal(tmp_path / "other", recording_smtp.port)
    other.owe()
    other.type("log", "checkpoint")
    path.write_bytes(raw)
    assert "not a checkpoint" in other.type("log", "verify", "--kept", str(path), code=2)


def test_one_that_is_put_off_goes_later_and_one_that_may_have_arrived_does_not_go_again(
    house: Terminal, recording_smtp: RecordingSmtp
) -> None:
    recording_smtp.data_reply = "451 4.3.0 come back"
    assert "come back" in weeks(house, timedelta(minutes=1))["mail_anchor"]
    assert told(house) == ["anchor.mail_begun", "anchor.mail_refused"]
    recording_smtp.data_reply, recording_smtp.fault = None, Fault.AFTER_DOT_KEPT
    weeks(house, timedelta(minutes=11), timedelta(hours=1))
    assert len(recording_smtp.messages) == 1
    assert "nobody knows" in house.type("log", "anchors").replace("\n", " ")
    assert "anchor.mail_unknown" in told(house)
    recording_smtp.fault = None
    assert weeks(house, timedelta(days=7)) == {}
    assert len(recording_smtp.messages) == 2


def test_an_address_that_is_refused_is_trouble_and_left_alone_for_a_day(
    house: Terminal, recording_smtp: RecordingSmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording_smtp.answers[LAWYER] = "550 5.1.1 no such user"
    assert "no such user" in weeks(house, timedelta(hours=1))["mail_anchor"]
    before = recording_smtp.connections
    weeks(house)
    assert recording_smtp.connections == before
    assert told(house) == []
    monkeypatch.setenv("DULY_ANCHORS__MAIL_TO", "new@lawyer.example")
    assert weeks(house) == {}
    assert [one.recipients for one in recording_smtp.messages] == [("new@lawyer.example",)]


def test_nothing_goes_while_paused_or_to_nobody(
    house: Terminal, recording_smtp: RecordingSmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.type("pause", "--reason", "story")
    weeks(house)
    house.type("resume", "--reason", "story")
    monkeypatch.setenv("DULY_ANCHORS__MAIL_TO", "")
    weeks(house)
    assert recording_smtp.connections == 0
    assert "Nobody outside" in house.type("log", "anchors")


@pytest.mark.parametrize("address", ["lawyer", "a@b.example, c@d.example", "a@b.example\nBcc: c@d.example"])
def test_an_address_that_is_none_is_refused(house: Terminal, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("DULY_ANCHORS__MAIL_TO", address)
    assert "anchors.mail_to" in house.type("log", "verify", code=3)


def test_the_doctor_says_when_the_last_one_went(house: Terminal) -> None:
    def looked() -> str:
        async def work() -> str:
            settings = load(house.data)
            async with worker(house, MovableClock(utc_now())) as one:
                setup = check_setup.Setup(
                    settings=settings, store=one.app.store, policies=lambda: load_policies(settings),
                    templates=lambda: (), clock=utc_now,
                )  # fmt: skip
                found = {check.name: check for check in await check_setup.check_setup(setup)}
                return found["checkpoint by mail"].detail

        return asyncio.run(work())

    assert looked() == f"to {LAWYER} every week, not yet"
    weeks(house)
    assert "taken by the mail server" in looked()
