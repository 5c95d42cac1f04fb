"""Delivery failures: reports (RFC 3464) and the free text of mail servers that write none."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailer.domain.message import InboundMail
from mailer.domain.reading import FailureCause
from mailer.replies.failure import cause_of, failure_words
from mailer.replies.headers import addresses, text_of
from mailer.replies.robot_words import ANSWERED

_MAX_SCANNED_CHARS = 60_000
#: Names that no person has.
_DAEMON = re.compile(
    r"^(?:mailer-?daemon|mail-?delivery|mdaemon|mail\.administrator|microsoftexchange[0-9a-f]+|listserv|majordomo)\b[^@]*@",
    re.IGNORECASE,
)
#: Names that mail systems share with the people who look after them, or with anybody.
_SHARED = re.compile(r"^(?:postmaster|bounces?)\b[^@]*@", re.IGNORECASE)
_DAEMON_NAME = re.compile(
    r"(?:the )?(?:mail delivery (?:sub)?system|mailer-?daemon|mail delivery service|postmaster|system administrator|"
    r"mailzustellsystem)",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"undeliver|returned mail|delivery status notification|delivery (?:has )?fail|delivery (?:failure|problem|delayed)|"
    r"mail (?:delivery|could not)|failure notice|returned to sender|could not be (?:sent|delivered)|non.?delivery|"
    r"message not delivered|unzustellbar|nicht zugestellt|zustellung|non remis|non distribu|no se (?:pudo|"
    r"puede) entregar|"
    r"rejected posting|request to mailing list .{1,80} rejected|delayed delivery|konnte nicht ausgeliefert|"
    r"non recapitabile|mancato recapito|onbestelbaar|niet bezorgd|warning: message.{0,40}delayed",
    re.IGNORECASE,
)
_BODY = re.compile(
    r"this is the (?:mail system|postfix program|qmail-send program)|the following addresses? (?:had|failed)|"
    r"could not be delivered|(?:wasn't|was not|unable to be|not able to be) (?:able to be )?deliver|unable to deliver|"
    r"(?:wasn't|not|un)(?: been)? able to deliver|delivery to the following recipients? failed|did not reach|"
    r"message that you sent could not|permanent (?:fatal )?error|konnte (?:leider )?nicht (?:zugestellt|übermittelt|"
    r"ausgeliefert)|could not be posted|delivery failure notification|rejected by the list moderator|"
    r"n['\u2019]a pas (?:pu être|été) (?:remis|distribué)|no (?:se )?ha (?:podido entregar|sido entregado)|"
    r"(?:kon niet worden|is niet) (?:bezorgd|afgeleverd)|non è stato (?:recapitato|consegnato)|wurde nicht zugestellt|"
    r"your message has not been delivered|recipients? (?:address )?(?:rejected|unknown)|user unknown",
    re.IGNORECASE,
)
_SUCCESS = re.compile(r"\bsuccess|erfolgreich|\((?:relayed|delivered|expanded)\)", re.IGNORECASE)
_STATUS = re.compile(r"(?m)^Status:\s{0,5}([245]\.\d{1,3}\.\d{1,3})")
_ACTION = re.compile(r"(?im)^Action:\s{0,5}([a-z]+)")
_FINAL = re.compile(r"(?im)^(?:Final|Original)-Recipient:\s{0,5}(?:rfc822|utf-8)\s{0,5};?\s{0,5}(.{3,300})$")
_DIAGNOSTIC = re.compile(r"(?im)^Diagnostic-Code:\s{0,5}([^\n]*(?:\n[ \t][^\n]*)*)")
_SMTP_LINE = re.compile(r"(?m)^.*?(?<![\d.])[45]\d\d[ -](?:#?[45]\.\d{1,3}\.\d{1,3})?.*$")
#: A refusal as servers quote it, in a report of any language: "550 5.1.1", "#550 5.1.1", "554-5.7.1".
_QUOTED_REFUSAL = re.compile(r"(?<![\d.])[45]\d\d[ -]#?[45]\.\d{1,3}\.\d{1,3}(?![\d.])")
_ANY_STATUS = re.compile(r"(?<![\d.])([45]\.\d{1,3}\.\d{1,3})(?![\d.])")
_LABELLED = re.compile(
    r"(?im)^[ \t]*(?:failed (?:address|recipient)|recipient(?: address)?|rcpt|empfänger|destinataire|destinatario)"
    r"(?:\(s\)|es|s)?[ \t]*:[ \t]*(\S*@\S+)"
)
#: Beginnings of what a server gives back of our mail: below it nothing is said about the failure.
_RETURNED = re.compile(
    r"(?im)^[ \t]*-{2,} ?(?:this is a copy|original message|returned message|below this line|"
    r"(?:der )?(?:original|urspr[üu]ngliche )?nachricht|message original)|^[ \t]*(?:original message headers|"
    r"the header of the original message)[^\n]*:"
)
#: Words with which servers say that they still try.
_DELAY = re.compile(
    r"delayed mail|delivery (?:is |has been |status notification \()?delay|message .{0,60}delayed|"
    r"warning: could not send|warning message only|has not (?:yet )?been delivered .{0,60}(?:yet|hours)|"
    r"will (?:be retried|continue to (?:try|be attempted))|still being retried|zustellung .{0,20}verz[öo]gert|"
    r"verz[öo]gerte zustellung|delayed delivery|will (?:keep|continue) (?:on )?(?:trying|to try)|not be delivered yet|"
    r"wird weiterhin versucht|noch nicht zugestellt|pas encore été remis|remise .{0,20}retardée|aún no se ha entregado|"
    r"entrega retrasada|nog niet (?:bezorgd|afgeleverd)|non è ancora stato recapitato|leverans.{0,4} (?:är )?fördröjd|"
    r"opóźnion[ey]|entrega (?:está )?atrasada|levering(?:en)? (?:er )?forsinket|"
    r"not (?:yet )?been delivered to one or more of its recipients after",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """A delivery failure. `delayed` = the other server still tries; `failure` = the code, a colon, the words."""

    cause: FailureCause
    delayed: bool
    failed_address: str
    failure: str

    @property
    def hard(self) -> bool:
        """Whether it is over for good, and the address is what was wrong."""
        return self.cause is FailureCause.ADDRESS and not self.delayed


def read_bounce(mail: InboundMail) -> Bounce | None:
    """Return what a delivery failure says, None when the mail is none (or reports a success, relayed, expanded)."""
    group = _group(mail.report) if is_report(mail) else ""
    action = _ACTION.search(group)
    if action is None and not _is_free_text_failure(mail):
        return None
    verb = action[1].lower() if action else _free_text_verb(mail)
    if verb not in {"failed", "delayed"}:
        return None
    words = _deciding_words(mail, group)
    code = _code(group, words)
    # Outlook writes "Status: 4.4.7" with "Action: failed" when it gives up: over, but not the address's fault.
    cause = cause_of(code, words)
    if verb == "delayed" and cause is FailureCause.UNCLEAR:
        cause = FailureCause.PASSING  # whoever still tries believes that it may get better
    return Bounce(
        cause=cause,
        delayed=verb == "delayed",
        failed_address=_failed(mail, group),
        failure=failure_words(code, cause, words),
    )


def _group(report: str) -> str:
    """Return the fields about the recipient that matters most (RFC 3464 §2.3): one that failed, then one that waits."""
    groups = [one for one in re.split(r"\n[ \t]*\n", report) if _ACTION.search(one)]
    for verb in ("failed", "delayed"):
        for one in groups:
            action = _ACTION.search(one)
            if action and action[1].lower() == verb:
                return one
    return groups[0] if groups else report


def _free_text_verb(mail: InboundMail) -> str:
    return "delayed" if _DELAY.search(mail.subject) or _DELAY.search(mail.text[:_MAX_SCANNED_CHARS]) else "failed"


def is_report(mail: InboundMail) -> bool:
    """Whether the mail as a whole is a report of a mail system, not a person's mail that carries one."""
    by_type = mail.header("content-type").lower().startswith("multipart/report")
    return bool(mail.report) and (by_type or is_from_daemon(mail))


