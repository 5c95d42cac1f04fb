"""A newer engine reads old mail again: it shows what differs, and changes nothing. Decisions become labelled data."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from typer.testing import CliRunner

from mailer.cli.tree import app
from mailer.domain.reading import Intent
from mailer.flows.decide_mail import Decision, Verdict, decide
from mailer.flows.decided_mails import decided_mails
from mailer.flows.match_mail import Reader
from mailer.flows.replay import Replayed, replay
from mailer.replies.phrases import Phrases
from mailer.replies.reading import engine_of
from mailer.store import inbox
from tests.stories.world import World

PROMISE = "We will pay on 18 September 2026."
DISPUTE = "We dispute this invoice. The goods arrived damaged and we will not pay for them."
DUE = date(2026, 9, 4)


async def answered(world: World, *texts: str) -> None:
    await world.owe("INV-1", due=DUE)
    await world.round()
    for text in texts:
        world.clock.at += timedelta(minutes=1)
        world.reply(world.mails[0], text)
        await world.round()


def unlearned(phrases: Phrases) -> Phrases:
    """What an engine would load that reads no language, and says so in its digest."""
    return replace(phrases, languages={}, digest="other")


async def replayed(reader: Reader) -> list[Replayed]:
    return [one async for one in replay(reader)]


async def test_the_same_engine_reads_the_same(world: World) -> None:
    await answered(world, PROMISE, DISPUTE)
    await world.pass_days(1)
    before = await world.events()
    found = await replayed(world.app.reader())
    assert [(one.differences, one.problem) for one in found] == [((), "")] * 2
    assert all(one.engine_was == one.engine_now for one in found)
    assert await world.events() == before, "only read"
    later = world.clock() + timedelta(days=1)
    assert [one async for one in replay(world.app.reader(), since=later)] == []
    async with world.app.store.transaction() as tx:
        (mail,) = await inbox.listing(tx, limit=1)
        assert await inbox.let_go(tx, mail, "story")
    assert len(await replayed(world.app.reader())) == 1, "what was let go cannot be read again"


@pytest.mark.parametrize("world", ["sqlite+embedded"], indirect=True)
async def test_another_engine_shows_what_it_reads_differently_and_changes_nothing(world: World) -> None:
    await answered(world, PROMISE)
    reader = world.app.reader()
    other = unlearned(reader.phrases)
    before = await world.events()
    (one,) = await replayed(replace(reader, phrases=other))
    changed = {each.what: (each.was, each.now) for each in one.differences}
    assert changed == {"intents": (("promise",), ()), "dates": (("2026-09-18",), ())}
    assert (one.engine_was, one.engine_now) == (engine_of(reader.phrases), engine_of(other))
    assert not one.is_louder
    assert await world.events() == before
    assert len((await world.facts("INV-1")).promises) == 1


@pytest.mark.parametrize("world", ["sqlite+embedded"], indirect=True)
async def test_a_decision_keeps_what_the_engine_had_said_and_is_labelled_data(world: World) -> None:
    await answered(world, PROMISE, DISPUTE)
    async with world.app.store.reading() as tx:
        second, first = await inbox.listing(tx, limit=2)
    verdict = Verdict(decision=Decision.PROMISE, on=date(2026, 9, 21))
    await decide(world.app.reader(), first.id, verdict, "person:test")
    stop = Verdict(decision=Decision.STOP, intents=(Intent.LEGAL, Intent.DISPUTE))
    await decide(world.app.reader(), second.id, stop, "person:test")
    event, _ = await world.events("mail.decided")
    assert event.payload["said"]["intents"] == ["promise"]
    assert event.payload["said"]["dates"] == ["2026-09-18"]
    rows = await decided_mails(world.app.store)
    assert [(row["own"], row["intents"], row["date"]) for row in rows] == [
        (PROMISE, ["promise"], "2026-09-21"),
        (DISPUTE, ["legal", "dispute"], None),
    ]
    assert rows[0]["engine"]["engine"] == engine_of(world.app.reader().phrases)


async def typed(world: World, *words: str) -> str:
    """Return what a command prints; it opens the data folder of the world anew."""
    words = ("--data", str(world.app.settings.data), *words)
    done = await asyncio.to_thread(CliRunner().invoke, app, list(words))
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


@pytest.mark.parametrize("world", ["sqlite+embedded"], indirect=True)
async def test_the_terminal_shows_the_same_and_nothing_is_changed(world: World) -> None:
    await answered(world, PROMISE)
    async with world.app.store.transaction() as tx:
        (mail,) = await inbox.listing(tx, limit=1)
        kept = {**await inbox.reading_of(tx, mail.id), "findings": [], "effect": "stop", "engine": "older"}
        await inbox.keep_reading(tx, mail, salt=b"0" * 32, reading=kept)
    (row,) = json.loads(await typed(world, "inbox", "replay", "--changed-only", "-o", "json"))
    assert (row["changed"], row["louder"], row["engine_was"]) == (True, True, "older")
    assert {"what": "effect", "was": ["stop"], "now": ["hold"]} in row["differs"]
    shown = await typed(world, "inbox", "replay", "--since", "2026-09-01")
    assert "effect stop → hold" in " ".join(shown.split())
    assert "1 mails read again, 1 differ, 1 would hold back less; nothing was changed." in " ".join(shown.split())
    assert "again" in await typed(world, "inbox", "replay", "--since", "2027-01-01")
    assert "No mail was decided" in await typed(world, "inbox", "decided")
    await typed(world, "inbox", "decide", mail.id, "stop", "--intent", "legal", "--intent", "dispute")
    (line,) = (await typed(world, "inbox", "decided", "-o", "json")).splitlines()
    assert (json.loads(line)["own"], json.loads(line)["intents"]) == (PROMISE, ["legal", "dispute"])
    assert mail.id in await typed(world, "inbox", "decided")
