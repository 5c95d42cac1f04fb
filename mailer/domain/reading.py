"""What a mail is, whose it is, and what it says: the values that `mailer.replies` produces."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal

from mailer.domain.ids import CustomerId, InvoiceId, OutboxId
from mailer.domain.money import ClaimedAmount


class MailKind(StrEnum):
    """What sort of mail it is; decided before anything is read."""

    HUMAN = "human"
    AUTO_REPLY = "auto_reply"
    TICKET_ACK = "ticket_ack"
    BOUNCE_HARD = "bounce_hard"
    BOUNCE_SOFT = "bounce_soft"
    COMPLAINT = "complaint"
    #: Our own mail come back (a loop, a copy to ourselves).
    OWN = "own"


class FailureCause(StrEnum):
    """Why a mail of ours was not delivered, as far as the report says."""

    #: Nobody there, and that will not change.
    ADDRESS = "address"
    #: Full, busy, not reached: it may be better next time.
    PASSING = "passing"
    #: Blocked, spam, authentication, policy: about our own set-up, and no fault of the address.
    SETUP = "setup"
    UNCLEAR = "unclear"


class Intent(StrEnum):
    """What a person says in a reply. The vocabulary is closed; detectors live in `mailer.replies.intents`."""

    PROMISE = "promise"
    DELAY = "delay"
    PLAN_REQUEST = "plan_request"
    HARDSHIP = "hardship"
    ALREADY_PAID = "already_paid"
    REMITTANCE = "remittance"
    DISPUTE = "dispute"
    REFUSAL = "refusal"
    OFFER = "offer"
    VENDOR_SETUP = "vendor_setup"
    APPROVAL_PENDING = "approval_pending"
    COPY_REQUEST = "copy_request"
    BANK_DETAILS = "bank_details"
    TERMS = "terms"
    QUESTION = "question"
    REDIRECT = "redirect"
    ACKNOWLEDGEMENT = "acknowledgement"
    STOP_CONTACT = "stop_contact"
    LEGAL = "legal"
    INSOLVENCY = "insolvency"
    WRONG_PARTY = "wrong_party"
    UNRELATED = "unrelated"


DISPUTE_REASONS = (
    "price", "quantity", "not_received", "late", "damaged", "quality", "wrong_item", "service", "duplicate",
    "not_ordered", "tax", "freight", "discount", "missing_po", "missing_documents", "wrong_entity", "cancelled",
    "returned", "credit_due", "other",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The verbatim words that prove a finding, and the rule that saw them.

    Offsets are into the sender's own words; with the name of an `attachment`, into the text of that.
    """

    start: int
    end: int
    text: str
    rule: str
    attachment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instalment:
    """One part of a payment as the mail proposes it; `amount` is a claim, None when only the day is said."""

    on: date
    amount: ClaimedAmount | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One intent found in one mail, with its slots. Amounts are claims.

    `confidence` is 0-1. `on` is the date said (promise or payment), `date_kind` how exact it is;
    `invoice_numbers` are the numbers the words single out, () when none.
    """

    intent: Intent
    confidence: float
    evidence: tuple[Evidence, ...]
    on: date | None = None
    date_kind: Literal["exact", "by", "approx"] | None = None
    amount: ClaimedAmount | None = None
    instalments: tuple[Instalment, ...] = ()
    reason: str | None = None
    condition: str | None = None
    contact: str | None = None
    reference: str | None = None
    invoice_numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Everything understood from one mail. `own` is the sender's own words without quotes and signature."""

    kind: MailKind
    language: str
    own: str
    findings: tuple[Finding, ...] = ()
    #: How near the findings come to all that is said and nothing else (0-1, it ranks); 0 when that is not known.
    certainty: float = 0.0
    flags: tuple[str, ...] = ()
    #: The words that show each flag; `rule` is its name.
    flag_proofs: tuple[Evidence, ...] = ()
    #: Why attached PDFs were not read, or not to their end: one plain reason each, without their names.
    unread: tuple[str, ...] = ()
    return_on: date | None = None
    delegate: str | None = None
    #: For bounces: the address that failed, "" when not said.
    failed_address: str = ""
    #: For bounces: the enhanced status code (RFC 3463) or the words that decided.
    failure: str = ""
    #: For bounces: why it failed, None otherwise; `is_delayed`: the other server still tries.
    failure_cause: FailureCause | None = None
    is_delayed: bool = False
    engine: str = ""


class MatchMethod(StrEnum):
    """What tied a mail to a customer, strongest first."""

    REPLY_TOKEN = "reply_token"  # noqa: S105 - a method's name, no secret
    MESSAGE_ID = "message_id"
    REFERENCES = "references"
    INVOICE_NUMBER = "invoice_number"
    SENDER = "sender"
    DOMAIN = "domain"
    #: A delivery failure that carries no id: by the address it names and what we sent there lately.
    FAILED_ADDRESS = "failed_address"
    #: A person assigned it.
    PERSON = "person"
    NONE = "none"


class SenderStanding(StrEnum):
    """How well the sender is known to be the customer's."""

    KNOWN = "known"
    DOMAIN = "domain"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One customer a mail might belong to, and why."""

    customer_id: CustomerId
    invoice_ids: tuple[InvoiceId, ...]
    method: MatchMethod
    confidence: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Whose a mail is. `customer_id` None = nobody's yet: the queue. Candidates are ranked, best first."""

    customer_id: CustomerId | None
    invoice_ids: tuple[InvoiceId, ...]
    method: MatchMethod
    confidence: float
    sender: SenderStanding
    #: The message of ours it answers, when known.
    outbox_id: OutboxId | None = None
    candidates: tuple[Candidate, ...] = ()
