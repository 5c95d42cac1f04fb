"""`make train`: fits the weights of the reader of replies and writes config/reading/replies.weights (extra [train]).

    python -m tests.corpus.train [--dry-run]

First step: a logistic regression per intent, and per reason of a dispute, over the keys of a sentence. Second step: a
few small nets, averaged, over what the first says of all sentences of a mail and what the phrases found
(`mailer.replies.judging`); they learn from mails whose author the first step has not seen. The same data gives the
same file, byte for byte, on the same kind of machine.
"""

from __future__ import annotations

import argparse
import random
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, diags
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from mailer.domain.reading import DISPUTE_REASONS, Finding, Intent
from mailer.flows.phrase_files import load_phrases_alone
from mailer.replies.features import keys_of_pairs, keys_of_word, tokens
from mailer.replies.judging import INTENT_NAMES, probabilities, scored, signs
from mailer.replies.reasons import reason_signs
from mailer.replies.sureness import shown, signs_of_doubt
from mailer.replies.voting import by_phrases, confidences
from mailer.replies.weights import Numbers, Weights, net_from, weights_from_parts, weights_to_bytes
from tests.corpus.examples import Example, Unit, digest, examples
from tests.corpus.scoring import f1
from tests.house.tree import ROOT

TARGET = ROOT / "config" / "reading" / "replies.weights"
NAMES = (*INTENT_NAMES, *(f"reason.{reason}" for reason in DISPUTE_REASONS))
#: A key seen in fewer sentences teaches nothing.
_SEEN = 2
_FIRST = {"C": 20.0, "tol": 0.05, "dual": True}
_SECOND = {"hidden_layer_sizes": (64,), "alpha": 0.3, "batch_size": 64, "max_iter": 12, "tol": 0.0}
_REASON = {"hidden_layer_sizes": (32,), "alpha": 3.0, "batch_size": 64, "max_iter": 30, "tol": 0.0}
_NETS = 4
_THIRD = {"C": 0.1}
_LARGEST = 127
_MOST_BALANCE = 4.0
_HALF = 0.5
_RARE = 3
_NEVER = -9.0
#: A net: its two layers, each a list of rows.
_Layers = dict[str, list[list[float]]]
_NO_NET: _Layers = {"inner": [[]], "outer": [[]]}


#: What the processes of `side_by_side` do; they are forked with it.
_WORK: list[Callable[[str], Any]] = []


def side_by_side(work: Callable[[str], Any], names: Sequence[str]) -> list[Any]:
    """Do the same for each name, one process a core; returns the results in order."""
    _WORK[:] = [work]
    with ProcessPoolExecutor(mp_context=get_context("fork")) as pool:
        return list(pool.map(_worked, names))


def _worked(name: str) -> Any:
    return _WORK[0](name)


class Sheet:
    """The sentences as a matrix, one row each."""

    def __init__(self, units: Sequence[Unit]) -> None:
        counts = [Counter(_keys(unit.text)) for unit in units]
        seen = Counter(key for one in counts for key in one)
        self.units = units
        self.keys = sorted(key for key, times in seen.items() if times >= _SEEN)
        at = {key: number for number, key in enumerate(self.keys)}
        rows = [[(at[key], times) for key, times in sorted(one.items()) if key in at] for one in counts]
        ends = np.cumsum([0, *map(len, rows)])
        # the norm of `Weights.scores`: the root of the number of keys known
        values = [times / sum(n for _, n in row) ** 0.5 for row in rows for _, times in row]
        columns = [column for row in rows for column, _ in row]
        plain = csr_matrix((values, columns, ends), shape=(len(units), len(self.keys)))
        # what few sentences hold tells more (inverse document frequency); the weights take it back
        self.rarity = _rarity(np.array([seen[key] for key in self.keys]), len(units))
        self.matrix = (plain @ diags(self.rarity)).tocsr()
        self.says = {name: np.array([name in unit.intents for unit in units]) for name in INTENT_NAMES}
        self.known = {name: np.array([name not in unit.unknown for unit in units]) for name in INTENT_NAMES}
        self.reasons = np.array([unit.reason or "" for unit in units])

    def weights(self, chosen: Any) -> tuple[dict[str, Any], bytes]:
        """Fit the first step on the chosen rows; return the head of the file, without other steps, and the table."""
        fits = [self._fit(chosen & self.known[name], self.says[name]) for name in INTENT_NAMES]
        fits += [self._fit(chosen & (self.reasons != ""), self.reasons == reason) for reason in DISPUTE_REASONS]
        table = np.full((len(self.keys), len(NAMES)), 128, dtype=np.uint8)
        scales = []
        for column, (slopes, _) in enumerate(fits):
            scale = max(float(np.abs(slopes).max()) / _LARGEST, 1e-9)
            table[:, column] = np.rint(slopes / scale).astype(int) + 128
            scales.append(float(f"{scale:.6g}"))
        biases = [round(bias, 5) for _, bias in fits]
        head = {
            "names": NAMES,
            "scales": scales,
            "biases": biases,
            "mail": _NO_NET,
            "reason": _NO_NET,
            "sure": [],
            "data": digest(),
        }
        return head, table.tobytes()

    def _fit(self, rows: Any, says: Any) -> tuple[Any, float]:
        yes = int(says[rows].sum())
        if yes < _RARE:
            return np.zeros(len(self.keys)), _NEVER
        more = min(_MOST_BALANCE, ((rows.sum() - yes) / yes) ** 0.5)
        model = LogisticRegression(
            solver="liblinear", class_weight={True: more, False: 1.0}, random_state=0, **_FIRST
        ).fit(self.matrix[rows], says[rows])
        return model.coef_[0] * self.rarity, float(model.intercept_[0])


