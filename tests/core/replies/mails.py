"""Mails and phrases for the tests of replies; every date is counted from Wednesday, 18 November 2026."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from mailer.domain.ids import CustomerId, InvoiceId, OutboxId
from mailer.domain.message import Attachment, InboundMail
from mailer.domain.reading import Finding, Intent, MailKind, Reading
from mailer.replies.phrases import Phrases, phrases_from_texts
from mailer.replies.reading import read
from mailer.replies.zones import zones

ROOT = Path(__file__).resolve().parents[3]
KEY = b"a secret of this installation"
OUTBOX = OutboxId("out_0f3k9c7r5t1v8w2x")
OTHER_OUTBOX = OutboxId("out_zzzz9c7r5t1v8w2x")
ALDER, BIRCH = CustomerId("cus_alder"), CustomerId("cus_birch")
INV_1, INV_2, INV_3 = InvoiceId("inv_1"), InvoiceId("inv_2"), InvoiceId("inv_3")
WEDNESDAY = date(2026, 11, 18)

REMINDER = """Dear Tom,

the following invoice is still open on our side:

  INV-2041   GBP 1,250.00   due 2 November 2026

If the payment is on its way, please ignore this message.

Kind regards,
Ellen Marsh
Example Seller Ltd
+44 20 7946 0102"""


def phrases() -> Phrases:
    """The shipped phrases."""
    folder = ROOT / "config" / "phrases"
    return phrases_from_texts({code: (folder / f"{code}.toml").read_text("utf-8") for code in CODES})


CODES = ("de", "en", "es", "fr", "it", "nl")
PHRASES = phrases()


def mail(
    text: str = "",
    *,
    headers: tuple[tuple[str, str], ...] = (),
    from_email: str = "tom@alder.example",
    from_name: str = "Tom",
    recipients: tuple[str, ...] = (),
    reply_to: tuple[str, ...] = (),
    in_reply_to: tuple[str, ...] = (),
    references: tuple[str, ...] = (),
    message_id: str = "x@alder.example",
    subject: str = "",
    attachments: tuple[Attachment, ...] = (),
    report: str = "",
    sent_at: datetime | None = datetime(2026, 11, 18, 10, tzinfo=UTC),
) -> InboundMail:
    """A parsed mail, as `parse` returns it."""
    return InboundMail(
        message_id=message_id,
        in_reply_to=in_reply_to,
        references=references,
        from_email=from_email,
        from_name=from_name,
        reply_to=reply_to,
        recipients=recipients,
        subject=subject,
        sent_at=sent_at,
        text=text,
        headers=headers,
        attachments=attachments,
        report=report,
    )


def understood(text: str, *, country: str = "GB", hint: str = "en", sent_text: str | None = None) -> Reading:
    """What a human mail with this body says."""
    parts = zones(text, sent_text)
    return read(mail(text), parts, kind=MailKind.HUMAN, language_hint=hint, country=country, phrases=PHRASES)


def found(text: str, intent: Intent, *, country: str = "GB", hint: str = "en") -> tuple[Finding, ...]:
    """The findings of one intent."""
    return tuple(one for one in understood(text, country=country, hint=hint).findings if one.intent is intent)
