"""What a language model's opinion may change about what follows from a mail: it may add caution, and nothing else.

It adds a hold and a question to a person, and it keeps a hold from being ended. No promise, no dispute, no suppressed
address, no end of a hold ever comes from it, and what follows without it never gets less quiet (law 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal

from mailer.domain.actions import AskPerson, EndReplyHold, PlaceHold, ReplyAction, TrackPromise
from mailer.domain.agreement import HoldKind
from mailer.domain.reading import Intent, Match, Reading, SenderStanding
from mailer.replies.opinion import Opinion
from mailer.replies.thresholds import by_weights_alone

#: "shadow": its opinion is only kept. "assist": what it reads is told where a person is asked anyway. "vote": where it
#: reads something that the rules do not, a person is asked and the hold stays.
Mode = Literal["shadow", "assist", "vote"]

#: These concern the whole customer, not only the invoices that were answered about.
_WHOLE = frozenset({Intent.STOP_CONTACT, Intent.LEGAL, Intent.INSOLVENCY, Intent.WRONG_PARTY})
_HARMLESS = frozenset({Intent.ACKNOWLEDGEMENT, Intent.UNRELATED})


def merged(
    actions: Sequence[ReplyAction], reading: Reading, match: Match, opinion: Opinion, *, mode: Mode, deadline: date
) -> tuple[ReplyAction, ...]:
    """Return what follows from a mail of a known customer when the opinion is heard.

    `actions` are what the rules alone lead to; all of their holds stay. `deadline`: the day on which a hold that is
    added raises its alarm.
    """
    doubts = [] if opinion.problem or mode == "shadow" else _doubts(actions, reading, opinion)
    asks = any(isinstance(action, AskPerson) for action in actions)
    if not doubts or (mode == "assist" and not asks):
        return tuple(actions)
    question = AskPerson(why=f"a language model {'; it '.join(doubts)}")
    if mode == "assist":
        return *actions, question
    kept = (action for action in actions if not isinstance(action, TrackPromise | EndReplyHold))
    return *kept, *_holds(reading, match, opinion, deadline), question


def _doubts(actions: Sequence[ReplyAction], reading: Reading, opinion: Opinion) -> list[str]:
    """Return in what the opinion goes beyond the rules or against them, as the ends of sentences."""
    seen = {one.intent for one in opinion.findings}
    asks = any(isinstance(action, AskPerson) for action in actions)
    doubts = []
    if more := _more(reading, opinion):
        doubts.append(f"reads: {', '.join(sorted(one.value.replace('_', ' ') for one in more))}")
    if opinion.unclear and not asks:
        doubts.append("finds it unclear")
    for promise in (action for action in actions if isinstance(action, TrackPromise)):
        days = {one.on for one in opinion.findings if one.intent is Intent.PROMISE}
        if Intent.PROMISE not in seen:
            doubts.append("sees no promise")
        elif days != {promise.due_on}:
            doubts.append("reads another day, or none")
    return doubts


def _more(reading: Reading, opinion: Opinion) -> frozenset[Intent]:
    """Return what the model reads and no rule saw, as far as it matters."""
    said = {one.intent for one in reading.findings if not by_weights_alone(one)}
    return frozenset(one.intent for one in opinion.findings) - said - _HARMLESS


def _holds(reading: Reading, match: Match, opinion: Opinion, deadline: date) -> tuple[PlaceHold, ...]:
    """Return the hold to add, on what was answered about or on the whole customer; a stranger's has a rule."""
    if match.sender is SenderStanding.UNKNOWN:
        return ()
    whole = _more(reading, opinion) & _WHOLE
    reason = "a language model reads more in the reply than the rules do"
    about = () if whole else match.invoice_ids
    return (PlaceHold(invoice_ids=about, kind=HoldKind.REPLY, reason=reason, deadline_on=deadline),)
