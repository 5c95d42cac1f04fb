"""Reading mail from files against a world in a file: no database, no network, no clock; nothing is kept or sent.

The mails pass the same pure steps as fetched ones. They are taken apart in this very process: the caps of
`mailer.replies.caps` hold here too, and whoever reads a file of his own puts no service at risk. Only PDFs are read in
the sandbox, which starts with the first of them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import date, timedelta

from mailer.domain.ids import InvoiceId
from mailer.domain.message import InboundMail
from mailer.domain.reading import Finding, MailKind, Match, Reading
from mailer.flows.match_files import NO_KEY, Shelf, match_file
from mailer.replies.effect import Outlook, outlook
from mailer.replies.numbers import normalise_number
from mailer.replies.parse import parse
from mailer.replies.phrases import Phrases
from mailer.replies.react import react
from mailer.replies.reading import read
from mailer.replies.route import route
from mailer.replies.said import add_business_days
from mailer.sandbox.sandbox import Sandbox

_GRACE = timedelta(days=2)
#: For a mail without a Date: no day is read from it, and the deadlines that count from here are nobody's.
_NO_DAY = date(1970, 1, 1)
_UNDATED = "it has no date, so its days cannot be counted"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReading:
    """What one file says: its SHA-256 (hex), the reading, whose it is, and what it would do to the reminders."""

    sha256: str
    mail: InboundMail
    reading: Reading
    match: Match
    outlook: Outlook


async def read_file(content: bytes, shelf: Shelf, phrases: Phrases, sandbox: Sandbox) -> FileReading:
    """Return what a mail says; never raises for anything a mail may contain. Raises SandboxUnavailable."""
    mail = await sandbox.with_texts(parse(content))
    kind = route(mail, own_addresses=(shelf.mailbox,) if shelf.mailbox else (), key=NO_KEY)
    found, parts = match_file(mail, shelf)
    who = shelf.customers.get(found.customer_id) if found.customer_id else None
    reading = read(
        mail,
        parts,
        kind=kind,
        language_hint=who.language if who else "",
        country=who.country if who else "",
        phrases=phrases,
    )
    actions = react(
        reading,
        found,
        received_on=mail.sent_at.date() if mail.sent_at else _NO_DAY,
        pauses_until=lambda day: day + _GRACE,
        business_days_after=add_business_days,
        hold_lapsed_recently=False,
        sent_to=_sent_to(shelf, found),
        sender=mail.from_email,
    )
    return FileReading(
        sha256=hashlib.sha256(content).hexdigest(),
        mail=mail,
        reading=reading,
        match=found,
        outlook=_doubting(outlook(reading, found, actions), mail, reading),
    )


def _doubting(sure: Outlook, mail: InboundMail, reading: Reading) -> Outlook:
    """Return the outlook, for a person when somebody wrote a mail without a Date."""
    if mail.sent_at or reading.kind is not MailKind.HUMAN or sure.review:
        return sure
    return replace(sure, review=True, why=f"{sure.why}; for a person, because {_UNDATED}")


def _sent_to(shelf: Shelf, found: Match) -> str:
    return shelf.sent[found.outbox_id][1].recipient if found.outbox_id else ""


def values_of(name: str, one: FileReading) -> dict[str, object]:
    """Return the JSON object that is printed for one file."""
    reading, found = one.reading, one.match
    return {
        "file": name,
        "sha256": one.sha256,
        "kind": reading.kind.value,
        "language": reading.language,
        "own": reading.own,
        "intents": [_intent(finding, found.invoice_ids) for finding in reading.findings],
        "flags": list(reading.flags),
        "return_on": reading.return_on.isoformat() if reading.return_on else None,
        "delegate": reading.delegate,
        "match": {
            "customer": found.customer_id,
            "invoices": list(found.invoice_ids),
            "method": found.method.value,
            "confidence": found.confidence,
            "sender": found.sender.value,
            "candidates": [
                {"customer": c.customer_id, "invoices": list(c.invoice_ids), "method": c.method.value, "why": c.why}
                for c in found.candidates
            ],
        },
        "effect": one.outlook.effect,
        "review": one.outlook.review,
        "why": one.outlook.why,
        "engine": reading.engine,
    }


def _intent(finding: Finding, invoice_ids: tuple[InvoiceId, ...]) -> dict[str, object]:
    named = set(finding.invoice_numbers)
    return {
        "intent": finding.intent.value,
        "confidence": round(finding.confidence, 3),
        "invoices": [number for number in invoice_ids if normalise_number(number) in named],
        "date": finding.on.isoformat() if finding.on else None,
        "date_kind": finding.date_kind,
        "amount": finding.amount.amount if finding.amount else None,
        "currency": finding.amount.currency if finding.amount else None,
        "instalments": [
            {"date": part.on.isoformat(), "amount": part.amount.amount if part.amount else None}
            for part in finding.instalments
        ],
        "reason": finding.reason,
        "condition": finding.condition,
        "contact": finding.contact,
        "reference": finding.reference,
        "evidence": [
            {
                "start": proof.start,
                "end": proof.end,
                "text": proof.text,
                "rule": proof.rule,
                "attachment": proof.attachment or None,
            }
            for proof in finding.evidence
        ],
    }
