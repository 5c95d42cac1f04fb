"""Sentences scored one by one → how likely a whole mail says each intent: the second step of the linear model.

What a sentence alone shows is weighed with the other sentences, with what else the mail says, and with what the phrases
found. `signs` is used by the training too: both see the same numbers in the same order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log, log1p
from operator import mul

from mailer.domain.reading import Intent
from mailer.replies.features import tokens
from mailer.replies.passage import Clause, Passage, Sentence
from mailer.replies.weights import Weights

INTENT_NAMES = tuple(intent.value for intent in Intent)
_LIMIT = 5.0
_NOTHING = -6.0
_FAR = 30.0
_ALMOST = 0.98
_SOME = 20
_NAME_WORDS = 6
_Row = tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scored:
    """The scores of every sentence of a mail, by the order of the weights' names; () when there are no words."""

    words: Passage
    weights: Weights
    sentences: tuple[tuple[Sentence, _Row], ...]
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
        return max(within, key=lambda one: self.weights.scores(own[one.start : one.end])[at])

    def at(self, intent: Intent, place: int) -> float:
        """Return the log-odds of an intent in the sentence at a place of the own words."""
        at = self.weights.names.index(intent.value)
        return next((row[at] for one, row in self.sentences if one.start <= place < one.end), _NOTHING)

    def tops(self) -> dict[str, float]:
        """Return by name the log-odds of the sentence that shows it most."""
        rows = [row for _, row in self.sentences] or [(_NOTHING,) * len(self.weights.names)]
        return dict(zip(self.weights.names, map(max, zip(*rows, strict=True)), strict=True))


def scored(words: Passage, weights: Weights) -> Scored:
    """Score each sentence; the names below the good-bye are none ("Calder Print Works" is no fault of a print)."""
    spoken = [(one, tokens(words.own[one.start : one.end])) for one in spoken_sentences(words)]
    return Scored(
        words=words,
        weights=weights,
        sentences=tuple([(one, weights.scores_of(said)) for one, said in spoken]),
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


def signs(seen: Scored, by_phrases: Mapping[str, float]) -> dict[str, list[float]]:
    """Return the numbers that the second step weighs, by intent; `by_phrases` has the confidence of each one found."""
    rows = [row[: len(INTENT_NAMES)] for _, row in seen.sentences] or [(_NOTHING,) * len(INTENT_NAMES)]
    columns = list(zip(*rows, strict=True))
    tops = [max(column) for column in columns]
    shared = [
        *map(_limited, tops),
        *map(probability, tops),
        *_about(seen),
        *(by_phrases.get(name, 0.0) for name in INTENT_NAMES),
    ]
    return {name: [*shared, *_of_column(column)] for name, column in zip(INTENT_NAMES, columns, strict=True)}


def probabilities(second: Mapping[str, Sequence[float]], numbers: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Return how likely a mail says each intent; `second` has a bias and a weight per number (`Weights.mail`)."""
    return {name: probability(row[0] + sum(map(mul, row[1:], numbers[name]))) for name, row in second.items()}


def probability(log_odds: float) -> float:
    """Return the probability (0-1) of some log-odds."""
    if -_FAR < log_odds < _FAR:
        return 1 / (1 + exp(-log_odds))
    return 1 / (1 + exp(-max(-_FAR, min(_FAR, log_odds))))


def _of_column(column: Sequence[float]) -> list[float]:
    """Return of one intent: the second best sentence, whether any says it, and the mean."""
    ranked = sorted(column)
    second = ranked[-2] if len(ranked) > 1 else _NOTHING
    none = 1.0
    for one in column:  # `probability`, without the price of a call for each sentence and intent
        none *= 1 - (1 / (1 + exp(-one)) if -_FAR < one < _FAR else probability(one)) * _ALMOST
    any_of_them = max(1e-6, 1 - none)
    return [_limited(second), _limited(log(any_of_them / none)), _limited(sum(column) / len(column))]


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


def _limited(value: float) -> float:
    return value if -_LIMIT <= value <= _LIMIT else max(-_LIMIT, min(_LIMIT, value))
