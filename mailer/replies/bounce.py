"""Delivery failures: reports (RFC 3464, RFC 3463) and the free text of older mail servers; complaints (RFC 5965)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailer.domain.message import InboundMail
from mailer.replies.headers import addresses

_MAX_SCANNED_CHARS = 60_000
_DAEMON = re.compile(
    r"^(?:mailer-?daemon|postmaster|mail-?delivery|mdaemon|mail\.administrator|bounces?|"
    r"microsoftexchange[0-9a-f]*)\b[^@]*@",
    re.IGNORECASE,
)
_DAEMON_NAME = re.compile(
    r"mail delivery (?:sub)?system|mailer-?daemon|mail delivery service|postmaster", re.IGNORECASE
)
_SUBJECT = re.compile(
    r"undeliver|returned mail|delivery status notification|delivery (?:has )?fail|delivery (?:failure|problem|delayed)|"
    r"mail (?:delivery|could not)|failure notice|returned to sender|could not be (?:sent|delivered)|non.?delivery|"
    r"message not delivered|unzustellbar|nicht zugestellt|zustellung|non remis|non distribu|no se (?:pudo|"
    r"puede) entregar|"
    r"non recapitabile|mancato recapito|onbestelbaar|niet bezorgd|warning: message.{0,40}delayed",
    re.IGNORECASE,
)
_BODY = re.compile(
    r"this is the (?:mail system|postfix program|qmail-send program)|the following addresses? (?:had|failed)|"
    r"could not be delivered|(?:wasn't|was not|unable to be|not able to be) (?:able to be )?deliver|unable to deliver|"
    r"(?:wasn't|not|un)(?: been)? able to deliver|delivery to the following recipients? failed|did not reach|"
    r"message that you sent could not|permanent (?:fatal )?error|konnte nicht (?:zugestellt|übermittelt)|"
    r"n'a pas pu être (?:remis|distribué)|no se ha podido entregar|kon niet worden (?:bezorgd|afgeleverd)|"
    r"your message has not been delivered|recipients? (?:address )?(?:rejected|unknown)|user unknown",
    re.IGNORECASE,
)
_STATUS = re.compile(r"(?m)^Status:\s{0,5}([245]\.\d{1,3}\.\d{1,3})")
_ACTION = re.compile(r"(?im)^Action:\s{0,5}([a-z]+)")
_FINAL = re.compile(r"(?im)^(?:Final|Original)-Recipient:\s{0,5}(?:rfc822|utf-8)\s{0,5};?\s{0,5}(.{3,300})$")
_DIAGNOSTIC = re.compile(r"(?im)^Diagnostic-Code:\s{0,5}([^\n]*(?:\n[ \t][^\n]*)*)")
_SMTP_LINE = re.compile(r"(?m)^.*?(?<![\d.])[45]\d\d[ -](?:#?[45]\.\d{1,3}\.\d{1,3})?.*$")
_ANY_STATUS = re.compile(r"(?<![\d.])([45]\.\d{1,3}\.\d{1,3})(?![\d.])")
_FEEDBACK = re.compile(r"(?im)^Feedback-Type:\s{0,5}(\w+)")
_COMPLAINED = re.compile(r"(?im)^(?:Original-Rcpt-To|Removal-Recipient):\s{0,5}(.{3,300})$")

_FULL = re.compile(
    r"quota|mailbox (?:is |was )?full|over ?quota|insufficient (?:system )?(?:storage|disk)|storage (?:limit|exceeded)|"
    r"postfach (?:ist )?voll|greylist|grey-list|try again later|temporar|timed? ?out|connection refused|too large|"
    r"exceed\w{0,10} .{0,30}(?:size|limit)|rate limit|too many|no answer from host|deferred",
    re.IGNORECASE,
)
_POLICY = re.compile(
    r"spam|block(?:ed|list)|blacklist|black list|\brbl\b|spamhaus|reputation|polic(?:y|ies)|dmarc|dkim|\bspf\b|"
    r"unauthenticated|authentication (?:fail|required)|content (?:rejected|not)|virus|malware|"
    r"sender (?:address )?rejected",
    re.IGNORECASE,
)
_NOBODY = re.compile(
    r"(?:user|account|mailbox|recipient|address|local part)s?(?: name)?(?: is| was)? (?:unknown|not found|"
    r"not known|unavailable|"
    r"invalid|disabled|inactive|closed|deactivated|does ?n[o']t exist)|unknown (?:user|recipient|address|local)|"
    r"no such (?:user|mailbox|recipient|address|person|account|domain)|(?:does not|doesn't|not) (?:exist|"
    r"have an? .{0,20}account)|"
    r"invalid (?:recipient|mailbox|address)|no mailbox|not (?:a )?(?:valid|known) (?:user|recipient|mailbox|address)|"
    r"host (?:or domain name )?(?:unknown|not found)|unknown host|domain (?:name )?not found|unrouteable|nxdomain|"
    r"no longer (?:available|valid|in use|active|with)|couldn't be found|wasn't found|user not found|not our customer|"
    r"recipient .{0,80}(?:not found|unknown)|unbekannt|existiert nicht|n'existe pas|no existe|inesistente|bestaat niet",
    re.IGNORECASE,
)
#: Enhanced codes (RFC 3463, RFC 7505) that say: nobody there, and that will not change. 5.1.7 and 5.1.8 mean us.
_HARD_CODES = re.compile(r"5\.1\.(?:0|1|2|3|4|6|9|10)|5\.2\.1|5\.4\.4|5\.4\.310|5\.7\.(?:510|520)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """A delivery failure. `delayed` = the other server still tries; `failure` = the code, a colon, the words."""

    hard: bool
    delayed: bool
    failed_address: str
    failure: str


def read_bounce(mail: InboundMail) -> Bounce | None:
    """Return what a delivery failure says, None when the mail is none (or reports a success)."""
    action = _ACTION.search(mail.report) if is_report(mail) else None
    if action is None and not _is_free_text_failure(mail):
        return None
    verb = action[1].lower() if action else "failed"
    if verb not in {"failed", "delayed"}:
        return None
    words = _deciding_words(mail)
    code = _code(mail, words)
    hard, reason = _verdict(code, words)
    # Outlook writes "Status: 4.4.7" with "Action: failed" when it gives up: over, but not the address's fault.
    failure = f"{code or 'no code'}: {reason}; {' '.join(words.split())[:300]}"
    return Bounce(
        hard=hard and verb == "failed", delayed=verb == "delayed", failed_address=_failed(mail), failure=failure
    )


def read_complaint(mail: InboundMail) -> str | None:
    """Return the address whose owner called our mail spam (RFC 5965), "" when not said, None for no complaint."""
    if not (is_report(mail) and _FEEDBACK.search(mail.report)):
        return None
    said = _COMPLAINED.search(mail.report)
    return _first_address(said[1]) if said else ""


def is_report(mail: InboundMail) -> bool:
    """Whether the mail as a whole is a report of a mail system, not a person's mail that carries one."""
    by_type = mail.header("content-type").lower().startswith("multipart/report")
    return bool(mail.report) and (by_type or is_from_daemon(mail))


