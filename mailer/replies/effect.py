"""What a mail does to the reminders, in one word and one sentence, and whether a person should check the reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mailer.domain.actions import PlaceHold, ReplyAction, SuppressAddress
from mailer.domain.agreement import HoldKind
from mailer.domain.reading import MailKind, Match, Reading, SenderStanding
from mailer.replies.certainty import is_plain

Effect = Literal["continue", "postpone", "hold", "stop", "suppress"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The effect on the reminders; `review`: the reading is not sure enough to stand without a person; `why`."""

    effect: Effect
    review: bool
    why: str


def outlook(reading: Reading, match: Match, actions: Sequence[ReplyAction]) -> Outlook:
    """Return what follows from a mail, given the actions that `react` derived from it."""
    effect = _effect(reading, actions)
    doubts = _doubts(reading, match)
    said = ", ".join(dict.fromkeys(one.intent.value.replace("_", " ") for one in reading.findings)) or "nothing certain"
    if reading.kind is not MailKind.HUMAN:
        why = f"a machine wrote it ({reading.kind.value.replace('_', ' ')})"
    else:
        why = f"says: {said}" + (f"; for a person, because {doubts[0]}" if doubts else "")
    return Outlook(effect=effect, review=bool(doubts), why=why)


def _effect(reading: Reading, actions: Sequence[ReplyAction]) -> Effect:
    if any(isinstance(action, SuppressAddress) for action in actions):
        return "suppress"
    if any(isinstance(action, PlaceHold) and action.kind is HoldKind.STOP for action in actions):
        return "stop"
    if reading.kind is MailKind.AUTO_REPLY:
        return "postpone"
    return "continue" if reading.kind in (MailKind.OWN, MailKind.TICKET_ACK) else "hold"


def _doubts(reading: Reading, match: Match) -> list[str]:
    """Return why a person should look, strongest reason first; nothing for machines' mail."""
    if reading.kind is not MailKind.HUMAN:
        return []
    doubts: list[str] = []
    if match.customer_id is None:
        doubts.append("it is nobody's mail yet")
    if not reading.findings:
        doubts.append("nothing in it was understood")
    if match.sender is SenderStanding.UNKNOWN:
        doubts.append("the sender is unknown to this account")
    doubts += [f"an attached PDF {flaw}" for flaw in reading.unread]
    if not is_plain(reading):
        doubts.append("the words are not plain enough")
    return doubts
