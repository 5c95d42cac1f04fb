"""A small case, made by hand, that tests change where they need to."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from mailer.domain.money import Money
from mailer.dossier.eml import message_number
from mailer.dossier.model import (
    CaseAttachment,
    CaseContact,
    CaseCustomer,
    CaseDispute,
    CaseEvent,
    CaseFetched,
    CaseFile,
    CaseGone,
    CaseHold,
    CaseInvoice,
    CaseLog,
    CaseMessage,
    CasePayment,
    CasePromise,
    CaseWithheld,
    ContactKind,
    Direction,
    MessageContent,
)
from mailer.dossier.profiles import Purpose

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


def eur(minor: int) -> Money:
    return Money(minor=minor, currency="EUR")


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def invoice(number: str = "INV-1", **changes: Any) -> CaseInvoice:
    plain = CaseInvoice(
        number=number,
        issued_on=date(2026, 9, 1),
        due_on=date(2026, 10, 1),
        total=eur(10_000),
        open=eur(10_000),
        status="overdue",
    )
    return replace(plain, **changes)


def attachment(name: str, content: bytes = b"x") -> CaseAttachment:
    return CaseAttachment(name=name, media_type="text/plain", size_bytes=len(content), sha256=sha(content))


def message(position: int = 1, raw: bytes = b"From: a@b\r\n\r\nhello\r\n", **changes: Any) -> CaseMessage:
    plain = CaseMessage(
        number=message_number(position),
        direction=Direction.OUT,
        at=NOON,
        sender="us@acme.example",
        recipient="them@northwind.example",
        subject="A friendly reminder",
        message_id=f"<{position}@acme.example>",
        sha256=sha(raw),
        size_bytes=len(raw),
        outcome="accepted: 250 Ok",
        invoice_numbers=("INV-1",),
        log_index=position,
        leaf_sha256=sha(b"leaf"),
    )
    return replace(plain, **changes)


def content(position: int = 1, raw: bytes = b"From: a@b\r\n\r\nhello\r\n", *attached: bytes) -> MessageContent:
    return MessageContent(number=message_number(position), raw=raw, attachments=attached)


def case(**changes: Any) -> CaseFile:
    plain = CaseFile(
        case_id="case_1",
        exported_at=datetime(2026, 12, 1, 8, 30, tzinfo=UTC),
        tool="duly 0.1.0",
        seller_name="Acme Tools Ltd",
        customer=CaseCustomer(ref="C-1", name="Northwind Ltd", emails=("them@northwind.example",)),
        opened_at=NOON,
    )
    return replace(plain, **changes)


def full_case() -> CaseFile:  # long: one of everything
    """One of everything; three kinds of thing happen at the same second."""
    return case(
        customer=CaseCustomer(ref="C-1", name="Northwind Ltd", emails=("a@n.example", "b@n.example"), time_zone="UTC"),
        closed_at=datetime(2026, 11, 30, tzinfo=UTC),
        outcome="paid",
        scope="INV-1",
        invoices=(invoice(), invoice("INV-2", total=Money(minor=500, currency="GBP"), open=Money.zero("GBP"))),
        payments=(CasePayment(invoice_number="INV-1", paid_on=date(2026, 11, 4), amount=eur(4_000), reference="R1"),),
        messages=(message(), message(2, direction=Direction.IN, attachments=(attachment("slip.pdf"),), text="paid")),
        events=(CaseEvent(seq=7, at=NOON, type="mail.accepted", actor="system:drain", words="250 Ok", log_index=9),),
        promises=(
            CasePromise(
                invoice_numbers=("INV-1",),
                due_on=date(2026, 11, 10),
                pauses_until_on=date(2026, 11, 12),
                state="confirmed",
                confirmed=True,
                made_at=NOON,
                amount_text="60,00 EUR",
                message_number=message_number(2),
            ),
        ),
        disputes=(
            CaseDispute(invoice_numbers=("INV-1",), reason="price", state="closed", opened_at=NOON, closed_at=NOON),
            CaseDispute(invoice_numbers=("INV-2",), reason="late", state="open", opened_at=NOON),
        ),
        holds=(
            CaseHold(invoice_numbers=(), kind="reply", reason="a reply", placed_at=NOON, released_at=NOON),
            CaseHold(invoice_numbers=("INV-1",), kind="manual", reason="asked", placed_at=NOON),
        ),
        purpose=Purpose.AGENCY,
        since=date(2026, 9, 1),
        log=CaseLog(origin="acme.example/duly/log_1", size=12, root="ab" * 32, key_sha256="cd" * 32),
        fetched=(CaseFetched(log_index=2, at=NOON, leaf_sha256=sha(b"leaf")),),
        withheld=(
            CaseWithheld(log_index=11, at=NOON, type="note.added", why="an internal note"),
            CaseWithheld(log_index=4, at=NOON, type="mail.fetched", why="about another invoice"),
        ),
        not_retained=(
            CaseGone(number="DULY000004", direction=Direction.OUT, at=NOON, message_id="", sha256="", why="not sent"),
            CaseGone(number="DULY000003", direction=Direction.IN, at=NOON, message_id="<3@x>", sha256="", why="gone"),
        ),
        contacts=tuple(CaseContact(kind=kind, at=NOON, actor="person:owner", words="said") for kind in ContactKind),
    )