def is_from_daemon(mail: InboundMail) -> bool:
    """Whether a mail system speaks: a daemon's name, or the null return path (RFC 5321 §4.5.5)."""
    return is_named_daemon(mail) or mail.header("return-path") == "<>"


def is_named_daemon(mail: InboundMail) -> bool:
    """Whether the sender has the name of a mail system."""
    named = _DAEMON.search(mail.from_email) or _SHARED.search(mail.from_email)
    return bool(named or _DAEMON_NAME.fullmatch(mail.from_name.strip()) or _is_list_robot(mail))


def _is_list_robot(mail: InboundMail) -> bool:
    return bool(mail.header("x-list-administrivia").lower() == "yes" or mail.header("x-listserv"))


def _is_free_text_failure(mail: InboundMail) -> bool:
    if not is_from_daemon(mail) or _SUCCESS.search(mail.subject):
        return False  # people forward failures and quote them
    if mail.header("x-failed-recipients"):
        return True
    if ANSWERED.search(mail.subject):
        return False  # mail systems answer and forward nothing: somebody reads postmaster's mail there
    is_robot = bool(_DAEMON.search(mail.from_email)) or _is_list_robot(mail)
    text = mail.text[:_MAX_SCANNED_CHARS]
    subject = bool(_SUBJECT.search(mail.subject) or _DELAY.search(mail.subject))
    is_named_and_mute = is_named_daemon(mail) and mail.header("return-path") == "<>"
    refused = is_named_and_mute and bool(_QUOTED_REFUSAL.search(_RETURNED.split(text, maxsplit=1)[0]))
    body = refused or bool(_BODY.search(text))
    is_robot = is_robot or (is_named_and_mute and mail.header("auto-submitted").lower().startswith("auto-"))
    # A robot's answer also has the null return path; without a daemon's name both signs are needed.
    return subject or body if is_robot or refused else subject and body


