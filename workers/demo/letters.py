"""Answers as mail programs write them: "Re:", threaded, with the mail they answer quoted below."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from zoneinfo import ZoneInfo

from babel.dates import format_date

from workers.demo.scenario import Script

_PREFIX = {"en": "Re: ", "de": "AW: "}
_AWAY_PREFIX = {"en": "Automatic reply: ", "de": "Automatische Antwort: "}
_LOCALE = {"en": "en_GB", "de": "de_DE"}


def day_in_words(day: date, language: str) -> str:
    """Return a date as people write it: "18 September 2026", "18. September 2026"."""
    return format_date(day, "long", locale=_LOCALE[language])


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail ready to be sent: envelope addresses and message. A null sender (RFC 3834 §3.3) makes no loops."""

    sender: str
    recipient: str
    message: EmailMessage


def answer(script: Script, to: EmailMessage, text: str, *, number: int, now: datetime) -> Letter:
    """Return a customer's answer to a mail, written now (aware); `number` makes its Message-ID."""
    mail = _blank(script, to, number=number, now=now)
    mail["Subject"] = _PREFIX[script.language] + str(to["Subject"])
    mail.set_content(f"{text}\n{_introduction(script, to)}\n{_quoted(to)}\n")
    return Letter(sender=script.email, recipient=parseaddr(str(mail["To"]))[1], message=mail)


def automatic_answer(script: Script, to: EmailMessage, text: str, *, number: int, now: datetime) -> Letter:
    """Return what a mail program answers by itself while its owner is away (RFC 3834)."""
    mail = _blank(script, to, number=number, now=now)
    mail["Subject"] = _AWAY_PREFIX[script.language] + str(to["Subject"])
    mail["Auto-Submitted"] = "auto-replied"
    mail.set_content(text)
    return Letter(sender="", recipient=parseaddr(str(mail["To"]))[1], message=mail)


def first_letter(sender: str, recipient: str, subject: str, text: str, *, number: int, now: datetime) -> Letter:
    """Return a mail that answers none."""
    address = parseaddr(sender)[1]
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"] = sender
    mail["To"] = recipient
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{number}.{now:%Y%m%d%H%M}@{address.rpartition('@')[2]}>"
    mail["Subject"] = subject
    mail.set_content(text)
    return Letter(sender=address, recipient=recipient, message=mail)


def _blank(script: Script, to: EmailMessage, *, number: int, now: datetime) -> EmailMessage:
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"] = f"{script.person} <{script.email}>"
    mail["To"] = str(to["Reply-To"] or to["From"])
    mail["Date"] = format_datetime(now.astimezone(ZoneInfo(script.time_zone)))
    mail["Message-ID"] = f"<{number}.{now:%Y%m%d%H%M}@{script.email.rpartition('@')[2]}>"
    mail["In-Reply-To"] = str(to["Message-ID"])
    mail["References"] = " ".join(str(to[name]) for name in ("References", "Message-ID") if to[name])
    return mail


def _introduction(script: Script, to: EmailMessage) -> str:
    name, address = parseaddr(str(to["From"]))
    at = to["Date"].datetime.astimezone(ZoneInfo(script.time_zone))
    if script.language == "de":
        return f"Am {at:%d.%m.%Y} um {at:%H:%M} schrieb {name} <{address}>:"
    return f"On {at:%d/%m/%Y} at {at:%H:%M}, {name} <{address}> wrote:"


def _quoted(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    text = str(body.get_content()) if body is not None else ""
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())