def _rarity(times: Any, units: int) -> Any:
    """Return the logarithm of how rare each key is, so that its mean square over all keys seen is 1."""
    plain = np.log(units / times)
    return plain / np.sqrt((plain**2 * times).sum() / times.sum())


def _keys(text: str) -> list[str]:
    words = tokens(text)
    once = [key for word in dict.fromkeys(words) for key in keys_of_word(word)]
    return [*once, *dict.fromkeys(keys_of_pairs(words))]


class MailTable:
    """The numbers of the second step for each mail, and what each says."""

    def __init__(self, mails: Sequence[Example], readers: Sequence[Weights]) -> None:
        """`readers`: for each mail the weights that have not seen its author."""
        self.mails = mails
        self.seen = [scored(mail.words, weights) for mail, weights in zip(mails, readers, strict=True)]
        found = [by_phrases(one.words, one) for one in self.seen]
        self.phrased = [confidences(one) for one in found]
        self.plain = [signs(one, found) for one, found in zip(self.seen, self.phrased, strict=True)]
        self.doubtful = _blurred(mails, self.phrased)
        self.blurred = [signs(one, found) for one, found in zip(self.seen, self.doubtful, strict=True)]
        self.folds = sorted({mail.fold for mail in mails})
        self.disputing = [row for row, mail in enumerate(mails) if mail.reason]
        self.reasons = _blurred_reasons(mails, self.disputing, [_reason(one) for one in found])
        fitted = side_by_side(lambda fold: self.fit(self.without(fold)), self.folds)
        self.second = {fold: net_from(layers["mail"]) for fold, layers in zip(self.folds, fitted, strict=True)}
        self.reason = {fold: net_from(layers["reason"]) for fold, layers in zip(self.folds, fitted, strict=True)}

    def without(self, fold: str) -> list[int]:
        """Return the rows of all mails but those of a fold."""
        return [row for row, mail in enumerate(self.mails) if mail.fold != fold]

    def fit(self, chosen: Sequence[int]) -> dict[str, _Layers]:
        """Return the layers of the second step and of the one for reasons."""
        numbers = np.array([self.blurred[row] for row in chosen])
        says = np.array([[name in self.mails[row].intents for name in INTENT_NAMES] for row in chosen])
        rows = sorted(set(chosen) & set(self.disputing))
        shown = np.array([reason_signs(self.seen[row], self.reasons[row]) for row in rows])
        which = np.array([DISPUTE_REASONS.index(self.mails[row].reason or "") for row in rows])
        return {"mail": _layers(numbers, says, _SECOND), "reason": _layers(shown, which, _REASON)}

    def fit_sure(self, chosen: Sequence[int]) -> list[float]:
        """Return the bias and the weights of the third step: whether readings of mails not seen are wholly right."""
        numbers, right = [], []
        for row in chosen:
            mail = self.mails[row]
            likely = probabilities(self.second[mail.fold], self.blurred[row])
            said = shown(likely)
            numbers.append(signs_of_doubt(self.seen[row], likely, said, self.doubtful[row]))
            right.append(said == mail.intents)
        table = np.array(numbers)
        mean, spread = table.mean(axis=0), table.std(axis=0) + 1e-3
        model = LogisticRegression(solver="liblinear", random_state=0, **_THIRD).fit((table - mean) / spread, right)
        slopes = model.coef_[0] / spread
        return [round(float(one), 5) for one in (model.intercept_[0] - slopes @ mean, *slopes)]