def _deciding_words(mail: InboundMail, group: str) -> str:
    """Return the words in which the refusing server explains itself; its boilerplate would mislead."""
    said = _DIAGNOSTIC.findall(group)
    if said:
        return "\n".join(said[:5])[:2000]
    text = _RETURNED.split(mail.text[:_MAX_SCANNED_CHARS], maxsplit=1)[0]
    lines = [line.strip() for line in text.splitlines()]
    coded = [
        line
        for before, line in zip(["", *lines], lines, strict=False)
        # The reason may stand on the line after the code; a link to an explanation is none.
        if _is_coded(line) or (_is_coded(before) and "://" not in line)
    ]
    return "\n".join(coded[:8])[:2000] or text[:2000]


def _is_coded(line: str) -> bool:
    return bool(_SMTP_LINE.match(line) or _ANY_STATUS.search(line))


def _code(group: str, words: str) -> str:
    reported = [code for code in _STATUS.findall(group) if not code.startswith("2")]
    said = _ANY_STATUS.findall(words)
    generic = {"5.0.0", "4.0.0"}
    precise = [code for code in (*reported, *said) if code not in generic]
    return next(iter([*precise, *reported, *said]), "")


def _failed(mail: InboundMail, group: str) -> str:
    for value in (*_FINAL.findall(group), mail.header("x-failed-recipients")):
        if address := first_address(value):
            return address
    text = _RETURNED.split(mail.text[:_MAX_SCANNED_CHARS], maxsplit=1)[0]
    start = _BODY.search(text)
    labelled = _LABELLED.search(text)
    # The report is addressed to us: our own address in its words is the sender's.
    named = (first_address(labelled[1]) if labelled else "", _other(mail, text[start.start() if start else 0 :][:3000]))
    return next((one for one in (*named, _other(mail, text[:3000])) if one), "")


def _other(mail: InboundMail, text: str) -> str:
    return next((one for one in all_addresses(text) if one not in mail.recipients), "")


def returned_heads(mail: InboundMail) -> str:
    """Return the headers of the messages attached to a mail, as text: not every mail system writes a report."""
    nested = (one.content[:_MAX_SCANNED_CHARS] for one in mail.attachments if one.media_type.startswith("message/"))
    heads = (re.split(rb"\r?\n\r?\n", content, maxsplit=1)[0] for content in nested)
    return "\n".join(text_of(head, None).replace("\r\n", "\n") for head in heads)


def first_address(text: str) -> str:
    """Return the first address in a line or in running text, lower case, "" when there is none."""
    return next(iter(all_addresses(text)), "")


def all_addresses(text: str) -> tuple[str, ...]:
    """Return the addresses in a line or in running text, lower case, in order."""
    spaced = re.sub(r"[\r\n\t:]+", ", ", text)
    return tuple(address.strip(".'") for _, address in addresses(spaced))
