"""The whole command tree of this layer: what each word means, and the module that is loaded when it is run."""

from __future__ import annotations

from collections.abc import Mapping

import typer

from mailer.cli.app import top
from mailer.cli.later import Part, branch


def _part(module: str, text: str, register: str = "register") -> Part:
    return Part(module=f"mailer.cli.{module}", help=text, register=register)


def _on_inbox(module: str, text: str) -> Part:
    return _part(module, text, "register_on_inbox")


def _on_case(module: str, text: str) -> Part:
    return _part(module, text, "register_on_case")


def _on_log(module: str, text: str) -> Part:
    return _part(module, text, "register_on_log")


#: Word by word: reading files needs no database, looking at a case none of what writes one out.
INBOX = {
    "fetch": _on_inbox("mail", "Fetch and read what is new."),
    "list": _on_inbox("mail", "List the mail that waits for a person."),
    "show": _on_inbox("mail", "Show one mail: whose it is and why, what was read, its text."),
    "assign": _on_inbox("mail", "Say whose a mail is; it then holds and is read."),
    "decide": _on_inbox("mail", "Decide what a mail means."),
    "read": _on_inbox("read_files", "Read mail from files, keep nothing."),
    "reprocess": _on_inbox("mail", "Read a stored mail again, as if it had just come."),
    "withhold": _on_inbox("mail", "Keep a mail out of case files for others."),
    "authenticate": _on_inbox("authenticated", "Check who signed a mail (DKIM)."),
    "replay": _on_inbox("replays", "Read stored mail again, change nothing, show what differs."),
    "decided": _on_inbox("replays", "What people decided, as labelled data, a line per mail."),
}
CASE = {
    "list": _on_case("cases", "List the running cases."),
    "show": _on_case("cases", "Show a case: invoices, agreements, holds, mails, contacts."),
    "why": _on_case("cases", "Say why a customer, or one invoice, is or is not written to."),
    "close": _on_case("cases", "End a case: overdue invoices are not asked for any more."),
    "export": _on_case("exports", "Write a case as evidence that others can check."),
    "verify": _on_case("exports", "Check a case file, without a database."),
}
LOG = {
    "list": _on_log("cases", "List the record, the newest last."),
    "verify": _on_log("record_log", "Check the whole record against its log and what was signed."),
    "checkpoint": _on_log("record_log", "Sign (witnesses cosign) the record as it is now."),
    "prove": _on_log("record_log", "Prove that an event is in the signed log (C2SP tlog-proof)."),
    "stamp": _on_log("record_log", "Have the record as it is now stamped by the time-stamp server of the settings."),
    "anchors": _on_log("record_log", "List who outside has a signed state of the record, and since when."),
    "restart": _on_log("record_log", "Begin a new log when the old cannot go on."),
    "rotate": _on_log("record_log", "Let a new key sign the log."),
}
FIRST = {
    "init": _part("setup", "Set up a data folder: settings, database, paused."),
    "doctor": _part("setup", "Test servers, database, clock and files, with a fix per fault; sends nothing."),
    "backup": _part("setup", "Copy the database to one checked file while the service goes on."),
    "login": _part("login", "Log in at the mail provider with a code in any browser; keeps the login, no password."),
    "pause": _part("look_ahead", "Stop all sending at once; mail is still read."),
    "resume": _part("look_ahead", "Go live: reminders go out from now on, on record."),
    "status": _part("look_ahead", "Show mode, ledger, mail, what waits for a person and what goes out next."),
    "preview": _part("look_ahead", "Show the exact mail a customer gets next; nothing is sent."),
    "simulate": _part("look_ahead", "Show what would go out if nobody paid or answered; writes nothing."),
}
#: `workers.command` puts its own words before them.
NOUNS = {
    "invoices": _part("ledger", "What is owed: import, list, show, hold."),
    "payments": _part("ledger", "What was paid: import, add, list; confirm the balances."),
    "customers": _part("ledger", "Who owes: import, add, list, show."),
    "inbox": Part(help="Incoming mail: fetch, look, assign, decide.", words=INBOX),
    "outbox": _part("outbox", "Outgoing mail: look, settle what is in doubt."),
    "note": _part("by_hand", "Notes on a customer, on record."),
    "call": _part("by_hand", "Calls you made; one does the open call task."),
    "letter": _part("by_hand", "Letters you posted; one does the open letter task."),
    "meeting": _part("by_hand", "Meetings, on record."),
    "promise": _part("agreed", "Promises to pay: list, add, confirm, close."),
    "dispute": _part("agreed", "Disputes: list, add, accept, close."),
    "case": Part(help="Customers' accounts: list, show, why, close, export.", words=CASE),
    "log": Part(help="The record: who did what when.", words=LOG),
    "policy": _part("policies", "When to say what: list, show, check, compare."),
    "template": _part("policies", "The words: list, copy to change, check."),
    "subject": _part("subject", "Data about a customer: export, erase, hold, due."),
    "witness": _part("witness", "A witness for the record of somebody else's Duly."),
}


def command_line(parts: Mapping[str, Part]) -> typer.Typer:
    """Return `duly` with these words."""
    app = typer.Typer(
        name="duly",
        cls=branch(parts),
        no_args_is_help=True,
        add_completion=True,
        pretty_exceptions_show_locals=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    app.callback()(top)
    return app


app = command_line({**FIRST, **NOUNS})
