"""Short ways to write the words of the trade."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from mailer.domain.agreement import Dispute, DisputeState, Hold, HoldKind, Promise, PromiseState
from mailer.domain.case import CaseFacts
from mailer.domain.customer import Customer
from mailer.domain.ids import CustomerId, DisputeId, HoldId, InvoiceId, PromiseId
from mailer.domain.invoice import Invoice, InvoiceClosing
from mailer.domain.money import Money

CUSTOMER = Customer(id=CustomerId("cus_1"), ref="C1", name="Ada Ltd", email="ap@ada.test")
ONE, TWO = InvoiceId("inv_1"), InvoiceId("inv_2")
DUE = date(2026, 3, 2)


def day(number: int) -> date:
    return DUE + timedelta(days=number)


def at(number: int) -> datetime:
    return datetime(2026, 3, 2, 12, tzinfo=UTC) + timedelta(days=number)


def invoice(minor: int = 100, *, closing: InvoiceClosing | None = None, paid_on: date | None = None) -> Invoice:
    return Invoice(
        id=ONE,
        customer_id=CUSTOMER.id,
        number="R-1",
        issued_on=day(-30),
        due_on=DUE,
        total=Money(minor=100, currency="EUR"),
        open=Money(minor=minor, currency="EUR"),
        paid_on=paid_on,
        closing=closing,
    )


def promise(made: int = 0, *, until: int = 9, state: PromiseState = PromiseState.TRACKED) -> Promise:
    return Promise(
        id=PromiseId(f"prom_{made}"),
        customer_id=CUSTOMER.id,
        invoice_ids=(ONE,),
        due_on=day(until - 2),
        pauses_until_on=day(until),
        state=state,
        made_at=at(made),
    )


def dispute(state: DisputeState = DisputeState.DRAFT) -> Dispute:
    return Dispute(
        id=DisputeId("disp_1"),
        customer_id=CUSTOMER.id,
        invoice_ids=(ONE,),
        reason="price",
        state=state,
        opened_at=at(3),
    )


def hold(*covered: InvoiceId, kind: HoldKind = HoldKind.REPLY, placed: int = 0, until: int | None = None) -> Hold:
    return Hold(
        id=HoldId(f"hold_{placed}"),
        customer_id=CUSTOMER.id,
        invoice_ids=covered,
        kind=kind,
        reason="they wrote",
        placed_at=at(placed),
        until_on=None if until is None else day(until),
    )


def facts(
    *, promises: tuple[Promise, ...] = (), disputes: tuple[Dispute, ...] = (), holds: tuple[Hold, ...] = ()
) -> CaseFacts:
    return CaseFacts(customer=CUSTOMER, invoices=(invoice(),), promises=promises, disputes=disputes, holds=holds)
