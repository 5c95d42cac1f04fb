"""State tables rebuilt from nothing but the record: whoever has the events has the history.

Covered, with the columns named here: customers, invoices, cases, outbox, step_claims (those that a message said),
mails, holds, promises, disputes as they were drafted, and authentications (the keys themselves stand in the texts that
their events name). Not covered: payments, tasks, contacts, verdicts, suppressions, attempts, and what only steers the
service (folders, leases, facts, freezes).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mailer.domain.money import Money
from mailer.store.columns import metadata
from mailer.store.events import RecordedEvent
from mailer.store.session import Tx

Row = dict[str, Any]
Tables = dict[str, dict[str, Row]]
NAMES = ("customers", "invoices", "cases", "outbox", "step_claims", "mails", "holds", "promises", "disputes",
         "authentications")  # fmt: skip
_ENDS = ("sent", "failed", "cancelled", "expired", "unknown", "deferred")


def replayed(happened: Sequence[RecordedEvent]) -> Tables:
    """Return the tables as the events say they are, each row by its id."""
    tables: Tables = {name: {} for name in NAMES}
    for event in happened:
        if event.type.partition(".")[0] == "reminder" and event.type.partition(".")[2] in _ENDS:
            tables["outbox"][event.refs["message"]]["state"] = event.type.partition(".")[2]
        elif event.type in _STEPS:
            _STEPS[event.type](tables, event)
    return tables


def _customer_added(tables: Tables, event: RecordedEvent) -> None:
    tables["customers"][str(event.customer_id)] = dict(event.payload)


def _changed(name: str, ref: str) -> Callable[[Tables, RecordedEvent], None]:
    def step(tables: Tables, event: RecordedEvent) -> None:
        row = tables[name][event.refs[ref] if ref else str(event.customer_id)]
        row.update({field: change["new"] for field, change in event.payload["changes"].items()})

    return step


def _invoice_imported(tables: Tables, event: RecordedEvent) -> None:
    tables["invoices"][event.refs["invoice"]] = {"customer_id": event.customer_id, **event.payload}


def _case(tables: Tables, event: RecordedEvent) -> None:
    row = tables["cases"].setdefault(str(event.case_id), {"customer_id": event.customer_id, "outcome": ""})
    row["outcome"] = event.payload.get("outcome", "")


def _queued(tables: Tables, event: RecordedEvent) -> None:
    said = {name: event.payload[name] for name in ("message_id", "subject", "template", "language")}
    message = event.refs["message"]
    tables["outbox"][message] = {"customer_id": event.customer_id, "state": "queued", **said}
    for step in event.payload["steps"]:
        key = f"step:{step['invoice']}:{step['step']}:{step['cycle']}"
        tables["step_claims"][key] = {"outbox_id": message, "currency": step["currency"]}


def _fetched(tables: Tables, event: RecordedEvent) -> None:
    said = {name: event.payload[name] for name in ("sha256", "size", "uid", "folder")}
    tables["mails"][event.refs["mail"]] = {**said, "customer_id": None, "kind": None, "method": None}


def _matched(tables: Tables, event: RecordedEvent) -> None:
    said = {name: event.payload[name] for name in ("kind", "method")}
    tables["mails"][event.refs["mail"]].update(customer_id=event.customer_id, **said)


def _hold_placed(tables: Tables, event: RecordedEvent) -> None:
    said = {name: event.payload[name] for name in ("kind", "reason", "until_on", "deadline_on")}
    row = {"customer_id": event.customer_id, "invoice_ids": event.payload["invoices"], **said, "released": False}
    tables["holds"][event.refs["hold"]] = row


def _hold_ended(tables: Tables, event: RecordedEvent) -> None:
    tables["holds"][event.refs["hold"]]["released"] = True


def _promise(tables: Tables, event: RecordedEvent) -> None:
    row = tables["promises"].setdefault(event.refs["promise"], {"customer_id": event.customer_id})
    row["state"] = event.type.partition(".")[2]
    if "pauses_until_on" in event.payload:
        said = {name: event.payload[name] for name in ("due_on", "pauses_until_on")}
        row.update(invoice_ids=event.payload["invoices"], **said)


def _dispute(tables: Tables, event: RecordedEvent) -> None:
    row = {"customer_id": event.customer_id, "invoice_ids": event.payload["invoices"], "state": "draft"}
    tables["disputes"][event.refs["dispute"]] = row | {"reason": event.payload["reason"]}


def _authenticated(tables: Tables, event: RecordedEvent) -> None:
    said = {name: event.payload[name] for name in ("verdict", "attempt", "reason")}
    row = {"mail_id": event.refs["mail"], "customer_id": event.customer_id, "many": event.payload["signatures"]}
    tables["authentications"][event.refs["authentication"]] = row | said | {"results": event.payload["server_said"]}


_STEPS: Mapping[str, Callable[[Tables, RecordedEvent], None]] = {
    "customer.added": _customer_added,
    "customer.changed": _changed("customers", ""),
    "invoice.imported": _invoice_imported,
    "invoice.changed": _changed("invoices", "invoice"),
    "case.opened": _case,
    "case.closed": _case,
    "reminder.queued": _queued,
    "mail.fetched": _fetched,
    "mail.matched": _matched,
    "mail.authenticated": _authenticated,
    "hold.placed": _hold_placed,
    "hold.ended": _hold_ended,
    "promise.tracked": _promise,
    "promise.kept": _promise,
    "promise.broken": _promise,
    "dispute.drafted": _dispute,
}


async def present(tx: Tx, wanted: Tables) -> Tables:
    """Return the tables as the database has them, in the columns that `wanted` has."""
    found: Tables = {}
    for name in NAMES:
        columns = next(iter(wanted[name].values()), {})
        key = "key" if name == "step_claims" else "id"
        rows = [dict(row._mapping) for row in await tx.all(metadata.tables[name].select())]
        if name == "step_claims":
            rows = [row for row in rows if row["outbox_id"]]
        found[name] = {row[key]: {column: _plain(row, column) for column in columns} for row in rows}
    return found


def _plain(row: Row, column: str) -> Any:
    """Return a column as events write it."""
    if column == "released":
        return row["released_at"] is not None
    if column in ("total", "open"):
        return str(Money(minor=row[f"{column}_minor"], currency=row["currency"]))
    value = row[column]
    if column in ("other_emails", "tags"):
        return "|".join(value)
    if column in ("paid_on", "closing"):
        return "" if value is None else str(value)
    return value.isoformat() if hasattr(value, "isoformat") else value
