"""How sure a finding must be for what follows from it: per effect, not per intent. The one place with these numbers.

Quiet is cheap: any reply of a person holds, and a finding that is likelier than not may stop a customer. What is dear
needs a rule that saw the words: an address that is never written to again, a dispute, a claim of payment in place of
the hold, a promise that pauses without a person. What only the weights see holds and goes to a person; it opens
nothing, and a promise that is certain without it is tracked all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mailer.domain.reading import Finding, Intent


class Consequence(StrEnum):
    """What a finding may lead to without a person, beyond the hold that any reply places."""

    #: The whole customer is held until a person decides.
    STOP = "stop"
    #: The address is not written to again.
    SUPPRESS = "suppress"
    #: A draft of a dispute is written for the invoices.
    DISPUTE = "dispute"
    #: The invoices count as claimed to be paid, and the reply's own hold ends.
    CLAIM = "claim"
    #: The promise pauses the invoices until its day, and the reply's own hold ends.
    TRACK = "track"


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """The least confidence (0-1) when a rule saw the words, and when only the weights did (None: never)."""

    by_rule: float
    by_weights: float | None = None


THRESHOLDS: Mapping[Consequence, Threshold] = {
    Consequence.STOP: Threshold(by_rule=0.35, by_weights=0.5),
    Consequence.SUPPRESS: Threshold(by_rule=0.5),
    Consequence.DISPUTE: Threshold(by_rule=0.5),
    Consequence.CLAIM: Threshold(by_rule=0.5),
    Consequence.TRACK: Threshold(by_rule=0.9),
}
#: A promise from here on may be tracked.
CERTAIN = THRESHOLDS[Consequence.TRACK].by_rule
#: What a doubt in the rest of the mail leaves of the confidence in a promise, and all that the weights alone may have.
NOT_CERTAIN = 0.85

#: From this certainty of the whole reading on, with rules that see it too, 95 of 100 mails by authors not seen were
#: read wholly right (docs/reading.md): such a reading may stand without a person's look.
SURE = 0.9
#: The same without weights: the confidence that each finding must have.
PLAIN = 0.8

#: From here on an intent is shown as said; what must not be missed is shown earlier, where that costs a look.
SHOWN = 0.5
SHOWN_EARLIER: Mapping[Intent, float] = {
    Intent.LEGAL: 0.1,
    Intent.INSOLVENCY: 0.13,
    Intent.STOP_CONTACT: 0.16,
    Intent.WRONG_PARTY: 0.25,
    Intent.BANK_DETAILS: 0.13,
    Intent.REFUSAL: 0.2,
    Intent.DISPUTE: 0.14,
}
#: Everybody who writes says something: the likeliest is shown from here on when nothing is likely.
SHOWN_ALONE = 0.2

#: Beginning of the names of rules that are none: the weights point at these words.
_BY_WEIGHTS = "weights."


def shown_from(intent: Intent) -> float:
    """Return the probability from which on an intent is shown as said."""
    return SHOWN_EARLIER.get(intent, SHOWN)


def by_weights_alone(finding: Finding) -> bool:
    """Whether no rule saw the words of a finding, only the weights."""
    return bool(finding.evidence) and all(proof.rule.startswith(_BY_WEIGHTS) for proof in finding.evidence)


def only_attached(finding: Finding) -> bool:
    """Whether nothing in the sender's own words shows a finding, only what is attached."""
    return bool(finding.evidence) and all(proof.attachment for proof in finding.evidence)


def by_own_words(finding: Finding) -> bool:
    """Whether a rule saw a finding in the sender's own words, not the weights alone and not only in an attachment."""
    own = (proof for proof in finding.evidence if not proof.attachment)
    return not finding.evidence or any(not proof.rule.startswith(_BY_WEIGHTS) for proof in own)


def allows(finding: Finding, consequence: Consequence) -> bool:
    """Whether a finding is sure enough for a consequence."""
    threshold = THRESHOLDS[consequence]
    if by_weights_alone(finding):
        return threshold.by_weights is not None and finding.confidence >= threshold.by_weights
    return finding.confidence >= threshold.by_rule
