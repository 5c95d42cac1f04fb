"""How likely a whole reading is right: the third step of the weights, over what the first two say of a mail.

`signs_of_doubt` is used by the training too: both see the same numbers in the same order.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import log, prod

from mailer.domain.reading import Intent
from mailer.replies.judging import INTENT_NAMES, Scored, probability
from mailer.replies.thresholds import SHOWN_ALONE, shown_from

_SHOWN_FROM = {intent.value: shown_from(intent) for intent in Intent}
_LEAST = 1e-3
_LEAST_PRODUCT = 1e-6
_PHRASED = 0.5
_SOME = 20
#: Log-odds of a sentence's likeliest intent: from the one on it says something, from the other on perhaps.
_CLEAR, _UNCLEAR = 0.0, -2.0


def shown(likely: Mapping[str, float]) -> frozenset[str]:
    """Return the intents that are shown as said: the likely ones, else the likeliest if it is not too unlikely."""
    said = frozenset(name for name, chance in likely.items() if chance >= _SHOWN_FROM[name])
    best = max(likely, key=likely.__getitem__)
    return said or (frozenset({best}) if likely[best] >= SHOWN_ALONE else said)


def signs_of_doubt(
    seen: Scored, likely: Mapping[str, float], said: Collection[str], by_phrases: Mapping[str, float]
) -> list[float]:
    """Return the numbers that the third step weighs; `by_phrases` has the confidence of each intent found."""
    others = sorted((chance for name, chance in likely.items() if name not in said), reverse=True)
    phrased = {name for name, confidence in by_phrases.items() if confidence >= _PHRASED}
    tops = [max(row[: len(INTENT_NAMES)]) for _, row in seen.sentences]
    words = [word for word in seen.spoken if word.isalpha()]
    unknown = len(words) - seen.weights.known(words)
    all_right = prod(chance if name in said else 1 - chance for name, chance in likely.items())
    return [
        log(all_right + _LEAST_PRODUCT),
        log(min((likely[name] for name in said), default=0.0) + _LEAST),
        log(others[0] + _LEAST),
        others[1],
        float(len(said)),
        float(len(set(said) - phrased)),
        float(len(phrased - set(said))),
        log(len(seen.words.own) + _SOME),
        float(len(seen.sentences)),
        unknown / max(1, len(words)),
        float("?" in seen.words.own),
        float(sum(top > _CLEAR for top in tops)),
        float(sum(_UNCLEAR < top <= _CLEAR for top in tops)),
        all_right,
        float(not said),
        min((by_phrases.get(name, 0.0) for name in said), default=1.0),
    ]


def certainty(third: Sequence[float], numbers: Sequence[float]) -> float:
    """Return how likely a reading is right as a whole; `third` has a bias and a weight per number (`Weights.sure`)."""
    return probability(third[0] + sum(map(float.__mul__, third[1:], numbers)))
