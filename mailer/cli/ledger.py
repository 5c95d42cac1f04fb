"""The ledger's nouns: `duly invoices …`, `duly payments …`, `duly customers …`."""

from __future__ import annotations

import typer

from mailer.cli import holds, invoice_add
from mailer.cli.customers import customers_app
from mailer.cli.invoices import invoices_app
from mailer.cli.payments import payments_app


def register(app: typer.Typer) -> None:
    """Add the three nouns to the command tree."""
    app.add_typer(invoices_app, name="invoices")
    app.add_typer(payments_app, name="payments")
    app.add_typer(customers_app, name="customers")
    invoice_add.register_on_invoices(invoices_app)
    holds.register_on_invoices(invoices_app)
