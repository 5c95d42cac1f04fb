"""A copy of every reminder in the Sent folder: exactly once, whatever breaks on the way."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest

from mailer.flows.copy_to_sent import AGAIN_AFTER, GIVE_UP_AFTER, Copier, copy_to_sent
from mailer.flows.delivery_needs import needs_of_delivery
from mailer.flows.plan_reminders import tick
from mailer.flows.send_message import drain
from mailer.flows.settle_unknown import Place
from mailer.flows.trouble import note_inbox_read, troubles
from mailer.mailbox import ImapMailbox, ImapSettings, Mailbox
from mailer.store import doubt, outbox
from mailer.store.doubt import CopyState
from tests.faults.crashes import Countdown, DyingStore, Killed
from tests.faults.proxy import Cut, How, cut_proxy
from tests.stories.world import World

DUE = date(2026, 9, 4)


def copier(world: World, *, port: int = 0, timeout_seconds: float = 20.0, folder: str = "") -> Copier:
    dovecot = world.dovecot

    def open_mailbox() -> Mailbox:
        return ImapMailbox(
            ImapSettings(
                host=dovecot.host,
                port=port or dovecot.port,
                security="none",
                username=dovecot.user,
                password=dovecot.password,
                timeout_seconds=timeout_seconds,
            )
        )

    place = Place(mailbox="billing", open_mailbox=open_mailbox, folder=folder)
    return Copier(store=world.app.store, place=place, key=world.app.desk.key, clock=world.clock)


async def send(world: World, number: int) -> None:
    """Send one reminder to a customer of its own, and let the minute pass in which a provider files its own copy."""
    world.allow(1000)
    await world.owe(f"INV-{number}", due=DUE, customer=f"K{number}", email=f"ap{number}@alder.example")
    await note_inbox_read(world.app.store, world.clock())
    await tick(world.app.planner())
    channel = world.app.channel()
    await drain(world.app.sender(channel))
    await channel.close()
    assert len(world.smtp.messages) == number
    world.clock.at += 2 * AGAIN_AFTER


def in_sent(world: World) -> list[bytes]:
    """Every message in the Sent folder, as the server gives it."""
    client = world.dovecot.login()
    try:
        client.select("Sent", readonly=True)
        numbers = client.search(None, "ALL")[1][0].split()
        return [part[1] for one in numbers for part in client.fetch(one, "(BODY.PEEK[])")[1] if isinstance(part, tuple)]
    finally:
        client.logout()


def ids(mails: Sequence[bytes]) -> list[bytes]:
    return sorted(one for mail in mails for one in re.findall(rb"(?m)^Message-ID: (\S+)", mail))


async def copy_states(world: World) -> list[str]:
    async with world.app.store.reading() as tx:
        entries = await outbox.listing(tx)
        return [await doubt.copy_state_of(tx, entry.message.id) for entry in entries]


async def test_the_very_bytes_are_filed_once_at_the_time_of_sending(world: World) -> None:
    await send(world, 1)
    copied = []
    for _ in range(3):
        copied.append((await copy_to_sent(copier(world))).copied)
        world.clock.at += timedelta(hours=1)
    assert copied == [1, 0, 0]
    assert in_sent(world) == [world.smtp.messages[0].raw]
    assert await copy_states(world) == [CopyState.DONE]
    (event,) = await world.events("reminder.copied")
    assert (event.payload["folder"], event.payload["how"]) == ("Sent", "appended")


async def test_without_the_setting_nothing_is_copied_and_with_it_the_poll_does_it(world: World) -> None:
    await send(world, 1)
    await world.round()
    assert in_sent(world) == []
    settings = world.app.settings
    world.app = replace(
        world.app, settings=settings.model_copy(update={"smtp": settings.smtp.model_copy(update={"sent_copy": True})})
    )
    await world.round()
    await world.round()
    assert in_sent(world) == [world.smtp.messages[0].raw]


async def test_a_copy_that_the_provider_has_filed_is_enough(world: World) -> None:
    await send(world, 1)
    world.dovecot.deliver(world.smtp.messages[0].raw, "Sent")
    world._until_visible(str(world.mails[0]["Message-ID"]), "Sent")
    await copy_to_sent(copier(world))
    assert len(in_sent(world)) == 1
    assert [event.payload["how"] for event in await world.events("reminder.copied")] == ["found"]


async def test_a_folder_that_refuses_never_touches_the_message_and_is_given_up_visibly(world: World) -> None:
    await send(world, 1)
    nowhere = copier(world, folder="Nowhere")
    assert "'Nowhere'" in (await copy_to_sent(nowhere)).trouble
    assert "copies" in await troubles(world.app.store)
    world.clock.at += GIVE_UP_AFTER
    assert (await copy_to_sent(nowhere)).given_up == 1
    assert await copy_states(world) == [CopyState.FAILED]
    assert await world.said("INV-1") == ["friendly"]
    assert len(await world.events("reminder.copy_failed")) == 1
    async with world.app.store.reading() as tx:
        needs = [need for need in await needs_of_delivery(tx, world.clock()) if need.kind == "copy"]
    assert len(needs) == 1
    assert "'Nowhere'" in needs[0].what
    world.clock.at += timedelta(hours=5)
    await copy_to_sent(copier(world))
    assert in_sent(world) == []  # given up means given up


async def test_several_workers_file_it_once(world: World) -> None:
    await send(world, 1)
    await asyncio.gather(*(copy_to_sent(copier(world)) for _ in range(5)))
    assert len(in_sent(world)) == 1


@pytest.mark.timeout(600)
async def test_a_process_killed_at_any_step_leaves_one_copy(world: World) -> None:
    """Each N is a new message, so that one folder sees every death."""
    place = 0
    while True:
        place += 1
        await send(world, place)
        countdown = Countdown(left=place)
        store = DyingStore(world.app.store.url, countdown)
        try:
            await copy_to_sent(replace(copier(world), store=store))
        except Killed:
            pass
        finally:
            await store.close()
        world.clock.at += timedelta(minutes=20)  # past the lease, and past the wait before looking again
        await copy_to_sent(copier(world))
        assert ids(in_sent(world)) == sorted(str(mail["Message-ID"]).encode() for mail in world.mails), place
        await world.pay(f"INV-{place}")
        del world.rows[f"INV-{place}"]
        if not countdown.fired:
            break
    assert place > 8


class DyingMailbox(ImapMailbox):
    """The real mailbox, in a process that dies right after the copy was taken."""

    async def append(self, *args: object, **named: object) -> None:
        await super().append(*args, **named)  # type: ignore[arg-type]
        raise Killed


async def test_a_process_killed_after_the_copy_was_taken_does_not_file_it_again(world: World) -> None:
    await send(world, 1)
    usual = copier(world)
    assert usual.place is not None
    opened = usual.place.open_mailbox()
    assert isinstance(opened, ImapMailbox)
    dying = replace(usual.place, open_mailbox=lambda: DyingMailbox(opened._settings))
    with pytest.raises(Killed):
        await copy_to_sent(replace(usual, place=dying))
    assert await copy_states(world) == [CopyState.APPENDING]
    world.clock.at += timedelta(minutes=20)
    await copy_to_sent(usual)
    assert len(in_sent(world)) == 1
    assert await copy_states(world) == [CopyState.DONE]


async def until_ended(world: World) -> None:
    """Wait until the server has put away every session: what it was given is then filed, or never will be."""
    for _ in range(400):
        log = world.dovecot.log
        if log.count("imap-login: Info: Login:") == len(re.findall(r" imap\(.*: Info: Disconnected", log)):
            return
        await asyncio.sleep(0.025)
    raise TimeoutError(world.dovecot.log[-2000:])


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("direction", "every"),
    [
        ("up", 1201),
        ("down", 241),
        pytest.param("up", 307, marks=pytest.mark.full),
        pytest.param("down", 61, marks=pytest.mark.full),
    ],
)
async def test_a_link_lost_at_any_byte_leaves_one_copy(world: World, direction: str, every: int) -> None:
    """0 doubled, 0 missing: the link is lost at many bytes, each time for a new message, and then is whole again."""
    at, number, hows, cuts = 1, 0, (How.CLOSE, How.RESET), 0
    while True:
        number += 1
        await send(world, number)
        cut = Cut(at=at, direction=direction, how=hows[number % 2])
        async with cut_proxy(world.dovecot.host, world.dovecot.port, cut) as (_, port, proxy):
            await copy_to_sent(copier(world, port=port, timeout_seconds=5.0))
            passed = proxy.up if direction == "up" else proxy.down
        await until_ended(world)
        world.clock.at += 3 * AGAIN_AFTER  # past the wait before looking again, and inside the send window
        report = await copy_to_sent(copier(world))
        assert report.trouble == ""
        assert ids(in_sent(world)) == sorted(str(mail["Message-ID"]).encode() for mail in world.mails), cut
        await world.pay(f"INV-{number}")
        del world.rows[f"INV-{number}"]
        if passed < at:
            break
        cuts += 1
        at += every
    assert cuts > 3


async def test_a_silent_server_is_left_and_looked_at_again(world: World) -> None:
    for number, at in enumerate((30, 250, 900), start=1):
        await send(world, number)
        cut = Cut(at=at, direction="up", how=How.STALL)
        async with cut_proxy(world.dovecot.host, world.dovecot.port, cut) as (_, port, _):
            assert (await copy_to_sent(copier(world, port=port, timeout_seconds=0.7))).trouble
        world.clock.at += 3 * AGAIN_AFTER  # past the wait before looking again, and inside the send window
        await copy_to_sent(copier(world))
        assert len(in_sent(world)) == number
