"""A1: kill -9 at the k-th step, k = 1, 2, 3 … until the work ends alive; then restart, and nothing is lost or doubled.

Quick: nine places on SQLite. Full: every place, on SQLite and PostgreSQL, and sampled pairs of deaths for sending.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from email import policy as email_policy
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from mailer.domain.agreement import HoldKind
from mailer.domain.delivery import OutboxState
from mailer.flows.export_case import Exporter, export_case
from mailer.flows.gather_case import Options, Origin
from mailer.flows.import_payments import import_payments
from mailer.store.tables import payments
from mailer.wiring import App
from tests.faults.deaths import Work, live
from tests.faults.house import address, append, check_world, fault_house, jobs, owe_many
from tests.faults.table import note
from tests.servers.dovecot import Dovecot
from tests.servers.smtp import RecordingSmtp
from tests.stories.world import World
from workers.jobs import Service, attempt

#: Places to die at in the quick tier.
FEW = 9
#: Past the lease of a message (60 s).
LATER = timedelta(seconds=61)
#: Past the lease of the mailbox.
MUCH_LATER = timedelta(minutes=16)

pytestmark = pytest.mark.timeout(3600)


@pytest.fixture(
    params=[
        pytest.param("sqlite-few", id="sqlite"),
        pytest.param("sqlite-all", id="sqlite-every-step", marks=pytest.mark.full),
        pytest.param("postgresql-all", id="postgresql-every-step", marks=pytest.mark.full),
    ]
)
async def house(
    request: pytest.FixtureRequest, tmp_path: Path, recording_smtp: RecordingSmtp, dovecot: Dovecot
) -> AsyncIterator[tuple[World, bool]]:
    """A world, and whether every place is to be tried."""
    database, _, how_many = request.param.partition("-")
    url = request.getfixturevalue("migrated_postgres_url") if database == "postgresql" else ""
    world = await fault_house(tmp_path, recording_smtp, dovecot, database_url=url)
    yield world, how_many == "all"
    await world.app.close()


Prepare = Callable[[int], Awaitable[None]]


async def die_everywhere(world: World, work: Work, prepare: Prepare, settle: Prepare, *, every: bool) -> int:
    """Let processes die at later and later steps until one ends alive; return how many died.

    Each gets work of its own (`prepare`), and after each death `settle` lets a new process finish what is left.
    """
    await prepare(0)
    whole = live(world.app, work)
    assert not whole.failed
    await settle(0)
    place = stride = 1 if every else max(1, whole.steps // FEW)
    deaths = 0
    while True:
        await prepare(place)
        life = live(world.app, work, last_step=place)
        assert not life.failed
        await settle(place)
        if not life.died:
            return deaths
        deaths += 1
        place += stride


async def send(app: App) -> None:
    """Plan and send."""
    service = Service(app=app, channel=app.channel())
    try:
        for name in ("tick", "drain"):
            assert await attempt(service, name) is not None
    finally:
        await service.close()


async def poll(app: App) -> None:
    """Take mail in and read it."""
    service = Service(app=app, channel=app.channel())
    assert await attempt(service, "poll") is not None
    await service.close()


async def rest(world: World, wait: timedelta) -> None:
    """Let time pass and a new process do what is left to do."""
    world.clock.at += wait
    await jobs(world, "poll", "tick", "drain", "drain")


def arrivals(world: World, one: int | str) -> int:
    return sum(received.recipients == (address(one),) for received in world.smtp.messages)


async def test_sending(house: tuple[World, bool]) -> None:
    world, every = house

    async def prepare(place: int) -> None:
        await owe_many(world, [place])

    async def settle(place: int) -> None:
        await rest(world, LATER)
        assert arrivals(world, place) <= 1, f"killed at {place}: said twice"

    deaths = await die_everywhere(world, send, prepare, settle, every=every)
    await rest(world, timedelta(minutes=40))  # past the back-off of what the last ones were proven not to have begun
    history = await check_world(world, "killed while sending", kills=deaths)
    assert {row["state"] for row in history.outbox} <= {OutboxState.SENT, OutboxState.UNKNOWN}
    assert len(history.outbox) == deaths + 2 > 5
    assert sum(row["state"] == OutboxState.UNKNOWN for row in history.outbox) <= deaths
    note("A1 killed while sending", world.app.store.dialect, history, faults=deaths)


async def test_a_message_put_off_by_the_server(house: tuple[World, bool]) -> None:
    """Greylisting: a refusal for now is known to be one, so the message goes out later and is never in doubt for it."""
    world, every = house

    async def prepare(place: int) -> None:
        await owe_many(world, [place])
        world.smtp.answers[address(place)] = "450 4.2.2 mailbox full, try again"

    async def settle(place: int) -> None:
        del world.smtp.answers[address(place)]
        await rest(world, LATER)
        await rest(world, timedelta(minutes=40))  # past the back-off of a first deferral
        assert arrivals(world, place) == 1, f"killed at {place}"

    deaths = await die_everywhere(world, send, prepare, settle, every=every)
    history = await check_world(world, "killed while put off", kills=deaths)
    assert {row["state"] for row in history.outbox} == {OutboxState.SENT}
    assert deaths > 5
    note("A1 killed while put off", world.app.store.dialect, history, faults=deaths)


async def test_taking_mail_in(house: tuple[World, bool]) -> None:
    world, every = house
    raws: list[bytes] = []

    async def prepare(place: int) -> None:
        await owe_many(world, [place])
        await jobs(world, "poll", "tick", "drain")
        raws.append(append(world, _promise(world, place)))

    async def settle(place: int) -> None:
        world.clock.at += MUCH_LATER
        await jobs(world, "poll")
        facts = await world.facts(f"INV-{place}")
        assert len(facts.promises) == 1, f"killed at {place}"
        assert not [hold for hold in facts.holds if hold.kind is HoldKind.REPLY], f"killed at {place}: {facts.holds}"

    deaths = await die_everywhere(world, poll, prepare, settle, every=every)
    history = await check_world(world, "killed while taking mail in", arrived=raws, kills=deaths)
    assert len(history.mails) == deaths + 2 > 5
    note("A1 killed while taking mail in", world.app.store.dialect, history, faults=deaths)


def _promise(world: World, place: int) -> EmailMessage:
    """The customer's answer to the last reminder, with a date."""
    to = next(mail for mail in world.mails if address(place) in str(mail["To"]))
    mail = EmailMessage(policy=email_policy.SMTP)
    mail["From"], mail["To"] = address(place), str(to["Reply-To"])
    mail["Date"], mail["Subject"] = format_datetime(world.clock()), f"Re: {to['Subject']}"
    mail["Message-ID"], mail["In-Reply-To"] = f"<answer-{place}@alder{place}.example>", str(to["Message-ID"])
    mail.set_content("We will pay on 2 October 2026.\n")
    return mail


