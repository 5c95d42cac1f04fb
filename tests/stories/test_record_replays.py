"""No event, no state change: what the tables say can be told again from the record alone."""

from __future__ import annotations

from datetime import date

from mailer.flows.authenticate_mail import Authenticator, authenticate_new
from mailer.nameserver import NameServer
from tests.stories.fixtures import world as _world
from tests.stories.replay import NAMES, present, replayed
from tests.stories.world import World

world = _world


async def test_the_tables_are_what_the_events_say(world: World) -> None:
    await world.owe("INV-1", due=date(2026, 9, 4))
    await world.owe("INV-2", due=date(2026, 9, 4), customer="K2", email="ap@birch.example", language="de")
    await world.owe("INV-3", due=date(2026, 9, 1), customer="K3", email="ap@cedar.example")
    await world.round()
    first, second = (next(one for one in world.mails if n in str(one["Subject"])) for n in ("INV-1", "INV-2"))
    world.reply(first, "We will pay on 18 September 2026.")
    world.reply(second, "Der Betrag ist falsch, wir widersprechen dieser Rechnung.", sender="ap@birch.example")
    await world.round()
    await world.pay("INV-3")
    await world.owe("INV-3", due=date(2026, 9, 1), customer="K3", email="new@cedar.example", open_="0.00")
    await world.pay("INV-1", left="100.00")
    world.clock.at = world.clock.at.replace(day=24)
    await world.import_ledger()
    await world.round()
    lookup = NameServer(servers=["127.0.0.1:1"], timeout_seconds=0.1).txt  # unsigned mail needs none
    store, sandbox = world.app.store, world.app.sandbox
    await authenticate_new(Authenticator(store=store, sandbox=sandbox, clock=world.clock, lookup=lookup))
    told = replayed(await world.events())
    async with world.app.store.reading() as tx:
        kept = await present(tx, told)
    for name in NAMES:
        assert told[name], name
        assert kept[name] == told[name], name
