from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date

import pytest

from mailer.domain.money import Money
from mailer.dossier import account
from mailer.dossier.model import CaseFile, CaseInvoice, CasePayment
from tests.core.dossier.made import case, eur, full_case, invoice


def table(made: CaseFile, name: str) -> list[dict[str, str]]:
    found = {entry.path: entry.content for entry in account.entries(made)}
    return list(csv.DictReader(io.StringIO(found[f"data/account/{name}.csv"].decode(), newline="")))


def paid(minor: int) -> CasePayment:
    return CasePayment(invoice_number="INV-1", paid_on=date(2026, 11, 4), amount=eur(minor), reference="transfer 77")


def test_the_balance_runs_in_each_currency_and_ends_at_what_the_ledger_says_is_open() -> None:
    made = case(
        invoices=(
            invoice(open=eur(6_000)),
            invoice("INV-2", issued_on=date(2026, 9, 15), total=eur(2_500), open=eur(2_500)),
            invoice("INV-3", total=Money(minor=700, currency="JPY"), open=Money(minor=700, currency="JPY")),
        ),
        payments=(paid(4_000),),
    )
    found = [
        (r["currency"], r["date"], r["kind"], r["charge"], r["credit"], r["balance"])
        for r in table(made, "statement_of_account")
    ]
    assert found == [
        ("EUR", "2026-09-01", "invoice", "100.00", "", "100.00"),
        ("EUR", "2026-09-15", "invoice", "25.00", "", "125.00"),
        ("EUR", "2026-11-04", "payment", "", "40.00", "85.00"),
        ("JPY", "2026-09-01", "invoice", "700", "", "700"),
    ]


@pytest.mark.parametrize(
    ("one", "payments", "kind", "on", "credit", "balance"),
    [
        # The ledger shows a part payment that no payment row explains.
        (invoice(open=eur(6_000)), (), "ledger", "2026-12-01", "40.00", "60.00"),
        # Paid in full according to the ledger, half of it known.
        (invoice(open=eur(0), paid_on=date(2026, 11, 20)), (paid(5_000),), "ledger", "2026-11-20", "50.00", "0.00"),
        # Void and written off are no longer owed, though the ledger shows a balance.
        (invoice(closing="void"), (), "closing", "2026-12-01", "100.00", "0.00"),
        (invoice(closing="written_off", open=eur(6_000)), (paid(4_000),), "closing", "2026-12-01", "60.00", "0.00"),
    ],
)
def test_what_payments_do_not_explain_is_a_line_of_its_own(
    one: CaseInvoice, payments: tuple[CasePayment, ...], kind: str, on: str, credit: str, balance: str
) -> None:
    last = table(case(invoices=(one,), payments=payments), "statement_of_account")[-1]
    assert (last["kind"], last["date"], last["credit"], last["balance"]) == (kind, on, credit, balance)


def test_a_debt_handed_over_is_still_owed_and_a_settled_void_needs_no_line() -> None:
    handed_over = table(case(invoices=(invoice(closing="handed_over"),)), "statement_of_account")
    assert [row["balance"] for row in handed_over] == ["100.00"]
    void = table(case(invoices=(invoice(closing="void", total=eur(0), open=eur(0)),)), "statement_of_account")
    assert [row["kind"] for row in void] == ["invoice"]


def test_an_overpayment_and_a_payment_in_another_currency_do_not_break_the_statement() -> None:
    foreign = CasePayment(invoice_number="INV-1", paid_on=date(2026, 11, 5), amount=Money(minor=100, currency="USD"))
    rows = table(case(invoices=(invoice(open=eur(-500)),), payments=(paid(10_500), foreign)), "statement_of_account")
    assert [(row["currency"], row["balance"]) for row in rows] == [
        ("EUR", "100.00"),
        ("EUR", "-5.00"),
        ("USD", "-1.00"),
    ]


def test_every_agreement_and_contact_has_its_table() -> None:
    made = full_case()
    (promise,) = table(made, "promises")
    assert promise == {
        "invoices": "INV-1",
        "made_at": "2026-11-03T12:00:00Z",
        "promised_for": "2026-11-10",
        "pauses_until": "2026-11-12",
        "amount": "60,00 EUR",
        "state": "confirmed",
        "confirmed": "yes",
        "message": "DULY000002",
    }
    assert [row["reason"] for row in table(made, "disputes")] == ["price", "late"]
    assert [(row["invoices"], row["kind"]) for row in table(made, "holds")] == [("INV-1", "manual"), ("all", "reply")]
    assert {row["kind"] for row in table(made, "calls")} == {"call", "letter", "meeting", "note"}
    assert [(row["invoice"], row["total"], row["open"]) for row in table(made, "invoices")] == [
        ("INV-1", "100.00", "100.00"),
        ("INV-2", "5.00", "0.00"),
    ]
    assert [row["amount"] for row in table(made, "payments")] == ["40.00"]
    tracked = replace(made, promises=tuple(replace(one, confirmed=False) for one in made.promises))
    assert table(tracked, "promises")[0]["confirmed"] == "no"


def test_the_tables_are_there_even_when_nothing_is_in_them() -> None:
    names = [entry.path.rpartition("/")[2] for entry in account.entries(case())]
    assert names == [
        "invoices.csv", "payments.csv", "statement_of_account.csv", "promises.csv", "disputes.csv", "holds.csv",
        "calls.csv",
    ]  # fmt: skip