def _layers(numbers: Numbers, says: Any, shape: dict[str, Any]) -> _Layers:
    """Fit some nets and return their layers side by side, which average them; they take the numbers as they are."""
    mean, spread = numbers.mean(axis=0), numbers.std(axis=0) + 1e-3
    nets = [MLPClassifier(random_state=seed, n_iter_no_change=shape["max_iter"], **shape) for seed in range(_NETS)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # they stop early, as they shall
        for one in nets:
            one.fit((numbers - mean) / spread, says)
    slopes = np.hstack([one.coefs_[0] for one in nets]) / spread[:, None]
    bias = np.hstack([one.intercepts_[0] for one in nets]) - mean @ slopes
    outer = np.vstack([one.coefs_[1] for one in nets]) / _NETS
    outer_bias = sum(one.intercepts_[1] for one in nets) / _NETS
    return {"inner": _rounded(np.vstack([slopes, bias])), "outer": _rounded(np.vstack([outer, outer_bias]))}


def _rounded(layer: Numbers) -> list[list[float]]:
    return [[float(f"{one:.5g}") for one in row] for row in layer.tolist()]


def _blurred(mails: Sequence[Example], phrased: Sequence[dict[str, float]]) -> list[dict[str, float]]:
    """Return what the phrases found, made as unreliable everywhere as it is in mails they were not made for.

    The phrases were made while looking at the others: there they are right more often than they will ever be again.
    """
    dice = random.Random(0)  # noqa: S311 - no secret
    blurred = [dict(one) for one in phrased]
    for name in INTENT_NAMES:
        hit, wrong = {}, {}
        for part in (True, False):
            rows = [number for number, mail in enumerate(mails) if mail.is_aside is not part]
            says = [number for number in rows if name in mails[number].intents]
            found = [number for number in rows if phrased[number].get(name, 0) >= _HALF]
            both = len(set(says) & set(found))
            hit[part] = both / max(1, len(says))
            wrong[part] = (len(found) - both) / max(1, len(rows) - len(says))
        for number, mail in enumerate(mails):
            if mail.is_aside:
                continue
            if name in mail.intents and dice.random() > hit[False] / max(hit[True], 1e-3):
                blurred[number].pop(name, None)
            elif name not in mail.intents and dice.random() < wrong[False] - wrong[True]:
                blurred[number].setdefault(name, 0.75)
    return blurred


def _reason(found: Sequence[Finding]) -> str | None:
    return next((one.reason for one in found if one.intent is Intent.DISPUTE), None)


def _blurred_reasons(
    mails: Sequence[Example], disputing: Sequence[int], phrased: Sequence[str | None]
) -> list[str | None]:
    """Return the reasons that the phrases found, as seldom right everywhere as in mails they were not made for."""
    dice = random.Random(0)  # noqa: S311 - no secret
    right: dict[bool, list[bool]] = {True: [], False: []}
    for row in disputing:
        right[mails[row].is_aside].append(phrased[row] == mails[row].reason)
    kept = float(np.mean(right[True])) / max(float(np.mean(right[False])), 1e-3)
    return [
        None if mail.reason == reason and not mail.is_aside and dice.random() > kept else reason
        for mail, reason in zip(mails, phrased, strict=True)
    ]


def main() -> None:
    """Train, print how well authors held out are read, write the file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--dry-run", action="store_true", help="print the figures, write nothing")
    options = parser.parse_args()
    everything = list(examples(load_phrases_alone()))
    sheet = Sheet([unit for one in everything for unit in one.units])
    folds = np.array([one.fold for one in everything for _ in one.units])
    mails = [one for one in everything if one.is_mail]
    names = sorted({one.fold for one in mails})
    print(f"{len(sheet.units)} sentences, {len(names)} times without one author or some", flush=True)
    *fitted, (head, table) = side_by_side(lambda fold: sheet.weights(folds != fold), [*names, ""])
    readers = {
        fold: weights_from_parts(part, sheet.keys, packed) for fold, (part, packed) in zip(names, fitted, strict=True)
    }
    found = MailTable(mails, [readers[one.fold] for one in mails])
    show(found)
    everybody = range(len(mails))
    head |= {**found.fit(everybody), "sure": found.fit_sure(everybody)}
    content = weights_to_bytes(head, sheet.keys, table)
    print(f"{len(sheet.keys)} keys, {len(content)} bytes")
    if not options.dry_run:
        TARGET.parent.mkdir(parents=True, exist_ok=True)
        TARGET.write_bytes(content)


def show(found: MailTable) -> None:
    """Print how well mails are read whose author neither step has seen."""
    tally: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for row, mail in enumerate(found.mails):
        said = shown(probabilities(found.second[mail.fold], found.plain[row]))
        tally[mail.in_corpus]["tp"] += len(said & mail.intents)
        tally[mail.in_corpus]["fp"] += len(said - mail.intents)
        tally[mail.in_corpus]["fn"] += len(mail.intents - said)
    print(
        f"authors held out, micro-F1: corpus {f1(tally[True]):.3f} (phrases made for it), mails {f1(tally[False]):.3f}"
    )


if __name__ == "__main__":
    main()
