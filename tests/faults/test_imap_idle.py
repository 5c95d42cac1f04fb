"""IDLE is a wake-up and nothing else: told of mail at once, and a server that is gone, mute or lying is noticed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from mailer.flows.intake import Intake
from mailer.mailbox import ImapMailbox, ImapSettings, MailboxUnreachable
from mailer.store.session import Store
from tests.edges.mailbox.peers import DovecotPeer
from tests.edges.mailbox.scripted import Cut as Say
from tests.edges.mailbox.scripted import scripted
from tests.faults.proxy import Cut, How, cut_proxy
from tests.servers.dovecot import Dovecot
from workers.watch import watch

MAIL = b"Subject: x\r\n\r\nhello\r\n"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Woken:
    """Counts how often the poll was woken."""

    times: int = 0
    happened: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self) -> None:
        self.times += 1
        self.happened.set()


@contextlib.asynccontextmanager
async def watched(settings: ImapSettings, *, idle_seconds: float = 60.0) -> AsyncIterator[Woken]:
    """Watch a mailbox; at the end no task and no connection of it is left."""
    store = Store("sqlite+aiosqlite://")
    intake = Intake(
        store=store, open_mailbox=lambda: ImapMailbox(settings), name="x@y", folders=("INBOX",), key=b"", clock=now
    )
    woken, before = Woken(), asyncio.all_tasks()
    task = asyncio.create_task(
        watch(intake, woken, idle_seconds=idle_seconds, first_pause_seconds=0.05, settle_seconds=0.01)
    )
    try:
        yield woken
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await store.close()
        left = [one for one in asyncio.all_tasks() - before if "mailer" in repr(one)]
        assert left == []


def now() -> datetime:
    return NOON


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - it comes true in the server, which knows no events
            await asyncio.sleep(0.01)


async def test_new_mail_wakes_the_poll_at_once(dovecot: Dovecot) -> None:
    peer = DovecotPeer(dovecot)
    await peer.deliver(MAIL, NOON)
    async with watched(peer.settings) as woken:
        for _ in range(2):
            woken.happened.clear()
            await asyncio.sleep(0.5)  # Dovecot tells of what comes while it idles; so let it begin
            await peer.deliver(MAIL, NOON)
            async with asyncio.timeout(60):
                await woken.happened.wait()


async def test_idling_is_ended_and_begun_again_in_time() -> None:
    async with scripted({"IDLE": (b"+ idling\r\n",)}) as peer, watched(peer.settings(), idle_seconds=0.05) as woken:
        await until(lambda: peer.lines.count("DONE") >= 5)
        assert (peer.connections, woken.times) == (1, 0)


@pytest.mark.parametrize(
    "steps",
    [
        (b"+ idling\r\n", Say.DROP),
        (b"+ idling\r\n", b"* BYE idle for too long\r\n", Say.DROP),
        (b"+ idling\r\n", Say.SILENCE),
        (Say.SILENCE,),
        (Say.DROP,),
        (b"%t BAD what?\r\n",),
        (b"%t NO not here\r\n",),
        (b"+ idling\r\n", b"nonsense\r\n"),
        (b"%t OK over already\r\n", b"%t OK again\r\n"),
    ],
    ids=repr,
)
async def test_whatever_goes_wrong_a_new_connection_is_made_within_two_intervals(
    steps: tuple[bytes | Say, ...],
) -> None:
    async with scripted({"IDLE": steps}) as peer, watched(peer.settings(timeout_seconds=0.3), idle_seconds=0.3):
        await until(lambda: peer.connections >= 3)


async def test_a_half_open_link_is_noticed(dovecot: Dovecot) -> None:
    peer = DovecotPeer(dovecot)
    async with cut_proxy(dovecot.host, dovecot.port) as (host, port, proxy):
        whole = replace(peer.settings, host=host, port=port, timeout_seconds=0.5)
        async with ImapMailbox(whole) as mailbox:
            await mailbox.examine("INBOX")
            passed = proxy.down
    cut = Cut(at=passed + 1, direction="down", how=How.STALL)
    async with cut_proxy(dovecot.host, dovecot.port, cut) as (host, port, proxy):
        async with ImapMailbox(replace(whole, port=port)) as mailbox:
            await mailbox.examine("INBOX")
            with pytest.raises(MailboxUnreachable, match="waiting for mail"):
                await mailbox.wait_for_news(0.2)
        async with ImapMailbox(replace(whole, port=port)) as mailbox:
            await mailbox.examine("INBOX")
            assert not await mailbox.wait_for_news(0.2)


async def test_a_server_that_talks_without_end_fills_no_memory_and_wakes_in_measure() -> None:
    flood = b"* OK [ALERT] look here\r\n* 3 EXISTS\r\n" * 20_000
    async with (
        scripted({"IDLE": (b"+ idling\r\n", *(flood,) * 4)}) as peer,
        ImapMailbox(peer.settings()) as mailbox,
    ):
        await mailbox.examine("INBOX")
        assert await mailbox.wait_for_news(30)
        assert await mailbox.wait_for_news(30)
