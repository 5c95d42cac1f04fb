"""The record only grows, and what is written is written together."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from mailer.domain.ids import CustomerId
from mailer.flows.recording import happened
from mailer.record.commitment import commitment, committed_bytes, payload_bytes
from mailer.store import events, schema, state
from mailer.store.columns import metadata
from mailer.store.session import Store

NOW = datetime(2026, 9, 7, 9, 0, tzinfo=UTC)


async def _record(store: Store) -> None:
    event = happened("note.added", now=NOW, actor="person:1", customer_id=CustomerId("cus_1"), payload={"text": "é"})
    async with store.transaction() as tx:
        await events.record(tx, [event])


@pytest.mark.parametrize("statement", ["UPDATE events SET type = 'x'", "DELETE FROM events"])
async def test_events_cannot_be_changed_or_deleted(store: Store, statement: str) -> None:
    await _record(store)
    with pytest.raises(DBAPIError, match="append-only"):
        async with store.transaction() as tx:
            await tx.connection.execute(text(statement))
    async with store.reading() as tx:
        assert [event.type for event in await events.listing(tx)] == ["note.added"]


async def test_an_event_names_no_one_and_commits_to_its_words(store: Store) -> None:
    await _record(store)
    async with store.reading() as tx:
        row = (await tx.all(text("SELECT * FROM events")))[0]
        kept = (await tx.all(text("SELECT salt, body FROM payloads")))[0]
    assert "é" not in str(tuple(row))
    committed = committed_bytes(
        event_id=row.id,
        customer_id="cus_1",
        case_id=None,
        policy_version="",
        refs={},
        payload_sha256=hashlib.sha256(bytes(kept.body)).digest(),
    )
    assert row.commitment == commitment(bytes(kept.salt), committed)
    assert bytes(kept.body) == payload_bytes({"text": "é"})


async def test_payloads_can_be_erased_while_the_row_stays(store: Store) -> None:
    await _record(store)
    async with store.transaction() as tx:
        await tx.connection.execute(text("DELETE FROM payloads WHERE subject_id = 'cus_1'"))
    async with store.reading() as tx:
        assert [event.payload for event in await events.listing(tx)] == [{}]


async def test_an_exception_takes_state_and_event_back_together(store: Store) -> None:
    async def go_live_and_fail() -> None:
        async with store.transaction() as tx:
            await state.put(tx, "mode", state.LIVE)
            await events.record(tx, [happened("service.resumed", now=NOW, actor="person:1")])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await go_live_and_fail()
    async with store.reading() as tx:
        assert not await state.is_live(tx)
        assert await events.count(tx) == 0


async def test_the_migrations_make_exactly_the_tables_of_the_code(store: Store) -> None:
    await schema.migrate(store)
    present, newest = await schema.revisions(store)
    assert present == newest
    async with store.engine.connect() as connection:
        difference = await connection.run_sync(
            lambda sync: compare_metadata(MigrationContext.configure(sync), metadata)
        )
    assert difference == []


async def test_a_naive_time_is_refused_and_an_aware_one_comes_back_in_utc(store: Store) -> None:
    with pytest.raises(Exception, match="time zone"):
        async with store.transaction() as tx:
            await state.lease(tx, "poll", "me", now=NOW, until_at=datetime(2026, 1, 1))  # noqa: DTZ001 - the point
    await _record(store)
    async with store.reading() as tx:
        assert (await events.listing(tx))[0].at == NOW


def test_the_newest_revision_is_the_one_the_code_names() -> None:
    assert ScriptDirectory.from_config(schema.config()).get_current_head() == schema.NEWEST
