"""Failure reports as real mail systems write them: each with who is to blame, and how our message is given back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from mailer.domain.reading import FailureCause
from mailer.replies.token import MARK_HEADER, message_id, message_mark
from tests.core.replies.mails import KEY, OTHER_OUTBOX, OUTBOX

TO = "tom@alder.example"
ADDRESS, PASSING = FailureCause.ADDRESS, FailureCause.PASSING
SETUP, UNCLEAR = FailureCause.SETUP, FailureCause.UNCLEAR
#: What our reminder's headers look like when they come back: it is the second of a thread.
HEADERS = (
    f"From: Ellen Marsh <accounts@seller.example>\nTo: {TO}\nSubject: Invoice INV-2041\n"
    f"Message-ID: <{{id}}>\nIn-Reply-To: <{message_id(OTHER_OUTBOX, KEY, 'seller.example')}>\n"
    f"References: <{message_id(OUTBOX, KEY, 'seller.example')}>\n <{message_id(OTHER_OUTBOX, KEY, 'seller.example')}>\n"
    f"{MARK_HEADER}: {message_mark(OUTBOX, KEY)}\n"
)
OURS = HEADERS.format(id=message_id(OUTBOX, KEY, "seller.example"))
#: Amazon SES and some others give the message an id of their own.
REPLACED = HEADERS.format(id="010201abc-000000@eu-west-1.amazonses.com")


class Back(Enum):
    """How a mail system gives our message back."""

    HEADERS = auto()
    MESSAGE = auto()
    #: Attached to a plain multipart/mixed, which is no report.
    ATTACHED = auto()
    #: Below the explanation, in the text.
    INLINE = auto()
    NOT = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One report. `fields` are those of the recipient in message/delivery-status, "" for free text only."""

    name: str
    cause: FailureCause | None
    sender: str
    subject: str
    text: str
    fields: str = ""
    delayed: bool = False
    back: Back = Back.HEADERS
    ours: str = OURS
    extra: str = ""
    address: str = TO

    @property
    def raw(self) -> bytes:
        """The mail as it arrives."""
        head = (
            f"Return-Path: <>\nFrom: {self.sender}\nTo: accounts@seller.example\nSubject: {self.subject}\n"
            f"Date: Wed, 18 Nov 2026 10:00:00 +0000\nMessage-ID: <{self.name}@mta.example>\nMIME-Version: 1.0\n"
            f"{self.extra}"
        )
        if self.back is Back.INLINE:
            return f"{head}Content-Type: text/plain; charset=utf-8\n\n{self.text}\n{self.ours}\nDear Tom\n".encode()
        kind = "report; report-type=delivery-status" if self.fields else "mixed"
        parts = [f"Content-Type: text/plain; charset=utf-8\n\n{self.text}\n"]
        if self.fields:
            parts.append(f"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mta.example\n\n{self.fields}\n")
        if self.back is Back.HEADERS:
            parts.append(f"Content-Type: text/rfc822-headers\n\n{self.ours}")
        elif self.back in (Back.MESSAGE, Back.ATTACHED):
            parts.append(f"Content-Type: message/rfc822\n\n{self.ours}\nDear Tom, the invoice is open.\n")
        body = "".join(f"--b\n{part}\n" for part in parts)
        return f'{head}Content-Type: multipart/{kind}; boundary="b"\n\n{body}--b--\n'.encode()


def report_fields(status: str, words: str, *, action: str = "failed", to: str = TO, more: str = "") -> str:
    said = f"Diagnostic-Code: smtp; {words}\n" if words else ""
    return f"Final-Recipient: rfc822; {to}\nAction: {action}\nStatus: {status}\n{more}{said}"


def postfix(
    name: str, cause: FailureCause, status: str, words: str, *, delayed: bool = False, back: Back = Back.MESSAGE
) -> Failure:
    return Failure(
        name=f"postfix_{name}",
        cause=cause,
        delayed=delayed,
        back=back,
        sender="Mail Delivery System <MAILER-DAEMON@mx.seller.example>",
        subject="Delayed Mail (still being retried)" if delayed else "Undelivered Mail Returned to Sender",
        text=f"This is the mail system at host mx.seller.example.\n\nI'm sorry to have to inform you that your message "
        f"could not\nbe delivered to one or more recipients.\n\n<{TO}>: host mx.alder.example said: {words}",
        fields=report_fields(
            status, words, action="delayed" if delayed else "failed", more=f"Original-Recipient: rfc822;{TO}\n"
        ),
    )


