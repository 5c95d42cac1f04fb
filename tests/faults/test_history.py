"""The checker itself: it is content with a true history, and objects to each kind of lie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from mailer.domain.agreement import HoldKind
from mailer.store.events import RecordedEvent
from tests.faults.history import Delivery, History, Row, recall
from tests.faults.invariants import RULES, check, tally, violations
from tests.faults.watch import watch
from tests.stories.world import World

DUE = date(2026, 9, 4)


Spoil = Callable[[History], History]


def _first(table: str, **values: Any) -> Spoil:
    """The first row of a table is changed."""

    def spoil(h: History) -> History:
        first, *rest = getattr(h, table)
        changed: dict[str, Any] = {table: ({**first, **values}, *rest)}
        return replace(h, **changed)

    return spoil


def _rows(table: str, change: Callable[[History, tuple[Any, ...]], tuple[Any, ...]]) -> Spoil:
    def spoil(h: History) -> History:
        changed: dict[str, Any] = {table: change(h, getattr(h, table))}
        return replace(h, **changed)

    return spoil


def _more(table: str, row: Callable[[History], Any]) -> Spoil:
    return _rows(table, lambda h, rows: (*rows, row(h)))


def _fewer(table: str) -> Spoil:
    return _rows(table, lambda _, rows: rows[1:])


def _mail(**values: Any) -> Spoil:
    """The first mail at the sink is another."""
    return lambda h: replace(h, deliveries=(replace(h.deliveries[0], **values), *h.deliveries[1:]))


def _event(type_: str, change: Callable[[RecordedEvent, History], RecordedEvent]) -> Spoil:
    """The first event of a type is changed."""

    def spoil(h: History) -> History:
        place = next(n for n, event in enumerate(h.events) if event.type == type_)
        return replace(h, events=(*h.events[:place], change(h.events[place], h), *h.events[place + 1 :]))

    return spoil


def _of(h: History, type_: str) -> list[RecordedEvent]:
    return [event for event in h.events if event.type == type_]


def _to_a_stranger(h: History) -> History:
    strange = replace(h, outbox=tuple({**row, "recipient": "x@y.example"} for row in h.outbox))
    return _mail(recipients=("x@y.example",))(strange)


def _somebody_elses(h: History) -> History:
    return _mail(raw=h.deliveries[0].raw.replace(b"INV-1", b"INV-2"))(h)


def _forgotten(h: History) -> History:
    cancelled = _first("outbox", state="cancelled")(h)
    return replace(cancelled, claims=tuple({**claim, "how": "queued"} for claim in h.claims))


def _read_again(h: History) -> History:
    return replace(h, events=(*h.events, *_of(h, "reply.read")))


def _lease(h: History) -> Row:
    return {"name": "poll:x", "owner": "poll_x", "until_at": h.now + timedelta(hours=1)}


def _under_hold(h: History) -> History:
    return _first("watched", holds=h.holds[0]["id"])(h)


def _overdue(h: History) -> History:
    return _first("outbox", state="queued", due_at=h.now - timedelta(hours=1))(h)


LIES: list[tuple[str, str, Spoil]] = [
    ("i1", "a sent mail never arrived", _fewer("deliveries")),
    ("i1", "a message vanished", _fewer("outbox")),
    ("i1", "a message is stuck", _first("outbox", state="in_data")),
    ("i1", "planned without a trace", lambda h: replace(h, events=())),
    ("i1", "a rung forgot its message", _forgotten),
    ("i2", "one mail arrived twice", _more("deliveries", lambda h: h.deliveries[0])),
    ("i2", "two say one rung", _event("reminder.queued", lambda e, h: replace(e, payload=_of(h, e.type)[1].payload))),
    ("i3", "the money had come", _first("watched", open_minor=0)),
    ("i3", "a hold was running", _under_hold),
    ("i3", "the service was paused", _first("watched", live="paused")),
    ("i4", "it went to two people", _mail(recipients=("ap@alder.example", "x@y.example"))),
    ("i4", "it went to a stranger", _to_a_stranger),
    ("i4", "it names somebody else's invoice", _somebody_elses),
    ("i4", "it came from nowhere", _mail(message_id="nobody@nowhere.example")),
    ("i5", "two mails on one day", _more("outbox", lambda h: {**h.outbox[0], "id": "out_2"})),
    ("i6", "other bytes went out", _mail(raw=b"Subject: other\r\n\r\nwords\r\n")),
    ("i6", "the frozen bytes are gone", lambda h: replace(h, bodies={})),
    ("i6", "a mail was altered", _first("mails", sha256="0" * 64)),
    ("i7", "a payload was altered", _event("reminder.queued", lambda e, _: replace(e, commitment="0" * 64))),
    ("i7", "a payload is gone", lambda h: replace(h, seals={})),
    ("i8", "a mail came from nowhere", lambda h: replace(h, events=())),
    ("i8", "bytes let go in silence", _first("mails", direction="out", payload_id="")),
    ("i8", "a reply is missing", _more("arrived", lambda _: "0" * 64)),
    ("i8", "a reply was read twice", _read_again),
    ("i9", "a mail said it is paid", _event("invoice.imported", lambda e, _: replace(e, actor="system:read"))),
    ("i9", "a balance moved by itself", _first("invoices", open_minor=1)),
    ("i10", "doubt that nobody sees", _first("outbox", state="unknown")),
    ("i12", "due and not sent", _overdue),
    ("i12", "a lease nobody returned", _first("outbox", lease_owner="proc_x")),
    ("i12", "a mailbox held for ever", _more("leases", _lease)),
    ("i12", "a mail nobody read", _first("mails", state="stored")),
]


async def _a_true_history(world: World) -> History:
    await watch(world.app.store)
    await world.owe("INV-1", due=DUE)
    await world.owe("INV-2", due=DUE, customer="K2", email="ap@birch.example")
    await world.round()
    first = next(mail for mail in world.mails if "INV-1" in str(mail["Subject"]))
    world.reply(first, "I wonder what this is about.")
    await world.round()
    return await recall(
        world.app.store,
        deliveries=sorted((Delivery.of(r) for r in world.smtp.messages), key=lambda d: d.recipients),
        arrived=[path.read_bytes() for path in world.dovecot.maildir().glob("*/*.duly*")],
        now=world.clock(),
    )


async def test_a_true_history_is_believed_and_every_lie_is_found(world: World) -> None:
    history = await _a_true_history(world)
    held = history.holds[0]["invoice_ids"][0]
    first = next(claim for claim in history.claims if claim["invoice_id"] == held and claim["outbox_id"])
    history = replace(
        history,
        outbox=tuple(sorted(history.outbox, key=lambda row: row["recipient"])),
        invoices=tuple(sorted(history.invoices, key=lambda row: str(row["number"]))),
        watched=tuple(sorted(history.watched, key=lambda row: row["outbox_id"] != first["outbox_id"])),
    )
    check(history)
    assert [hold["kind"] for hold in history.holds] == [HoldKind.REPLY]
    assert len(history.watched) == len(history.arrived) + 1 == 2
    assert (tally(history).messages, tally(history).lost, tally(history).doubled) == (2, 0, 0)
    for rule, lie, spoil in LIES:
        found = {one.rule.partition("_")[0] for one in violations(spoil(history))}
        assert rule in found, f"{lie}: nobody objected ({found})"


def test_every_rule_has_its_lie() -> None:
    assert {rule.__name__.partition("_")[0] for rule in RULES} == {rule for rule, _, _ in LIES}


@pytest.mark.parametrize("doubled", [False, True])
async def test_the_figures_count_what_is_lost_and_doubled(world: World, *, doubled: bool) -> None:
    history = await _a_true_history(world)
    spoilt = (*history.deliveries, history.deliveries[0]) if doubled else history.deliveries[1:]
    figures = tally(replace(history, deliveries=spoilt))
    assert (figures.lost, figures.doubled) == ((0, 1) if doubled else (1, 0))
