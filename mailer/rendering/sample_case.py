"""A made-up case in which everything that a case file can hold happens, and an empty one, for the report to render."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from mailer.domain.money import Money
from mailer.dossier.eml import message_number
from mailer.dossier.model import (
    CaseAttachment,
    CaseContact,
    CaseCustomer,
    CaseDispute,
    CaseEvent,
    CaseFile,
    CaseHold,
    CaseInvoice,
    CaseMessage,
    CasePayment,
    CasePromise,
    ContactKind,
    Direction,
)
from mailer.dossier.printable import ChronologyValues, chronology_values
from mailer.dossier.profiles import RedactionProfile
from mailer.rendering.samples import HOSTILE_NAME

_TODAY = date(2026, 11, 3)
_NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
_TOMORROW = _NOON + timedelta(days=1)
_AMOUNT = Money(minor=10_000, currency="GBP")
_NUMBERS = ("INV-1",)

_REDACTION = RedactionProfile(name="contacts", about="addresses", blacked_out=frozenset())
_EMPTY = CaseFile(
    case_id="case_sample",
    exported_at=_NOON + timedelta(days=9),
    tool="duly",
    seller_name="Acme Tools Ltd",
    customer=CaseCustomer(ref="C-1", name="Northwind Ltd", emails=()),
    opened_at=_NOON - timedelta(days=2),
)
_CUSTOMER = CaseCustomer(
    ref="C-1",
    name=HOSTILE_NAME,
    emails=("maria@northwind.example",),
    contact_name="Maria Jones",
    time_zone="Europe/London",
)
_INVOICE = CaseInvoice(
    number="INV-1",
    issued_on=_TODAY - timedelta(days=40),
    due_on=_TODAY - timedelta(days=10),
    total=_AMOUNT,
    open=_AMOUNT,
    status="promised",
    status_reason="promised for 2026-11-10",
)
_REMINDER = CaseMessage(
    number=message_number(1),
    direction=Direction.OUT,
    at=_NOON,
    sender="accounts@acme.example",
    recipient="maria@northwind.example",
    subject="A friendly reminder: invoice INV-1",
    message_id="<1@acme.example>",
    sha256="0" * 64,
    size_bytes=2000,
    outcome="accepted: 250 2.0.0 Ok",
    text="Dear Maria Jones,\n\nwe have not yet seen full payment.",
    invoice_numbers=_NUMBERS,
)
_REPLY = replace(
    _REMINDER,
    number=message_number(2),
    direction=Direction.IN,
    at=_NOON + timedelta(hours=3),
    sender=HOSTILE_NAME,
    subject="Re: <script>alert(1)</script>",
    text=f"We pay on 10 November.\n</pre><script>alert(1)</script>{HOSTILE_NAME}\x07",
    attachments=(CaseAttachment(name="../=cmd.exe", media_type="text/plain", size_bytes=3, sha256="2" * 64),),
)
_PROMISE = CasePromise(
    invoice_numbers=_NUMBERS,
    due_on=_TODAY + timedelta(days=7),
    pauses_until_on=_TODAY + timedelta(days=10),
    state="tracked",
    confirmed=False,
    made_at=_NOON,
)
_DISPUTE = CaseDispute(invoice_numbers=_NUMBERS, reason="price", state="open", opened_at=_NOON)
_HOLD = CaseHold(
    invoice_numbers=(),
    kind="reply",
    reason="a reply came in",
    placed_at=_NOON,
    until_on=_TODAY,
    deadline_on=_TODAY,
    released_at=_TOMORROW,
    released_why="read",
)


def sample_case() -> CaseFile:
    """Return the full case; its hostile texts are in the customer's name and in the reply."""
    return replace(
        _EMPTY,
        closed_at=_NOON + timedelta(days=8),
        outcome="paid",
        scope="INV-1",
        customer=_CUSTOMER,
        invoices=(_INVOICE,),
        payments=(
            CasePayment(invoice_number="INV-1", paid_on=_TODAY, amount=_AMOUNT, reference="=1+1", source="bank"),
        ),
        messages=(_REMINDER, _REPLY),
        events=(CaseEvent(seq=1, at=_NOON, type="mail.accepted", actor="system:drain", words="250 Ok"),),
        promises=(_PROMISE,),
        disputes=(_DISPUTE, replace(_DISPUTE, state="closed", closed_at=_TOMORROW, outcome="withdrawn")),
        holds=(_HOLD,),
        contacts=tuple(CaseContact(kind=kind, at=_NOON, actor="person:owner", words="spoke") for kind in ContactKind),
    )


def chronology_samples() -> dict[str, ChronologyValues]:
    """Return values for the printable report, by what is special about them."""
    redacted = replace(sample_case(), redaction=_REDACTION)
    return {
        "a full case": chronology_values(sample_case()),
        "an empty case": chronology_values(_EMPTY),
        "a redacted case": chronology_values(redacted),
    }