def is_from_daemon(mail: InboundMail) -> bool:
    """Whether a mail system speaks: a daemon's name, or the null return path (RFC 5321 §4.5.5)."""
    by_name = _DAEMON.search(mail.from_email) or _DAEMON_NAME.search(mail.from_name)
    return bool(by_name) or mail.header("return-path") == "<>"


def _is_free_text_failure(mail: InboundMail) -> bool:
    if not is_from_daemon(mail):
        return False  # people forward failures and quote them
    if mail.header("x-failed-recipients"):
        return True
    named = bool(_DAEMON.search(mail.from_email))
    subject, body = bool(_SUBJECT.search(mail.subject)), bool(_BODY.search(mail.text[:_MAX_SCANNED_CHARS]))
    # A robot's answer also has the null return path; without a daemon's name both signs are needed.
    return subject or body if named else subject and body


def _deciding_words(mail: InboundMail) -> str:
    """Return the words in which the refusing server explains itself; its boilerplate would mislead."""
    said = _DIAGNOSTIC.findall(mail.report)
    if said:
        return "\n".join(said[:5])[:2000]
    text = re.split(
        r"(?im)^-+ ?(?:this is a copy|original message|returned message|below this line)", mail.text, maxsplit=1
    )
    lines = [line.strip() for line in text[0][:_MAX_SCANNED_CHARS].splitlines()]
    coded = [line for line in lines if _SMTP_LINE.match(line) or _ANY_STATUS.search(line)]
    return "\n".join(coded[:8])[:2000] or text[0][:2000]


def _code(mail: InboundMail, words: str) -> str:
    reported = [code for code in _STATUS.findall(mail.report) if not code.startswith("2")]
    said = _ANY_STATUS.findall(words)
    generic = {"5.0.0", "4.0.0"}
    precise = [code for code in (*reported, *said) if code not in generic]
    return next(iter([*precise, *reported, *said]), "")


def _verdict(code: str, words: str) -> tuple[bool, str]:
    if _FULL.search(words):
        return False, "full or for the moment"
    if code.startswith("5.4.1") and re.search("access denied", words, re.IGNORECASE):
        return True, "no such address"  # how Exchange Online refuses an unknown recipient
    nobody = _NOBODY.search(words)
    if _POLICY.search(words) and not (nobody and code.startswith("5.1")):
        return False, "refused by policy: check our own set-up"
    if code.startswith("4."):
        return False, "for the moment"
    if nobody or _HARD_CODES.fullmatch(code):
        return True, "no such address"
    return False, "reason not understood"


def _failed(mail: InboundMail) -> str:
    for value in (*_FINAL.findall(mail.report), mail.header("x-failed-recipients")):
        if address := _first_address(value):
            return address
    text = mail.text[:_MAX_SCANNED_CHARS]
    start = _BODY.search(text)
    return _first_address(text[start.start() if start else 0 :][:3000])


def _first_address(text: str) -> str:
    spaced = re.sub(r"[\r\n\t:]+", ", ", text)
    return next((address.strip(".'") for _, address in addresses(spaced)), "")
