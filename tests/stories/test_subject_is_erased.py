"""A customer asks to be forgotten: refused while it owes, done when nothing is open, and every proof stays valid."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from mailer.flows.decide_mail import Decision, Verdict, decide
from mailer.flows.erase_subject import (
    apply_retention,
    due_subjects,
    erase_subject,
    hold_subject,
    release_subject,
)
from mailer.flows.export_case import export_case
from mailer.flows.export_subject import ExportRefused, export_subject
from mailer.flows.gather_case import CaseWentOn, Options
from mailer.flows.keep_log import seal
from mailer.flows.prove_event import prove_event
from mailer.flows.verify_case import verify_case
from mailer.flows.verify_record import verify_record
from mailer.record.checkpoint import proof_of, proven
from mailer.record.note import verifier_of
from mailer.store import inbox, subjects
from mailer.store.columns import metadata
from mailer.store.session import StoreUnreachable
from tests.stories.case_files import exporter_of, stock_verdict
from tests.stories.fixtures import world as _world
from tests.stories.world import World

world = _world
DUE = date(2026, 9, 4)
BY = "person:test"
#: What says who it was or what was said; the first is the seller's number, of which the name is made too.
SECRETS = ("Zebedee", "orla@quillon", "quillon", "marmalade", "in two weeks for certain")


async def _a_closed_case(world: World) -> None:
    await world.owe("INV-1", due=DUE, customer="Zebedee", email="orla@quillon.example")
    await world.owe("INV-2", due=DUE, customer="K2", email="ap@birch.example")
    await world.round()
    mine = next(mail for mail in world.mails if "INV-1" in str(mail["Subject"]))
    world.reply(mine, "We pay in two weeks for certain; greetings to your marmalade.", sender="orla@quillon.example")
    await world.round()


async def _kept_about(world: World) -> dict[str, set[str]]:
    """Which secrets are found where: every file of the data folder, or every row of the server's tables."""
    found: dict[str, set[str]] = {}
    if world.app.store.dialect == "sqlite":
        for path in (one for one in world.app.settings.data.rglob("*") if one.is_file()):
            _look(found, path.name, path.read_bytes())
    async with world.app.store.reading() as tx:
        for table in metadata.sorted_tables:
            for row in await tx.all(table.select()):
                said = b" ".join(bytes(one) if isinstance(one, bytes) else str(one).encode() for one in row)
                _look(found, table.name, said)
    return found


def _look(found: dict[str, set[str]], where: str, raw: bytes) -> None:
    for secret in SECRETS:
        for way in ("utf-8", "utf-16-le"):
            if secret.lower().encode(way) in raw.lower():
                found.setdefault(secret, set()).add(where)


async def _end_it(world: World) -> None:
    """The customer pays, and a person settles what its mail left open."""
    await world.pay("INV-1")
    world.clock.at += timedelta(days=1)
    await world.round()
    async with world.app.store.reading() as tx:
        waiting = await inbox.listing(tx, needs_person=True)
    for mail in waiting:
        await decide(world.app.reader(), mail.id, Verdict(decision=Decision.CONTINUE), BY)


async def test_nothing_readable_remains_and_every_proof_stays(world: World) -> None:
    await _a_closed_case(world)
    store, now = world.app.store, world.clock()
    refused = await erase_subject(store, "Zebedee", because="asked", actor=BY, now=now)
    assert "open invoices: INV-1" in refused.refused
    (event,) = await world.events("subject.erasure_refused")
    assert event.payload["reasons"] == list(refused.refused)
    await _end_it(world)
    keeper = world.app.log_keeper()
    await seal(keeper, at_once=True)
    proofs = [await prove_event(keeper, str(one.seq)) for one in (await world.events())[::5]]
    assert set(await _kept_about(world)) == set(SECRETS)
    others = [one for one in await world.events() if one.customer_id not in (refused.customer_id, None)]
    done = await erase_subject(store, "Zebedee", because="asked", actor=BY, now=now)
    assert done.refused == ()
    assert done.erased is not None
    assert done.erased.mails == 1
    assert await _kept_about(world) == {}
    found = await verify_record(store, world.app.settings.data, kept=proofs[0].head.note)
    assert found.findings == ()
    for proof in proofs:
        assert proven(proof.entry, proof_of(proof.proof), verifier_of(proof.head.vkey)).size == proof.head.size
    (event,) = await world.events("subject.erased")
    assert event.payload["because"] == "asked"
    # The other customer's words are all there, and the service goes on.
    assert [one for one in await world.events() if one.customer_id not in (done.customer_id, None)] == others
    world.clock.at += timedelta(days=1)
    await world.round()
    await seal(keeper, at_once=True)
    assert (await verify_record(store, world.app.settings.data)).findings == ()


