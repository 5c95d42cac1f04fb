"""Messages out and in, as values (RFC 5322 names)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mailer.domain.ids import CustomerId, InvoiceId, OutboxId, StepId
from mailer.domain.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What SMTP is given: one sender, one recipient (RFC 5321), the frozen bytes of the message.

    `archive`: our own archive mailbox, which gets a blind copy in the same transaction; "" for none.
    """

    outbox_id: OutboxId
    sender: str
    recipient: str
    content: bytes
    archive: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A part with a name. `content` is decoded; `media_type` as claimed by the sender, not to be trusted.

    `text`: what a PDF says, as far as it was read; "" for anything else. `flaw`: why that is not all of it, "" for no
    reason.
    """

    name: str
    media_type: str
    content: bytes
    text: str = ""
    flaw: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMail:
    """A parsed incoming mail. Every text is NUL-free; nothing here is trusted.

    `recipients` are the addresses of X-Gm-Original-To, Delivered-To, Envelope-To, X-Original-To, To, Cc, in this
    order. Message ids are without angle brackets. `sent_at` is aware in the sender's own offset, None when unreadable.
    `text` is the whole body as text (made from HTML when there is no text part). `headers`: (lower-case name, value).
    `report` is the text of message/delivery-status and returned headers, "" when there is none (RFC 3464).
    """

    message_id: str
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    from_email: str
    from_name: str
    reply_to: tuple[str, ...]
    recipients: tuple[str, ...]
    subject: str
    sent_at: datetime | None
    text: str
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[Attachment, ...] = ()
    report: str = ""
    defects: tuple[str, ...] = ()

    def header(self, name: str) -> str:
        """Return the first header of that name (any case), "" when missing."""
        wanted = name.lower()
        for key, value in self.headers:
            if key == wanted:
                return value
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedInvoice:
    """An invoice as a message names it: the rung it claims there and the balance that was asked for."""

    invoice_id: InvoiceId
    step_id: StepId
    cycle: int
    open: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxMessage:
    """An outgoing message, frozen before SMTP is touched. `fence` counts leases; an old fence may not act (law 2)."""

    id: OutboxId
    customer_id: CustomerId
    recipient: str
    sender: str
    message_id: str
    subject: str
    template: str
    language: str
    policy: str
    policy_version: str
    listed: tuple[ListedInvoice, ...]
    created_at: datetime
    #: After this it is of no use and expires instead of going out late.
    useful_until_at: datetime
    fence: int = 0
    #: How often it was put off by the server.
    attempts: int = 0
