"""A redacted case file: what is left out is left out whole where the log binds it, and blacked out where it is read.

What the log binds is never altered: mails, attachments and texts about signatures are not there, and an event that has
something to hide is withheld. What is made for reading comes from values that were cleaned here; `copies` writes them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mailer.dossier.model import (
    CaseAttachment,
    CaseContact,
    CaseCustomer,
    CaseDispute,
    CaseFile,
    CaseGone,
    CaseHold,
    CaseInvoice,
    CaseMessage,
    CasePayment,
    CasePromise,
    MailFacts,
)
from mailer.dossier.profiles import RedactionProfile

#: Stands for a text of which nothing is shown.
LEFT_OUT = "[LEFT OUT]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Redaction:
    """A profile, and `black`, which blacks out of one text what the profile names."""

    profile: RedactionProfile
    black: Callable[[str], str]

    @property
    def why(self) -> str:
        """Why something is left out, as lists say it."""
        return f"redacted ({self.profile.name})"

    def words(self, text: str) -> str:
        """Return what may be read of a text that somebody wrote."""
        if self.profile.fields is not None:
            return LEFT_OUT if text else ""
        return self.black(text)

    def shown(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Return what may be read of what an event says."""
        fields = self.profile.fields
        return {
            self.black(name): self._value(value) for name, value in payload.items() if fields is None or name in fields
        }

    def hides(self, payload: Mapping[str, Any], refs: Mapping[str, str]) -> bool:
        """Whether an event has something that may not be read, so that it is withheld."""
        return self.shown(payload) != payload or any(self.black(ref) != ref for ref in refs.values())

    def _value(self, value: Any) -> Any:
        match value:
            case str():
                return self.black(value)
            case Mapping():
                return self.shown(value)
            case list() | tuple():
                return [self._value(one) for one in value]
            case _:
                return value


def redacted_message(message: CaseMessage, redaction: Redaction) -> CaseMessage:
    """Return what may be read of a mail: its day, way, number and sums stay; what was attached is said in its text."""
    words = redaction.words
    left_out = [_attachment(one, redaction) for one in message.attachments]
    return replace(
        message,
        redacted=True,
        sender=words(message.sender),
        recipient=words(message.recipient),
        subject=words(message.subject),
        message_id="",
        outcome=words(message.outcome),
        dkim=words(message.dkim),
        text="\n".join((words(message.text), *left_out)).strip("\n"),
        attachments=(),
        mail=MailFacts(
            date=message.mail.date,
            cc=words(message.mail.cc),
            bcc=words(message.mail.bcc),
            md5=message.mail.md5,
        ),
    )


def _attachment(one: CaseAttachment, redaction: Redaction) -> str:
    named = [part for part in map(redaction.words, (one.name, one.media_type)) if part not in ("", LEFT_OUT)]
    return f"[attachment left out: {', '.join((*named, f'{one.size_bytes} bytes'))}]"


def gone_message(message: CaseMessage, redaction: Redaction) -> CaseGone:
    """Return how a redacted mail is listed among those that are not here."""
    return CaseGone(
        number=message.number,
        direction=message.direction,
        at=message.at,
        message_id="",
        sha256=message.sha256,
        why=f"{redaction.why}: a copy for reading is in data/redacted",
    )


def redacted_case(case: CaseFile, redaction: Redaction) -> CaseFile:
    """Return a case of which nothing is told that may not be read; its messages and events are clean already."""
    words = redaction.words
    return replace(
        case,
        redaction=redaction.profile,
        customer=_customer(case.customer, redaction),
        outcome=words(case.outcome),
        invoices=tuple(_invoice(one, redaction) for one in case.invoices),
        payments=tuple(_payment(one, redaction) for one in case.payments),
        promises=tuple(_promise(one, redaction) for one in case.promises),
        disputes=tuple(_dispute(one, redaction) for one in case.disputes),
        holds=tuple(_hold(one, redaction) for one in case.holds),
        contacts=tuple(_contact(one, redaction) for one in case.contacts),
        not_retained=tuple(_gone(one, redaction) for one in case.not_retained),
    )


def _customer(one: CaseCustomer, redaction: Redaction) -> CaseCustomer:
    black = redaction.black
    return replace(
        one,
        ref=black(one.ref),
        name=black(one.name),
        contact_name=black(one.contact_name),
        emails=tuple(black(email) for email in one.emails),
    )


def _invoice(one: CaseInvoice, redaction: Redaction) -> CaseInvoice:
    return replace(one, reference=redaction.words(one.reference), status_reason=redaction.words(one.status_reason))


def _payment(one: CasePayment, redaction: Redaction) -> CasePayment:
    return replace(one, reference=redaction.words(one.reference))


def _promise(one: CasePromise, redaction: Redaction) -> CasePromise:
    return replace(one, amount_text=redaction.words(one.amount_text))


def _dispute(one: CaseDispute, redaction: Redaction) -> CaseDispute:
    return replace(one, outcome=redaction.words(one.outcome))


def _hold(one: CaseHold, redaction: Redaction) -> CaseHold:
    return replace(one, reason=redaction.words(one.reason), released_why=redaction.words(one.released_why))


def _contact(one: CaseContact, redaction: Redaction) -> CaseContact:
    return replace(one, words=redaction.words(one.words))


def _gone(one: CaseGone, redaction: Redaction) -> CaseGone:
    return replace(one, message_id="", why=redaction.black(one.why))
