"""A mail → what it says. Everything that is not understood is no finding: a person reads it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from mailer.domain.message import InboundMail
from mailer.domain.reading import Finding, MailKind, Reading
from mailer.replies.advice import advices, finding_of, with_advices
from mailer.replies.bounce import read_bounce
from mailer.replies.certainty import tempered
from mailer.replies.complaint import read_complaint
from mailer.replies.dates import UNKNOWN_DAY
from mailer.replies.fill import filled
from mailer.replies.flags import flags
from mailer.replies.intents import INTENTS
from mailer.replies.language import language_of
from mailer.replies.numbers import spans_of_numbers
from mailer.replies.out_of_office import delegate, return_date
from mailer.replies.passage import Passage, passage
from mailer.replies.phrases import Phrases
from mailer.replies.voting import Vote, voted
from mailer.replies.weighing import weighed
from mailer.replies.zones import Zones, words_of

#: How the reader works; raised when the same mail and the same files may be read differently.
ENGINE = "vote-9"
#: A mail whose own Date is further from its arrival was written, or dated, in another time.
_MAX_CLOCK_DIFFERENCE = timedelta(days=3)


def engine_of(phrases: Phrases) -> str:
    """Return the version stored with every reading: the way of reading, and the digest of all that the reader loads."""
    return f"{ENGINE}+{phrases.digest}"


def read(
    mail: InboundMail,
    zones: Zones,
    *,
    kind: MailKind,
    language_hint: str,
    country: str,
    phrases: Phrases,
    received_on: date | None = None,
) -> Reading:
    """Return what a mail says, from the sender's own words, and what attached remittance advices list.

    Dates resolve against the local date of the mail's own Date header, else against `received_on` (local day of
    arrival); with neither, no date is resolved, and so nothing is promised. `language_hint` (BCP 47 primary) and
    `country` (ISO 3166-1) are the customer's. Intents of languages without phrases are not read. `Evidence` offsets
    are into `Reading.own`, or into the text of the attachment that it names.
    """
    own = words_of(mail.text, zones.own)
    language, language_is_sure = language_of(own, hint=language_hint, known=phrases.function_words)
    unread = tuple(dict.fromkeys(one.flaw for one in mail.attachments if one.flaw))
    blank = _flagged(Reading(kind=kind, language=language, own=own, unread=unread, engine=engine_of(phrases)))
    if kind in {MailKind.BOUNCE_HARD, MailKind.BOUNCE_SOFT, MailKind.COMPLAINT}:
        return _failure(blank, mail)
    anchor = mail.sent_at.date() if mail.sent_at else received_on
    named = delegate(own, mail.from_email, ours=mail.recipients)
    advised = _advised(mail, anchor, country, language, phrases) if kind is MailKind.HUMAN else ()
    if language not in phrases.languages:
        return replace(blank, delegate=named if kind is MailKind.AUTO_REPLY else None, findings=advised)
    words = passage(own, language=phrases.languages[language], anchor=anchor or UNKNOWN_DAY, country=country)
    if kind is MailKind.AUTO_REPLY:
        return replace(blank, return_on=return_date(words), delegate=named)
    if kind is not MailKind.HUMAN:
        return blank
    vote = _vote(words, phrases)
    is_sure = language_is_sure and _is_dated(mail, received_on)
    found = tempered(filled(vote.findings, words), words, is_sure=is_sure)
    certainty = vote.certainty if language_is_sure else 0.0
    said = tuple(_with_numbers(one) for one in found)
    return replace(blank, findings=with_advices(said, advised), certainty=certainty)


def _is_dated(mail: InboundMail, received_on: date | None) -> bool:
    """Whether the mail's own date is there, and near the day it came."""
    if mail.sent_at is None:
        return False
    return received_on is None or abs(mail.sent_at.date() - received_on) <= _MAX_CLOCK_DIFFERENCE


def _advised(
    mail: InboundMail, anchor: date | None, country: str, language: str, phrases: Phrases
) -> tuple[Finding, ...]:
    """Return a finding for each remittance advice that is attached, in whatever language it is."""
    found: list[Finding] = []
    for advice in advices(mail):
        code, _ = language_of(advice.text, hint=language, known=phrases.function_words)
        days = phrases.languages.get(code) or phrases.languages[min(phrases.languages)]
        found.append(finding_of(advice, anchor=anchor, country=country, language=days))
    return tuple(found)


def _vote(words: Passage, phrases: Phrases) -> Vote:
    if phrases.weights is not None:
        return voted(words, phrases.weights)
    found = weighed(tuple(one for find in INTENTS.values() for one in find(words)), words)
    return Vote(findings=found, certainty=0.0)


def _flagged(blank: Reading) -> Reading:
    proofs = flags(blank.own) if blank.kind is MailKind.HUMAN else ()
    return replace(blank, flags=tuple(proof.rule for proof in proofs), flag_proofs=proofs)


def _failure(blank: Reading, mail: InboundMail) -> Reading:
    complained = read_complaint(mail)
    if complained is not None:
        return replace(blank, failed_address=complained, failure="complaint")
    bounce = read_bounce(mail)
    if bounce is None:
        return blank
    failure = f"delayed: {bounce.failure}" if bounce.delayed else bounce.failure
    return replace(
        blank,
        failed_address=bounce.failed_address,
        failure=failure,
        failure_cause=bounce.cause,
        is_delayed=bounce.delayed,
    )


def _with_numbers(finding: Finding) -> Finding:
    """Name the invoice numbers in the words that prove a finding, normalised; letters of them are capitals."""
    numbers = {number: None for proof in finding.evidence for number in _numbers_in(proof.text)}
    return replace(finding, invoice_numbers=tuple(numbers)) if numbers or finding.invoice_numbers else finding


def _numbers_in(text: str) -> Iterator[str]:
    ends: set[int] = set()
    for at, end, number in spans_of_numbers(text):
        if number[:2].isalpha() and text[at : at + 2].isupper():
            ends.add(end)
            yield number
        elif number.isdecimal() and end not in ends:  # else it is the same one without its letters
            yield number