async def test_what_is_kept_is_given_to_whom_it_is_about(world: World, tmp_path: Path) -> None:
    await _a_closed_case(world)
    made = await export_subject(world.app.store, "Zebedee", out=tmp_path, actor=BY, now=world.clock())
    rows = json.loads((made.path / "rows.json").read_text())
    assert [row["email"] for row in rows["customers"]] == ["orla@quillon.example"]
    assert {"invoices", "outbox", "mails", "attempts"} <= set(rows)
    told = [json.loads(line) for line in (made.path / "events.ndjson").read_text().splitlines()]
    assert len(told) == made.events
    kept = b"".join(path.read_bytes() for path in (made.path / "kept").iterdir())
    assert b"marmalade" in kept
    assert b"birch" not in kept
    assert len(await world.events("subject.exported")) == 1
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(ExportRefused):
            await export_subject(world.app.store, "Zebedee", out=folder, actor=BY, now=world.clock())


async def test_an_export_that_fails_half_way_leaves_nothing(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.owe("INV-1", due=date(2026, 9, 4))
    out = tmp_path / "handed_over"
    out.mkdir()

    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mailer.flows.export_subject.create_file", no_room)
    with pytest.raises(OSError, match="No space left"):
        await export_subject(world.app.store, "K1", out=out, actor="person:1", now=world.clock())
    assert list(out.iterdir()) == []
    assert not await world.events("subject.exported")


async def test_case_files_of_before_stay_valid_and_one_of_after_names_nobody(world: World) -> None:
    await _a_closed_case(world)
    await _end_it(world)
    exporter, store = exporter_of(world), world.app.store
    before = await export_case(exporter, "Zebedee", options=Options(), out=world.folder / "before")
    assert set(_said_in(before.path)) == set(SECRETS)
    done = await erase_subject(store, "Zebedee", because="asked", actor=BY, now=world.clock())
    with pytest.raises(CaseWentOn, match="look for the copy made then"):
        await export_case(exporter, done.customer_id, options=Options(at=before.size), out=world.folder / "out")
    after = await export_case(exporter, done.customer_id, options=Options(), out=world.folder / "out")
    assert _said_in(after.path) == {}
    assert (after.messages, after.not_retained) == (0, before.messages + before.not_retained)
    old, new = (verify_case(one.path, key_sha256=before.key_sha256) for one in (before, after))
    assert (old.flaws, stock_verdict(before.path)) == (new.flaws, stock_verdict(after.path)) == ((), "")
    assert old.log.erased == 0
    assert new.log.erased >= old.log.events
    assert new.log.events > old.log.events


def _said_in(folder: Path) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for path in (one for one in folder.rglob("*") if one.is_file()):
        _look(found, path.name, path.name.encode() + path.read_bytes())
    return found


async def test_what_is_due_is_listed_and_erased_only_when_switched_on(world: World) -> None:
    await _a_closed_case(world)
    await _end_it(world)
    store, now = world.app.store, world.clock()

    async def due(days: int) -> list[str]:
        return [one.ref for one in await due_subjects(store, keep_days=30, now=now + timedelta(days=days))]

    assert (await due(29), await due(31)) == ([], ["Zebedee"])
    assert await due_subjects(store, keep_days=0, now=now + timedelta(days=9999)) == ()
    await hold_subject(store, "Zebedee", because="a claim", review_on=None, actor=BY, now=now)
    assert await due(31) == []
    assert "legal hold" in (await erase_subject(store, "Zebedee", because="x", actor=BY, now=now)).refused[0]
    await release_subject(store, "Zebedee", because="settled", actor=BY, now=now)
    later = now + timedelta(days=31)
    assert await apply_retention(store, keep_days=30, switched_on=False, now=later) == 0
    assert await apply_retention(store, keep_days=0, switched_on=True, now=later) == 0
    assert await apply_retention(store, keep_days=30, switched_on=True, now=later) == 1
    assert await apply_retention(store, keep_days=30, switched_on=True, now=later) == 0
    assert await _kept_about(world) == {}
    assert await due(9999) == []


async def test_bytes_that_cannot_be_overwritten_yet_are_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    if world.app.store.dialect != "sqlite":
        pytest.skip("PostgreSQL waits for its readers")
    await _a_closed_case(world)
    await _end_it(world)
    store = world.app.store
    async with store.engine.connect() as reader:
        monkeypatch.setattr(subjects, "PATIENCE_MS", 50)
        await reader.exec_driver_sql("BEGIN")
        await reader.exec_driver_sql("SELECT count(*) FROM customers")
        with pytest.raises(StoreUnreachable, match="erased bytes"):
            await erase_subject(store, "Zebedee", because="asked", actor=BY, now=world.clock())
        await reader.exec_driver_sql("ROLLBACK")
    (event,) = await world.events("subject.erased")
    await erase_subject(store, str(event.customer_id), because="the rest", actor=BY, now=world.clock())
    assert await _kept_about(world) == {}
