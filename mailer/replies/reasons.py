"""Why a mail disputes: the likeliest reason by what its sentences and the phrases show, weighed by a small net.

`reason_signs` is used by the training too: both see the same numbers in the same order.
"""

from __future__ import annotations

import numpy as np

from mailer.domain.reading import DISPUTE_REASONS, Intent
from mailer.replies.judging import INTENT_NAMES, Scored, limited
from mailer.replies.weights import Net, Numbers

_INTENTS = len(INTENT_NAMES)
_DISPUTE = INTENT_NAMES.index(Intent.DISPUTE.value)


def reason_signs(seen: Scored, phrased: str | None) -> Numbers:
    """Return the numbers that speak for reasons; `phrased` is the one that the phrases found.

    Of each reason: the best of the sentences that dispute, of all, of neighbours, the whole mail, and the phrases;
    behind them the best sentence of each intent.
    """
    disputing = seen.table[:, _DISPUTE]
    those = seen.table[disputing >= min(disputing.max(), 0.0)]
    tables = [each[:, _INTENTS:].max(axis=0) for each in (those, seen.table, seen.near, seen.whole)]
    said = [float(phrased == reason) for reason in DISPUTE_REASONS]
    tops = limited(seen.table[:, :_INTENTS].max(axis=0))
    return np.concatenate([*tables, said, tops])


def likeliest_reason(net: Net, numbers: Numbers) -> str:
    """Return the reason that the numbers of a mail speak for (`Weights.reason`)."""
    return DISPUTE_REASONS[int(net.log_odds(numbers).argmax())]
