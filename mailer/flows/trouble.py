"""What keeps a job from its work: noted once when it begins and once when it ends, shown by `duly status`."""

from __future__ import annotations

from datetime import datetime

from mailer.flows.recording import happened
from mailer.store import events, state
from mailer.store.session import Store

JOBS = ("tick", "drain", "poll", "settle", "copies", "seal", "stamp", "cosign", "mail_anchor", "authenticate")


async def note_trouble(store: Store, *, job: str, trouble: str, now: datetime) -> None:
    """Keep a job's present trouble ("" for none); an event is recorded only when it changes."""
    name = f"trouble:{job}"
    async with store.reading() as tx:
        before = await state.get(tx, name) or ""
    text = trouble.splitlines()[0][:300] if trouble else ""
    if before == text:
        return
    async with store.transaction() as tx:
        await state.put(tx, name, text)
        type_ = "job.failed" if text else "job.recovered"
        payload: dict[str, object] = {"job": job, "trouble": text or before}
        await events.record(tx, [happened(type_, now=now, actor=f"system:{job}", payload=payload)])


async def troubles(store: Store) -> dict[str, str]:
    """Return the jobs that are in trouble now, with the reason."""
    async with store.reading() as tx:
        found = {job: await state.get(tx, f"trouble:{job}") or "" for job in JOBS}
    return {job: why for job, why in found.items() if why}


async def note_inbox_read(store: Store, now: datetime) -> None:
    """Note that every folder was looked into and every stored mail was read; sending depends on it."""
    async with store.transaction() as tx:
        await state.put(tx, "inbox_read_at", now.isoformat())
