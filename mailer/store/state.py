"""Small facts about the whole service: its mode, how fresh the ledger is, who polls, and what was decided last."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, String, cast, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from mailer.domain.actions import NotNow
from mailer.domain.ids import CustomerId, InvoiceId, StepId, step_claim_key
from mailer.store.columns import among
from mailer.store.customers import chunks
from mailer.store.mail_tables import verdicts
from mailer.store.session import Tx, upsert, upsert_all
from mailer.store.tables import facts, leases

#: Whether mails may go out: LIVE, PAUSED or never set.
MODE = "mode"
LIVE, PAUSED = "live", "paused"
_MODE_HELD = select(facts.c.value).where(facts.c.name == MODE).with_for_update(read=True)
_GET_ALL = select(facts).where(among(facts.c.name, name="names"))


async def get(tx: Tx, name: str) -> str | None:
    """Return a fact by name, None when it was never set."""
    return (await get_all(tx, [name])).get(name)


async def get_all(tx: Tx, names: Sequence[str]) -> dict[str, str]:
    """Return several facts by name; those never set are missing."""
    if not names:
        return {}
    return {row.name: row.value for row in await tx.all(_GET_ALL, {"names": names})}


async def put(tx: Tx, name: str, value: str) -> None:
    """Set a fact."""
    await upsert(tx, facts, {"name": name, "value": value})


async def count_up(tx: Tx, name: str, *, most: int) -> bool:
    """Count one more under a name; returns False, with nothing counted, when it was counted `most` times already."""
    if most < 1:
        return False
    dialect_insert = sqlite.insert if tx.dialect == "sqlite" else postgresql.insert
    so_far = cast(facts.c.value, Integer)
    counted = dialect_insert(facts).values(name=name, value="1")
    counted = counted.on_conflict_do_update(
        index_elements=[facts.c.name], set_={"value": cast(so_far + 1, String)}, where=so_far < most
    )
    return await tx.run(counted) == 1


async def is_live(tx: Tx) -> bool:
    """Whether mails may go out. A fresh database is paused."""
    return await get(tx, MODE) == LIVE


async def hold_mode(tx: Tx) -> None:
    """Keep the mode as it is until this transaction has ended: who pauses meanwhile waits for it.

    On SQLite everybody who writes waits anyway.
    """
    if tx.dialect != "sqlite":
        await tx.first(_MODE_HELD)


async def ledger_as_of(tx: Tx) -> datetime | None:
    """Return when the balances were last confirmed, None for never."""
    value = await get(tx, "ledger_as_of")
    return datetime.fromisoformat(value) if value else None


async def confirm_ledger(tx: Tx, now: datetime) -> None:
    """Note that the balances are right as of now."""
    await put(tx, "ledger_as_of", now.isoformat())


async def lease(tx: Tx, name: str, owner: str, *, now: datetime, until_at: datetime) -> bool:
    """Take or renew a lease; returns False when somebody else holds it. Of several first takers one gets it."""
    dialect_insert = sqlite.insert if tx.dialect == "sqlite" else postgresql.insert
    statement = dialect_insert(leases).values(name=name, owner=owner, until_at=until_at)
    taken = statement.on_conflict_do_update(
        index_elements=[leases.c.name],
        set_={"owner": owner, "until_at": until_at},
        where=(leases.c.until_at <= now) | (leases.c.owner == owner),
    )
    return await tx.run(taken) == 1


async def unlease(tx: Tx, name: str, owner: str) -> None:
    """Give a lease back."""
    await tx.run(delete(leases).where(leases.c.name == name, leases.c.owner == owner))


async def verdicts_of(tx: Tx, ids: Sequence[CustomerId]) -> dict[CustomerId, dict[str, NotNow]]:
    """Return what was last decided not to be said to some customers, by step claim key."""
    found: dict[CustomerId, dict[str, NotNow]] = {one: {} for one in ids}
    for part in chunks(ids):
        for row in await tx.all(select(verdicts).where(among(verdicts.c.customer_id, part))):
            found[CustomerId(row.customer_id)][row.key] = _not_now(row)
    return found


async def put_verdicts(tx: Tx, found: Sequence[tuple[CustomerId, NotNow]], now: datetime) -> None:
    """Keep why due rungs are not said now."""
    rows = [
        {
            "key": step_claim_key(verdict.invoice_id, verdict.step_id, verdict.cycle),
            "customer_id": customer_id,
            "invoice_id": verdict.invoice_id,
            "step_id": verdict.step_id,
            "code": verdict.code,
            "why": verdict.why,
            "at": now,
        }
        for customer_id, verdict in found
    ]
    await upsert_all(tx, verdicts, rows)


async def drop_verdicts(tx: Tx, keys: list[str]) -> None:
    """Forget verdicts that no longer apply (the record keeps them)."""
    if keys:
        await tx.run(delete(verdicts).where(verdicts.c.key.in_(keys)))


def _not_now(row: Any) -> NotNow:
    return NotNow(
        invoice_id=InvoiceId(row.invoice_id),
        step_id=StepId(row.step_id),
        cycle=int(row.key.rpartition(":")[2]),
        code=row.code,
        why=row.why,
    )
