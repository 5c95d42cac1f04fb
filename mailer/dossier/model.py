"""What a case file is made of: plain values that the export flow fills from the store.

Texts of mails and names are as they came in, hostile or not; whoever writes them into a file makes them harmless.
Invoice numbers are the seller's own; message numbers such as "DULY000001" come from `message_number`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from mailer.domain.money import Money
from mailer.dossier.profiles import Purpose, RedactionProfile


class Direction(StrEnum):
    """Which way a message went."""

    OUT = "out"
    IN = "in"


class ContactKind(StrEnum):
    """What a person did by hand, as logged."""

    CALL = "call"
    LETTER = "letter"
    MEETING = "meeting"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCustomer:
    """Who owes; `time_zone` is the IANA zone of all local dates in the file."""

    ref: str
    name: str
    emails: tuple[str, ...]
    contact_name: str = ""
    country: str = ""
    time_zone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseInvoice:
    """One invoice as the ledger shows it; `closing` is the word of `InvoiceClosing`, "" while it is chased."""

    number: str
    issued_on: date
    due_on: date
    total: Money
    open: Money
    status: str
    status_reason: str = ""
    reference: str = ""
    paid_on: date | None = None
    closing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePayment:
    """One payment known in detail. `source` says where it came from (an import, a person)."""

    invoice_number: str
    paid_on: date
    amount: Money
    reference: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseAttachment:
    """An attachment as the sender named it; `sha256` of its decoded content, in hex."""

    name: str
    media_type: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFacts:
    """What else the header of a mail says, as it says it. `date` in UTC as "2026-11-03T09:00:00Z", "" when unreadable.

    `defects`: what could not be read; `md5` of the exact bytes, which review platforms ask for.
    """

    date: str = ""
    cc: str = ""
    bcc: str = ""
    in_reply_to: str = ""
    references: str = ""
    content_type: str = ""
    md5: str = ""
    defects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseMessage:
    """One mail, out or in. Its bytes are not here: they come one message at a time, as `MessageContent`.

    `at` is when it was handed over (out) or fetched (in), aware UTC. `sha256` is that of the exact bytes, in hex.
    `outcome` is what became of it, with the words of the server or of the reading. `text` is the body as text, cut by
    the flow to a sensible length. `recipient` may be several addresses. `log_index`, `leaf_sha256`: the entry of the
    log whose event names the mail by its SHA-256. `dkim`: what its signatures were worth, "" when nobody looked.
    `redacted`: it is left out, and what is said of it here may be read.
    """

    number: str
    direction: Direction
    at: datetime
    sender: str
    recipient: str
    subject: str
    message_id: str
    sha256: str
    size_bytes: int
    outcome: str
    text: str = ""
    invoice_numbers: tuple[str, ...] = ()
    attachments: tuple[CaseAttachment, ...] = ()
    mail: MailFacts = field(default_factory=MailFacts)
    log_index: int = 0
    leaf_sha256: str = ""
    dkim: str = ""
    redacted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageContent:
    """The exact bytes of one message, and its decoded attachments in the order of `CaseMessage.attachments`."""

    number: str
    raw: bytes
    attachments: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEvent:
    """One line of the record: `seq` is its place there, `type` as in `Event`, `words` the payload in a sentence.

    `log_index` and `leaf_sha256` (hex) are those of its entry in the log.
    """

    seq: int
    at: datetime
    type: str
    actor: str
    words: str = ""
    invoice_numbers: tuple[str, ...] = ()
    log_index: int = 0
    leaf_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFetched:
    """The entry of the log that brought a mail before it was known whose it is."""

    log_index: int
    at: datetime
    leaf_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseWithheld:
    """An entry of the log that is left out of this case file, and why."""

    log_index: int
    at: datetime
    type: str
    why: str
    leaf_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseGone:
    """A message that is not here: its number, what is still known of it, and why. `sha256` "" when never noted."""

    number: str
    direction: Direction
    at: datetime
    message_id: str
    sha256: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLog:
    """The signed head that the case file was made at: whose log, how many entries, root (hex), key's SHA-256 (hex)."""

    origin: str = ""
    size: int = 0
    root: str = ""
    key_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReport:
    """The PDF report in the case file: where its volumes are, else why there is none."""

    volumes: tuple[str, ...] = ()
    why_not: str = "nobody made one"


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePromise:
    """A promise to pay. `amount_text` is verbatim what was promised, "" for all; `message_number` is "" when oral."""

    invoice_numbers: tuple[str, ...]
    due_on: date
    pauses_until_on: date
    state: str
    confirmed: bool
    made_at: datetime
    amount_text: str = ""
    message_number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDispute:
    """A dispute; `reason` is a code of `DISPUTE_REASONS`."""

    invoice_numbers: tuple[str, ...]
    reason: str
    state: str
    opened_at: datetime
    closed_at: datetime | None = None
    outcome: str = ""
    message_number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseHold:
    """A pause of reminders; `invoice_numbers` empty for the whole customer."""

    invoice_numbers: tuple[str, ...]
    kind: str
    reason: str
    placed_at: datetime
    until_on: date | None = None
    deadline_on: date | None = None
    released_at: datetime | None = None
    released_why: str = ""
    message_number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseContact:
    """A call, letter, meeting or note, logged by a person."""

    kind: ContactKind
    at: datetime
    actor: str
    words: str
    invoice_numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFile:
    """Everything about one case except the bytes of its mails.

    `scope` is the one invoice number it was limited to, "" for the whole case. `exported_at` aware UTC, the moment of
    the last entry of the log; `tool` names the program and its version, `language` that of the printable report.
    `since`: what happened earlier is withheld. `redaction`: the profile that it was redacted by. Tuples
    may come in any order.
    """

    case_id: str
    exported_at: datetime
    tool: str
    seller_name: str
    customer: CaseCustomer
    opened_at: datetime
    closed_at: datetime | None = None
    outcome: str = ""
    scope: str = ""
    language: str = "en"
    invoices: tuple[CaseInvoice, ...] = ()
    payments: tuple[CasePayment, ...] = ()
    messages: tuple[CaseMessage, ...] = ()
    events: tuple[CaseEvent, ...] = ()
    promises: tuple[CasePromise, ...] = ()
    disputes: tuple[CaseDispute, ...] = ()
    holds: tuple[CaseHold, ...] = ()
    contacts: tuple[CaseContact, ...] = ()
    purpose: Purpose = Purpose.LAWYER
    since: date | None = None
    redaction: RedactionProfile | None = None
    log: CaseLog = field(default_factory=CaseLog)
    fetched: tuple[CaseFetched, ...] = ()
    withheld: tuple[CaseWithheld, ...] = ()
    not_retained: tuple[CaseGone, ...] = ()
    report: CaseReport = field(default_factory=CaseReport)
