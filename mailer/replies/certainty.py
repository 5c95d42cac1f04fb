"""How sure the reader may be of a whole mail: a clear sentence in an unclear mail is not clear (law 4)."""

from __future__ import annotations

import re
from dataclasses import replace

from mailer.domain.reading import Finding, Intent, Reading
from mailer.replies.passage import Clause, Passage

#: From here on an effect may follow without a person.
CERTAIN = 0.9
_NOT_CERTAIN = 0.85
#: From here on a reading may stand without a person's look; what follows from it may still need one.
_PLAIN = 0.8
_PLAIN_CHARS = 150
#: From this certainty on, with phrases that see it too, nine of ten mails were read wholly right (docs/reading.md).
_SURE = 0.17
#: Long letters say more than one thing, whatever we saw in them.
_MAX_CHARS = 1_500
_MAX_SENTENCES = 14


def tempered(found: tuple[Finding, ...], passage: Passage, *, is_sure: bool) -> tuple[Finding, ...]:
    """Return the findings with promises held below certainty where the rest of the mail leaves a doubt.

    `is_sure`: language and date of the mail are beyond doubt. A doubt is: a second finding or day, another clause that
    asks, denies, supposes, objects or speaks of money, or sheer length.
    """
    promises = [one for one in found if one.intent is Intent.PROMISE]
    is_long = len(passage.own) > _MAX_CHARS or len(passage.sentences) > _MAX_SENTENCES
    says_more = any(one.intent not in (Intent.PROMISE, Intent.ACKNOWLEDGEMENT) for one in found)
    if is_sure and not (is_long or says_more) and len(promises) == 1 and not _doubts(promises[0], passage):
        return found
    return tuple(
        replace(one, confidence=min(one.confidence, _NOT_CERTAIN)) if one.intent is Intent.PROMISE else one
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
    """
    if reading.certainty:
        by_weights_alone = any(proof.rule.startswith("model.") for one in reading.findings for proof in one.evidence)
        return reading.certainty >= _SURE and not by_weights_alone
    is_one_thing = len({one.intent for one in reading.findings}) == 1 and len(reading.own) <= _PLAIN_CHARS
    return is_one_thing and all(one.confidence >= _PLAIN for one in reading.findings)
