"""`duly outbox`: what is in doubt is seen, searched for and settled from the command line."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from typing import Any

from typer.testing import CliRunner

from mailer.cli.tree import app
from tests.servers.smtp import Fault
from tests.stories.world import World

DUE = date(2026, 9, 4)


async def type_(world: World, *words: str, code: int = 0) -> str:
    """Return what a command prints; it must end with that exit code."""
    typed = ["--data", str(world.folder / "data"), "outbox", *words]
    done = await asyncio.to_thread(CliRunner().invoke, app, typed, env={"COLUMNS": "100"})
    assert done.exit_code == code, (words, done.output, done.exception)
    if words[0] == "list" and "json" not in words:
        assert all(len(line) <= 100 for line in done.output.splitlines())
    return done.output


async def read(world: World, *words: str) -> Any:
    return json.loads(await type_(world, *words, "-o", "json"))


async def in_doubt(world: World) -> str:
    await world.owe("INV-1", due=DUE)
    world.smtp.fault = Fault.AFTER_DOT_KEPT
    await world.round()
    world.smtp.fault = None
    (row,) = await read(world, "list", "--unknown")
    return str(row["message"])


async def test_a_message_in_doubt_is_seen_whole_and_settled_by_evidence(world: World) -> None:
    message = await in_doubt(world)
    assert await read(world, "list", "--state", "sent") == []
    assert "No message is in that state" in await type_(world, "list", "--state", "sent")
    assert message in await type_(world, "list")
    shown = await read(world, "show", message)
    assert (shown["state"], shown["to"], shown["sent_copy"]) == ("unknown", "ap@alder.example", "")
    (attempt,) = shown["attempts"]
    assert {"began", "ended", "outcome", "phase", "code", "enhanced", "peer", "tls", "text"} <= set(attempt)
    assert attempt["outcome"] == "unknown"
    assert attempt["peer"] == f"{world.smtp.host}:{world.smtp.port}"
    assert "X-Duly-Message: out_" in shown["content"]
    assert "attempt 1" in await type_(world, "show", message)

    said = await type_(world, "settle", code=1)
    assert "0 settled by evidence, 1 still in doubt" in said
    assert "duly outbox resolve" in said
    world.dovecot.deliver(world.smtp.messages[0].raw, "Sent")
    world._until_visible(str(world.mails[0]["Message-ID"]), "Sent")
    assert "1 settled by evidence, 0 still in doubt" in await type_(world, "settle")
    assert "Nothing is in doubt." in await type_(world, "list", "--unknown")
    assert "settled by evidence" in (await read(world, "show", message))["server"]


async def test_resolving_wants_to_know_which_and_resending_plans_a_new_message(world: World) -> None:
    message = await in_doubt(world)
    for flags in ((), ("--sent", "--resend")):
        refused = await type_(world, "resolve", message, *flags, code=2)
        assert "--sent" in refused
        assert "--resend" in refused
    assert [row["message"] for row in await read(world, "list", "--unknown")] == [message]
    said = await type_(world, "resolve", message, "--resend", "--reason", "their log says no")
    assert "a new message with an id of its own" in said
    assert await type_(world, "resolve", message, "--sent", code=2)  # it is settled already
    await world.round()
    rows = await read(world, "list")
    assert sorted(row["state"] for row in rows) == ["failed", "sent"]
    assert len({str(mail["Message-ID"]) for mail in world.mails}) == 2
    (event,) = await world.events("reminder.resolved")
    assert event.payload == {"was_sent": False, "reason": "their log says no"}


async def test_a_mailbox_that_is_down_is_the_environments_fault(world: World) -> None:
    await in_doubt(world)
    world.dovecot.stop()
    assert "nothing listens" in await type_(world, "settle", code=3)
    world.dovecot.start()
    assert "0 settled" in await type_(world, "settle", code=1)