async def test_importing_payments(house: tuple[World, bool], tmp_path: Path) -> None:
    """Whoever repeats an import that was killed has each payment once."""
    world, every = house

    def file_of(place: int) -> Path:
        path = tmp_path / f"payments-{place}.csv"
        path.write_text(f"invoice,paid_on,amount,reference\nINV-{place},2026-09-05,120.00,bank {place}\n", "utf-8")
        return path

    async def take_in(app: App) -> None:
        await import_payments(
            app.store, file_of(now["place"]), date_order=None, accept_good=False, dry_run=False,
            actor="person:test", now=world.clock(),
        )  # fmt: skip

    now = {"place": 0}

    async def prepare(place: int) -> None:
        now["place"] = place
        await owe_many(world, [place])

    async def settle(place: int) -> None:
        await take_in(world.app)
        invoice = (await world.facts(f"INV-{place}")).invoices[0]
        assert invoice.open.minor == 38_000, f"killed at {place}: {invoice.open} is open"

    deaths = await die_everywhere(world, take_in, prepare, settle, every=every)
    async with world.app.store.reading() as tx:
        found = await tx.first(select(func.count()).select_from(payments))
    assert found is not None
    assert found[0] == deaths + 2 > 5
    await rest(world, LATER)
    note("A1 killed while importing", world.app.store.dialect, await check_world(world, "import"), faults=deaths)


async def test_exporting_a_case(house: tuple[World, bool], tmp_path: Path) -> None:
    """A case file is whole or not there, whenever its maker dies; and it can be made again."""
    world, every = house
    await owe_many(world, [1])
    await jobs(world, "poll", "tick", "drain")
    out = {"to": tmp_path / "none"}

    async def export(app: App) -> None:
        origin = Origin(exported_by="person:test", tool="Duly", seller_name="Brightwater")
        exporter = Exporter(keeper=app.log_keeper(), renderer=app.desk.renderer, origin=origin)
        await export_case(exporter, "K1", options=Options(), out=out["to"])

    async def prepare(place: int) -> None:
        out["to"] = tmp_path / f"out-{place}"
        out["to"].mkdir()

    async def settle(place: int) -> None:
        for folder in out["to"].glob("CASE-*"):
            _is_whole(folder)
            return
        await export(world.app)
        assert len(list(out["to"].glob("CASE-*"))) == 1, f"killed at {place}"

    deaths = await die_everywhere(world, export, prepare, settle, every=every)
    assert deaths > 5
    note("A1 killed while exporting", world.app.store.dialect, await check_world(world, "export"), faults=deaths)


def _is_whole(folder: Path) -> None:
    """Check a case file with its own manifest, as anybody can with sha256sum."""
    listed = (folder / "manifest-sha256.txt").read_text("utf-8").splitlines()
    assert len(listed) > 3
    for line in listed:
        digest, path = line.split(maxsplit=1)
        assert hashlib.sha256((folder / path).read_bytes()).hexdigest() == digest, path


@pytest.mark.full
async def test_two_deaths_in_a_row_while_sending(house: tuple[World, bool]) -> None:
    """The process that takes over dies too. The pairs are drawn; the seed is printed with a failure."""
    world, every = house
    seed, rounds = 20261126, 50 if every else 20
    draw = random.Random(seed)  # noqa: S311 - no secret
    await owe_many(world, ["first"])
    whole = live(world.app, send).steps
    deaths = 0
    for number in range(rounds):
        await owe_many(world, [number])
        for last_step in (draw.randint(1, whole), draw.randint(1, whole)):
            deaths += live(world.app, send, last_step=last_step).died
            world.clock.at += LATER
        await rest(world, LATER)
        assert arrivals(world, number) <= 1, f"seed {seed}, round {number}: said twice"
    await rest(world, timedelta(minutes=40))  # past the back-off of what the last ones were proven not to have begun
    history = await check_world(world, f"seed {seed}", kills=deaths)
    assert {row["state"] for row in history.outbox} <= {OutboxState.SENT, OutboxState.UNKNOWN}
    note("A1 killed twice in a row", world.app.store.dialect, history, faults=deaths)
