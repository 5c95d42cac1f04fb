"""An event of the record, and what was read from a mail, as a sentence for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Longest value shown; the whole is in the record and in the mails.
MAX_CHARACTERS = 500

#: Type → what happened, and the parts of the payload worth telling, in this order.
_SENTENCES: dict[str, tuple[str, str]] = {
    "address.lifted": ("this address may be written to again", "address reason"),
    "address.suppressed": ("this address will not be written to any more", "address why"),
    "anchor.cosigned": ("a witness cosigned the log", "size cosigned_at witness"),
    "anchor.mail_begun": ("the signed log is being mailed to a third party", "week size to"),
    "anchor.mail_refused": ("the mail server did not take the mail with the signed log", "week text"),
    "anchor.mail_unknown": ("nobody knows whether the mail with the signed log arrived", "week text"),
    "anchor.mailed": ("the signed log was mailed to a third party", "week size to peer tls text"),
    "anchor.obtained": ("a third party stamped the time of the log", "size stamped_at tsa"),
    "anchor.unverified": ("a time stamp of the log came and could not be verified", "size stamped_at tsa why"),
    "call.logged": ("a call was logged", "outcome words"),
    "case.closed": ("the case was closed", "outcome reason invoices"),
    "case.opened": ("the case was opened: an invoice is overdue", ""),
    "customer.added": ("the customer was taken into the ledger", "name ref email"),
    "customer.changed": ("the customer's details were changed", "changes"),
    "dispute.closed": ("a dispute was closed", "outcome words invoices"),
    "dispute.drafted": ("a dispute was read from a mail; reminders stop", "reason invoices"),
    "dispute.opened": ("a dispute was opened; reminders stop", "reason words invoices"),
    "export.started": ("a case file was begun", "for invoice since redaction"),
    "export.created": ("a case file was made", "invoice messages files redaction no_report tagmanifest_sha256"),
    "export.not_placed": ("that case file could not be put in its place and was thrown away", "folder why"),
    "hold.deadline_passed": ("a pause waits for a person longer than it should", "kind reason deadline_on"),
    "mail.settled": ("the ledger answered a mail; nobody needs to decide it", "why"),
    "hold.ended": ("a pause of reminders ended", "kind why"),
    "hold.placed": ("reminders were paused", "kind reason invoices until_on deadline_on"),
    "hold.released": ("a pause of reminders was ended by a person", "kind why"),
    "invoice.changed": ("the ledger shows a change", "invoice changes"),
    "invoice.closed": ("an invoice is no longer chased", "invoice closing"),
    "invoice.imported": (
        "an invoice was taken into the ledger",
        "invoice reference issued_on due_on total open paid_on",
    ),
    "letter.logged": ("a letter was logged", "tracking words"),
    "mail.assigned": ("a person said whose this mail is", "mail invoices"),
    "mail.authenticated": (
        "the DKIM signatures of a mail were checked",
        "mail verdict domain domain_and_from but reason server_said attempt",
    ),
    "mail.decided": ("a person decided what this mail means", "mail decision on reason asked"),
    "mail.fetched": ("a mail was fetched from the mailbox", "mail folder uid sha256"),
    "mail.found_late": ("a mail was found that earlier looks had passed by", "mail folder uid"),
    "mail.let_go": ("the bytes of a mail were deleted", "sha256 why"),
    "mail.matched": ("a mail was found to be this customer's", "mail from subject method sender invoices"),
    "mail.own_copy": ("a copy of a reminder was found in our own mailbox", "message folder uid sha256"),
    "mail.quarantined": ("a mail could not be read and was put aside for a person", "mail why"),
    "mail.reprocessed": ("a mail was read again", "mail"),
    "mail.withheld": ("a person withholds this mail from case files for others", "mail because"),
    "mail.shown": ("a person says that this mail may be shown", "mail because"),
    "mail.sent_by_hand": ("a mail that somebody of ours wrote was found", "mail to subject folder uid sha256 invoices"),
    "meeting.logged": ("a meeting was logged", "words"),
    "note.added": ("a note was added", "words"),
    "payment.recorded": ("a payment was recorded", "invoice amount paid_on reference"),
    "promise.broken": ("a promise was broken", "due_on confirmed"),
    "promise.confirmed": ("a person confirmed a promise", "due_on invoices"),
    "promise.kept": ("a promise was kept", "due_on confirmed words"),
    "promise.made": ("a person noted a promise; reminders pause", "due_on pauses_until_on amount words invoices"),
    "promise.narrowed": ("a promise now holds for fewer invoices", "why left"),
    "promise.tracked": ("a promise was read from a mail; reminders pause", "due_on pauses_until_on amount invoices"),
    "promise.withdrawn": ("a promise no longer counts", "why words"),
    "reminder.bounced": ("a reminder came back undelivered", "message to hard why"),
    "reminder.cancelled": ("a reminder was stopped before it was sent", "message why"),
    "reminder.copied": ("a copy of a reminder lies in the Sent folder", "message how folder uid sha256"),
    "reminder.copy_failed": ("no copy of a reminder could be put into the Sent folder", "message why"),
    "reminder.deferred": ("the mail server put a reminder off", "message to attempt text"),
    "reminder.expired": ("a reminder was not sent in time and was dropped", "message why"),
    "reminder.failed": ("the mail server refused a reminder for good", "message to attempt text"),
    "reminder.not_sent": ("a reminder that was due was not sent", "invoice step why"),
    "reminder.not_written": ("a reminder could not be written", "why"),
    "reminder.outcome_late": ("an answer of the mail server came after another worker had taken over", "message text"),
    "reminder.queued": ("a reminder was written", "message to subject template steps"),
    "reminder.resolved": ("a person said whether a doubtful reminder was sent", "message was_sent reason"),
    "reminder.sent": ("the mail server took a reminder", "message to attempt peer tls text"),
    "reminder.settled": (
        "a reminder in doubt was sent: there is evidence",
        "message evidence mail folder uidvalidity uid sha256",
    ),
    "reminder.skipped": ("a step was passed over", "invoice step why"),
    "reminder.unknown": ("nobody knows whether a reminder was delivered", "message text"),
    "reply.read": ("a mail was read", "mail kind findings flags return_on ask"),
    "setup.refused": ("a reminder was refused for what we are, not for its address", "message why"),
    "task.closed": ("a task was closed", "why"),
    "task.created": ("a person was asked to call or to write a letter", "kind instructions steps"),
    "task.done": ("a person did a task", "kind step invoices"),
}

#: How a part is introduced; the others by their own name.
_LABELS = {
    "ask": "for a person:",
    "attempt": "attempt no.",
    "deadline_on": "to be looked at by",
    "changes": "",
    "domain": "by",
    "domain_and_from": "to From:",
    "due_on": "due",
    "findings": "it says:",
    "invoices": "invoices",
    "no_report": "no PDF report:",
    "pauses_until_on": "until",
    "peer": "server",
    "redaction": "redacted:",
    "return_on": "back on",
    "server_said": "our server said:",
    "step": "rung",
    "steps": "asks for",
    "text": "the server said",
    "until_on": "until",
    "was_sent": "was sent:",
    "why": "because",
}


def event_words(type_: str, payload: Mapping[str, Any], refs: Mapping[str, str], names: Mapping[str, str]) -> str:
    """Return what happened as one sentence.

    `names` are what people call ids by (an invoice's number); ids without a name are left out. A type not known here
    is told with all it holds; a payload that was erased leaves only what happened.
    """
    known = {word: names[ref] for word, ref in refs.items() if ref in names}
    what, parts = _SENTENCES.get(type_, (type_.replace(".", " ").replace("_", " "), " ".join({**known, **payload})))
    told = (_part(word, payload.get(word, known.get(word)), names) for word in parts.split())
    return ": ".join(part for part in (what, "; ".join(one for one in told if one)) if part)


def reading_words(reading: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Return what was read from a mail ("human: promise for 2026-12-04 'we pay on Friday'"), "" for nothing."""
    findings = [
        {
            **one,
            "words": [evidence.get("text", "") for evidence in one.get("evidence", ())],
            "attached": [name for evidence in one.get("evidence", ()) if (name := evidence.get("attachment"))],
        }
        for one in reading.get("findings", ())
    ]
    kind = str(reading.get("kind", "")).replace("_", " ")
    said = _value(findings, names, word="findings")
    away = _part("return_on", reading.get("return_on"), names)
    return ": ".join(part for part in (kind, "; ".join(one for one in (said, away) if one)) if part)


def _part(word: str, value: Any, names: Mapping[str, str]) -> str:
    shown = _value(value, names, word=word)
    if not shown:
        return ""
    short = shown if len(shown) <= MAX_CHARACTERS else shown[: MAX_CHARACTERS - 1] + "…"
    return f"{_LABELS.get(word, word.replace('_', ' '))} {short}".strip()


def _value(value: Any, names: Mapping[str, str], *, word: str = "") -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return _step(value, names) if word == "steps" else _finding(value) if word == "findings" else _fields(value)
    if isinstance(value, list | tuple):
        return ", ".join(shown for one in value if (shown := _value(one, names, word=word)))
    return "" if value is None else names.get(str(value), str(value))


def _step(step: Mapping[str, Any], names: Mapping[str, str]) -> str:
    number = names.get(str(step.get("invoice")), "")
    return f"{number} ({step.get('currency', '')} {step.get('open', '')} open, rung {step.get('step', '')})".strip()


def _finding(finding: Mapping[str, Any]) -> str:
    day, words = finding.get("on"), " … ".join(map(str, finding.get("words", ())))
    amount = finding.get("amount")
    amount = amount.get("text") if isinstance(amount, Mapping) else amount
    parts = (
        finding.get("intent"),
        f"of {amount}" if amount else "",
        f"for {day}" if day else "",
        finding.get("reason"),
    )
    told = " ".join(str(part).replace("_", " ") for part in parts if part)
    if names := ", ".join(dict.fromkeys(map(str, finding.get("attached", ())))):
        told += f" (attached: {names})"
    return f"{told} \N{LEFT DOUBLE QUOTATION MARK}{words}\N{RIGHT DOUBLE QUOTATION MARK}" if words else told


def _fields(value: Mapping[str, Any]) -> str:
    if value.keys() == {"old", "new"}:
        return f"{value['old'] or 'nothing'} \N{RIGHTWARDS ARROW} {value['new'] or 'nothing'}"
    told = ((key.replace("_", " "), _value(one, {})) for key, one in value.items())
    return ", ".join(f"{key} {shown}" for key, shown in told if shown)