def microsoft(name: str, cause: FailureCause, status: str, words: str, *, subject: str = "Undeliverable") -> Failure:
    return Failure(
        name=f"m365_{name}",
        cause=cause,
        back=Back.MESSAGE,
        sender="Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@alder.onmicrosoft.example>",
        subject=f"{subject}: Invoice INV-2041",
        text="Your message to tom@alder.example couldn't be delivered.\ntom wasn't found at alder.example.",
        fields=report_fields(status, words),
    )


def gmail(name: str, cause: FailureCause, status: str, words: str, *, delayed: bool = False) -> Failure:
    return Failure(
        name=f"gmail_{name}",
        cause=cause,
        delayed=delayed,
        back=Back.MESSAGE,
        sender="Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        subject=f"Delivery Status Notification ({'Delay' if delayed else 'Failure'})",
        text=f"** Address not found **\n\nYour message wasn't delivered to {TO}.\n\nThe response was:\n{words}",
        fields=report_fields(status, words, action="delayed" if delayed else "failed"),
        extra=f"X-Failed-Recipients: {TO}\nAuto-Submitted: auto-replied\n",
    )


def exim(name: str, cause: FailureCause, words: str, *, delayed: bool = False) -> Failure:
    warning = (
        "This message was created automatically by mail delivery software.\nA message that you sent has not yet been "
        f"delivered to one or more of its\nrecipients after more than 24 hours on the queue on mx.\n\n  {TO}\n    "
        f"{words}\n"
        "No action is required on your part. Delivery attempts will continue for some time."
    )
    failed = (
        "This message was created automatically by mail delivery software.\n\nA message that you sent could not be "
        f"delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n"
        f"  {TO}\n    {words}\n\n------ This is a copy of the message, including all the headers. ------\n"
    )
    return Failure(
        name=f"exim_{name}",
        cause=cause,
        delayed=delayed,
        back=Back.INLINE,
        sender="Mail Delivery System <Mailer-Daemon@mx.alder.example>",
        subject="Warning: message 1rX2ab-0003 delayed 24 hours"
        if delayed
        else "Mail delivery failed: returning message",
        text=warning if delayed else failed,
        extra="" if delayed else f"X-Failed-Recipients: {TO}\nAuto-Submitted: auto-replied\n",
    )


def qmail(name: str, cause: FailureCause, words: str) -> Failure:
    return Failure(
        name=f"qmail_{name}",
        cause=cause,
        back=Back.INLINE,
        sender="MAILER-DAEMON@alder.example",
        subject="failure notice",
        text=f"Hi. This is the qmail-send program at alder.example.\nI'm afraid I wasn't able to deliver your message "
        "to the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n"
        f"<{TO}>:\n{words}\n\n--- Below this line is a copy of the message.\n",
    )


def sendmail(name: str, cause: FailureCause, status: str, words: str, *, delayed: bool = False) -> Failure:
    head = (
        "    **********************************************\n    **      THIS IS A WARNING MESSAGE ONLY      **\n"
        "    **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **\n"
        if delayed
        else ""
    )
    kind = "transient non-fatal" if delayed else "permanent fatal"
    return Failure(
        name=f"sendmail_{name}",
        cause=cause,
        delayed=delayed,
        sender="Mail Delivery Subsystem <MAILER-DAEMON@relay.alder.example>",
        subject="Warning: could not send message for past 4 hours"
        if delayed
        else "Returned mail: see transcript for details",
        text=f"{head}   ----- The following addresses had {kind} errors -----\n<{TO}>\n\n"
        f"   ----- Transcript of session follows -----\n{words}",
        fields=report_fields(status, words, action="delayed" if delayed else "failed"),
    )


def german(name: str, cause: FailureCause, words: str) -> Failure:
    """GMX, WEB.DE, T-Online: free text, our message attached."""
    return Failure(
        name=f"german_{name}",
        cause=cause,
        back=Back.ATTACHED,
        sender="Mail Delivery System <mailer-daemon@kundenserver.example>",
        subject="Mail delivery failed: returning message to sender",
        text="This message was created automatically by mail delivery software.\n\nA message that you sent could not "
        f"be delivered to one or more of\nits recipients. This is a permanent error.\n\nThe following address "
        f"failed:\n\n"
        f"    {TO}:\n        SMTP error from remote server for RCPT TO command, host: mx.gmx.example\n        {words}",
    )


def amazon(name: str, cause: FailureCause, status: str, words: str) -> Failure:
    return Failure(
        name=f"ses_{name}",
        cause=cause,
        ours=REPLACED,
        sender="MAILER-DAEMON@amazonses.com",
        subject="Delivery Status Notification (Failure)",
        text=f"An error occurred while trying to deliver the mail to the following recipients:\n{TO}",
        fields=report_fields(status, words),
    )
