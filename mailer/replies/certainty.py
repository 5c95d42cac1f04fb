"""How sure the reader may be of a whole mail: a clear sentence in an unclear mail is not clear (law 4)."""

from __future__ import annotations

import re
from dataclasses import replace

from mailer.domain.reading import Finding, Intent, Reading
from mailer.replies.passage import Clause, Passage
from mailer.replies.thresholds import NOT_CERTAIN, PLAIN, SURE, by_own_words, by_weights_alone

_PLAIN_CHARS = 150
#: Long letters say more than one thing, whatever we saw in them.
_MAX_CHARS = 1_500
_MAX_SENTENCES = 14


def tempered(found: tuple[Finding, ...], passage: Passage, *, is_sure: bool) -> tuple[Finding, ...]:
    """Return the findings with promises held below certainty where the rest of the mail leaves a doubt.

    `is_sure`: language and date of the mail are beyond doubt. A doubt is: a second finding by a rule or a second day,
    another clause that asks, denies, supposes, objects or speaks of money, or sheer length.
    """
    promises = [one for one in found if one.intent is Intent.PROMISE]
    is_long = len(passage.own) > _MAX_CHARS or len(passage.sentences) > _MAX_SENTENCES
    beside = (one for one in found if not by_weights_alone(one))
    says_more = any(one.intent not in (Intent.PROMISE, Intent.ACKNOWLEDGEMENT) for one in beside)
    if is_sure and not (is_long or says_more) and len(promises) == 1 and not _doubts(promises[0], passage):
        return found
    return tuple(
        replace(one, confidence=min(one.confidence, NOT_CERTAIN)) if one.intent is Intent.PROMISE else one
        for one in found
    )


def _doubts(promise: Finding, passage: Passage) -> bool:
    start = promise.evidence[0].start
    its_own = [clause for clause in passage.clauses if clause.start <= start < clause.end]
    others = [clause for clause in passage.clauses if clause not in its_own and not clause.is_greeting]
    names_other_day = any(one.on != promise.on and not one.is_mention for clause in others for one in clause.dates)
    objects = any(clause.has_contrast for clause in its_own)
    return objects or names_other_day or any(_is_doubtful(clause) for clause in others)


def _is_doubtful(clause: Clause) -> bool:
    """Whether a clause beside the promise leaves a doubt: an objection, a request, money, numbers.

    What people tell of themselves ("we were at the fair all week") does not, and neither does politeness.
    """
    sentence = clause.sentence
    is_turned = clause.is_negated or clause.has_contrast or clause.is_hypothetical
    if is_turned or sentence.is_question or sentence.is_conditional or sentence.is_reported:
        return True
    says_more = clause.is_addressed or clause.speaks_of_payment or bool(re.search(r"[\d@]", clause.text))
    return says_more and not clause.is_small_talk


def is_plain(reading: Reading) -> bool:
    """Whether a reading may stand without a person's look: phrases and weights see the same, nothing else is likely.

    Without weights: the mail says one thing, clearly and shortly. Measured: nothing looser is right often enough.
    What only an attachment says is never plain, and neither is a mail with one that could not be read.
    """
    if reading.unread or not all(by_own_words(one) for one in reading.findings):
        return False
    if reading.certainty:
        return reading.certainty >= SURE
    is_one_thing = len({one.intent for one in reading.findings}) == 1 and len(reading.own) <= _PLAIN_CHARS
    return is_one_thing and all(one.confidence >= PLAIN for one in reading.findings)
