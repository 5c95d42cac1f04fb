"""All that is kept about one customer, as files for the person it is about (GDPR art. 15 and 20)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from mailer.domain.customer import Customer
from mailer.flows.find_customer import the_customer
from mailer.flows.recording import happened
from mailer.flows.whole_file import create_file
from mailer.store import events, subjects
from mailer.store.session import Store

_ENDINGS = {"raw_mail": "eml", "message": "eml", "reading": "json"}
_README = """What is kept about {name} ({ref}), {at}.

rows.json      every row of the tables that are about it, by table
events.ndjson  what happened, one event a line, with its words
kept/          mails and messages as they went over the wire (.eml), what was read from mails (.json), words of calls
"""


class ExportRefused(ValueError):
    """The files cannot be written there; nothing was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectExport:
    """The folder, and how many rows, events and kept pieces are in it."""

    path: Path
    rows: int
    events: int
    kept: int


async def export_subject(store: Store, said: str, *, out: Path, actor: str, now: datetime) -> SubjectExport:
    """Write everything about a customer into a new folder below `out`; the export is an event.

    Raises ExportRefused, NotOneCustomer, OSError; after any of them nothing is left behind.
    """
    async with store.reading() as tx:
        customer = await the_customer(tx, said)
    path = _folder(out, f"SUBJECT-{customer.id}-{now:%Y%m%dT%H%M%S}")
    try:
        made = await _written(store, customer, path, now)
        payload: dict[str, object] = {"rows": made.rows, "events": made.events, "kept": made.kept}
        async with store.transaction() as tx:
            happening = happened("subject.exported", now=now, actor=actor, customer_id=customer.id, payload=payload)
            await events.record(tx, [happening])
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise
    return made


async def _written(store: Store, customer: Customer, path: Path, now: datetime) -> SubjectExport:
    async with store.reading() as tx:
        rows: dict[str, list[Mapping[str, Any]]] = {}
        async for table, row in subjects.rows_about(tx, customer.id):
            rows.setdefault(table, []).append(row)
        create_file(path / "rows.json", _json(rows, indent=1))
        told = [asdict(one) async for one in events.stream(tx, customer_id=customer.id)]
        create_file(path / "events.ndjson", "".join(f"{_json(one)}\n" for one in told))
        kept = 0
        async for payload_id, kind, body in subjects.payloads_about(tx, customer.id):
            (path / "kept" / f"{payload_id}.{_ENDINGS.get(kind, 'txt')}").write_bytes(body)
            kept += 1
    create_file(path / "README.txt", _README.format(name=customer.name, ref=customer.ref, at=now.isoformat()))
    return SubjectExport(path=path, rows=sum(map(len, rows.values())), events=len(told), kept=kept)


def _folder(out: Path, name: str) -> Path:
    path = out / name
    if not out.is_dir():
        raise ExportRefused(f"there is no folder {out}: make it first")
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        raise ExportRefused(f"{path} is there already and is never overwritten") from None
    (path / "kept").mkdir()
    return path


def _json(value: object, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=indent, default=_plain)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)
