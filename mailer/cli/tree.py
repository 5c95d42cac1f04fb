"""The whole command tree of this layer, put together."""

from __future__ import annotations

from mailer.cli import (
    authenticated,
    by_hand,
    cases,
    exports,
    ledger,
    login,
    look_ahead,
    mail,
    outbox,
    outbox_release,
    policies,
    read_files,
    record_log,
    replays,
    setup,
    subject,
    witness,
)
from mailer.cli.app import app

for part in (setup, login, look_ahead, ledger, mail, outbox, by_hand, cases, policies, subject, witness):
    part.register(app)
by_hand.register_on_invoices(ledger.invoices_app)
read_files.register_on_inbox(mail.inbox_app)
authenticated.register_on_inbox(mail.inbox_app)
replays.register_on_inbox(mail.inbox_app)
exports.register_on_case(cases.case_app)
record_log.register_on_log(cases.log_app)
outbox_release.register_on_outbox(outbox.outbox_app)

__all__ = ["app"]
