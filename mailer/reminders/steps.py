"""The rungs a policy is made of: a closed union. A new kind is one dataclass here and its name in `Step`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from mailer.domain.ids import StepId


class Anchor(StrEnum):
    """The day a rung is counted from, and on which side of it the rung lies."""

    BEFORE_DUE = "before_due"
    AFTER_DUE = "after_due"
    AFTER_PAYMENT = "after_payment"


#: The side of the due date is said in words: a sign that was read the wrong way round mailed customers 60 days early
#: elsewhere (Dolibarr #30771).
_WORDS = re.compile(r"(?P<days>\d{1,4}) days? (?P<anchor>before due|after due|after payment)")
_ON_DUE_DATE = "on due date"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """When a rung's time comes: `days` (whole, never negative) before or after its anchor."""

    anchor: Anchor
    days: int

    @classmethod
    def from_words(cls, words: str) -> Timing | None:
        """Return the timing for "3 days before due", "1 day after due", "on due date" or "1 day after payment".

        None when the words say nothing of the kind. "on due date" is the first day of the overdue ladder: it is still
        said later when that day was a Sunday.
        """
        if words == _ON_DUE_DATE:
            return cls(anchor=Anchor.AFTER_DUE, days=0)
        found = _WORDS.fullmatch(words)
        if found is None:
            return None
        days, anchor = int(found["days"]), Anchor(found["anchor"].replace(" ", "_"))
        if days == 0 and anchor is Anchor.BEFORE_DUE:
            anchor = Anchor.AFTER_DUE
        return cls(anchor=anchor, days=days)

    @property
    def words(self) -> str:
        """The same in words, as a policy file writes it."""
        if self.days == 0 and self.anchor is Anchor.AFTER_DUE:
            return _ON_DUE_DATE
        return f"{self.days} {'day' if self.days == 1 else 'days'} {self.anchor.replace('_', ' ')}"

    def since(self, anchor_on: date) -> date:
        """Return the local day from which the rung is due, given the due date or the day of payment."""
        days = timedelta(days=self.days)
        return anchor_on - days if self.anchor is Anchor.BEFORE_DUE else anchor_on + days


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rung:
    """What every rung has.

    Only the last overdue rung may repeat: every `repeat_every_days` after the time before, `repeat_limit` times more.
    """

    id: StepId
    timing: Timing
    repeat_every_days: int | None = None
    repeat_limit: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mail(_Rung):
    """A rung said by mail. `template` names its text; after `useful_days` in the outbox it expires, not sent late."""

    template: str
    useful_days: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailStep(_Mail):
    """An ordinary reminder, or a thank-you after payment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldNotice(_Mail):
    """Says that work stops until the invoice is paid. Never anybody's first mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalNotice(_Mail):
    """Says that the next step is somebody else: agency or lawyer. Never anybody's first mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTask(_Rung):
    """Asks a person to phone. `instructions` are shown to that person."""

    instructions: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterTask(_Rung):
    """Asks a person to post a letter with the text of `template`."""

    template: str
    instructions: str


#: Said by mail, or done by a person.
MailStep = EmailStep | HoldNotice | FinalNotice
TaskStep = CallTask | LetterTask
Step = MailStep | TaskStep
