"""Sentences scored one by one → how likely a whole mail says each intent: the second step of the weights.

What a sentence alone shows is weighed with the other sentences, with what else the mail says, and with what the phrases
found. `signs` is used by the training too: both see the same numbers in the same order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log, log1p

import numpy as np

from mailer.domain.reading import Intent
from mailer.replies.features import tokens
from mailer.replies.passage import Clause, Passage, Sentence
from mailer.replies.weights import Net, Numbers, Weights

INTENT_NAMES = tuple(intent.value for intent in Intent)
_LIMIT = 5.0
_NOTHING = -6.0
_FAR = 30.0
_ALMOST = 0.98
_SOME = 20
_NAME_WORDS = 6
#: Beyond so many digits of a probability machines differ in their arithmetic.
_DIGITS = 6
_Row = tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scored:
    """The scores of every sentence of a mail, by the order of the weights' names; () when there are no words.

    `table` has them once more, one row a sentence, `near` those of each with the next one, one after the other, and
    `whole` those of all together; a row of nothing when there are no words.
    """

    words: Passage
    weights: Weights
    sentences: tuple[tuple[Sentence, _Row], ...]
    table: Numbers
    near: Numbers
    whole: Numbers
    #: The words and marks of all of them (`mailer.replies.features.tokens`).
    spoken: tuple[str, ...]

    def best_sentence(self, name: str) -> Sentence | None:
        """Return the sentence that shows a name most."""
        at = self.weights.names.index(name)
        return max(self.sentences, key=lambda one: one[1][at])[0] if self.sentences else None

    def best_clause(self, name: str) -> Clause | None:
        """Return the clause that shows a name most, within the sentence that does."""
        sentence = self.best_sentence(name)
        if sentence is None:
            return None
        return self.clause_of(sentence, self.weights.names.index(name))

    def clause_of(self, sentence: Sentence, at: int) -> Clause:
        """Return the clause of a sentence that shows the name at this place most."""
        own = self.words.own
        within = self.words.of_sentence(sentence)
        return max(within, key=lambda one: float(self.weights.scores(own[one.start : one.end])[at]))

    def at(self, intent: Intent, place: int) -> float:
        """Return the log-odds of an intent in the sentence at a place of the own words."""
        at = self.weights.names.index(intent.value)
        return next((row[at] for one, row in self.sentences if one.start <= place < one.end), _NOTHING)

    def tops(self) -> dict[str, float]:
        """Return by name the log-odds of the sentence that shows it most."""
        return dict(zip(self.weights.names, self.table.max(axis=0).tolist(), strict=True))


def scored(words: Passage, weights: Weights) -> Scored:
    """Score each sentence; the names below the good-bye are none ("Calder Print Works" is no fault of a print)."""
    spoken = [(one, tokens(words.own[one.start : one.end])) for one in spoken_sentences(words)]
    summed = [weights.sums(said) for _, said in spoken] or [weights.sums([])]
    sums, counts = np.array([each for each, _ in summed]), np.array([count for _, count in summed])
    table = weights.scores_of(sums, counts) if spoken else np.full(sums.shape, _NOTHING)
    return Scored(
        words=words,
        weights=weights,
        sentences=tuple([(one, tuple(row)) for (one, _), row in zip(spoken, table.tolist(), strict=False)]),
        table=table,
        near=weights.scores_of(sums[:-1] + sums[1:], counts[:-1] + counts[1:]) if len(spoken) > 1 else table,
        whole=weights.scores_of(sums.sum(axis=0)[None], counts.sum()[None]) if spoken else table,
        spoken=tuple([word for _, said in spoken for word in said]),
    )


def spoken_sentences(words: Passage) -> tuple[Sentence, ...]:
    """Return the sentences without the names that follow a good-bye."""
    spoken: list[Sentence] = []
    has_begun = has_ended = False
    for sentence in words.sentences:
        clauses = words.of_sentence(sentence)
        is_greeting = all(clause.is_greeting for clause in clauses)
        has_ended = has_ended and _is_name(clauses) if spoken and not is_greeting else has_begun and is_greeting
        has_begun = has_begun or not is_greeting
        if is_greeting or not has_ended:
            spoken.append(sentence)
    return tuple(spoken)


def _is_name(clauses: tuple[Clause, ...]) -> bool:
    text = " ".join(clause.text for clause in clauses)
    said = any(clause.dates or clause.amounts or clause.speaks_of_payment for clause in clauses)
    words = text.split()
    return not said and len(words) <= _NAME_WORDS and all(not word[:1].islower() for word in words)


def signs(seen: Scored, by_phrases: Mapping[str, float]) -> Numbers:
    """Return the numbers that the second step weighs; `by_phrases` has the confidence of each intent found.

    Of each intent: the best sentence, once more as a probability, the phrases, the second best sentence, whether any
    says it, the mean, the best two neighbours, and the whole mail; between them what is true of the mail.
    """
    table, near, whole = (each[:, : len(INTENT_NAMES)] for each in (seen.table, seen.near, seen.whole))
    ranked = np.sort(table, axis=0)
    top, second = ranked[-1], ranked[-2] if len(ranked) > 1 else np.full(len(INTENT_NAMES), _NOTHING)
    none = np.prod(1 - _chances(table) * _ALMOST, axis=0)
    some = np.log(np.maximum(1e-6, 1 - none) / none)
    phrased = [by_phrases.get(name, 0.0) for name in INTENT_NAMES]
    numbers = (
        limited(top),
        _chances(top),
        _about(seen),
        phrased,
        limited(np.array([second, some, table.mean(axis=0), near.max(axis=0), whole[0]])),
    )
    return np.concatenate([np.ravel(one) for one in numbers])


def probabilities(second: Net, numbers: Numbers) -> dict[str, float]:
    """Return how likely a mail says each intent (`Weights.mail`)."""
    return dict(zip(INTENT_NAMES, np.round(_chances(second.log_odds(numbers)), _DIGITS).tolist(), strict=True))


def _chances(log_odds: Numbers) -> Numbers:
    chances: Numbers = 1 / (1 + np.exp(-_between(log_odds, _FAR)))
    return chances


def probability(log_odds: float) -> float:
    """Return the probability (0-1) of some log-odds."""
    if -_FAR < log_odds < _FAR:
        return 1 / (1 + exp(-log_odds))
    return 1 / (1 + exp(-max(-_FAR, min(_FAR, log_odds))))


def _about(seen: Scored) -> list[float]:
    words = seen.words
    days = [day for clause in words.clauses for day in clause.dates]
    best = seen.best_sentence(Intent.PROMISE.value)
    its_own = words.of_sentence(best) if best else ()
    ahead = [day for clause in its_own for day in clause.dates if day.on >= words.anchor and not day.is_mention]
    return [
        log1p(len(seen.sentences)),
        log(len(words.own) + _SOME),
        float("?" in words.own),
        float(any(day.on >= words.anchor and not day.is_mention for day in days)),
        float(any(day.on < words.anchor or day.past_on for day in days)),
        float(bool(ahead)),
        float(any(day.on > words.anchor for day in ahead)),
        float(any(clause.is_negated for clause in its_own)),
    ]


def limited(values: Numbers) -> Numbers:
    """Return log-odds cut off where more would say nothing more."""
    return _between(values, _LIMIT)


def _between(values: Numbers, limit: float) -> Numbers:
    between: Numbers = np.maximum(np.minimum(values, limit), -limit)  # numpy.clip takes longer for so few
    return between
