"""When somebody is back, and who answers meanwhile, from an automatic answer."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date, timedelta

from mailer.replies.intents.redirect import ADDRESS
from mailer.replies.passage import Clause, Passage
from mailer.replies.said import add_business_days

_INCLUSIVE = re.compile(r"\binclu|through|thru|einschlie(?:ß|ss)lich|inkl|mit\b|t/m|tot en met|compres", re.IGNORECASE)
#: Nobody says when he is back further ahead than that; it is something else's date.
_MAX_ABSENCE = timedelta(days=500)


def return_date(passage: Passage) -> date | None:
    """Return the first day back (local), or the last day away when only that is said; None when neither is."""
    for clause in passage.clauses:
        back = [hit.start() for hit in passage.language.back.finditer(clause.plain)]
        ahead = _ahead(clause, passage.anchor)
        until = [hit.start() for hit in passage.language.until.finditer(clause.plain)]
        if len(ahead) > 1 and until:
            back = [start for start in back if start > until[-1]]
            if not back:
                continue  # from one day until another, and no word of the day after
            ahead = [(place, day) for place, day in ahead if place >= clause.start + back[0]]
        after = [day for place, day in ahead if any(start + clause.start <= place for start in back)]
        # "Ab Montag, dem 2. November bin ich wieder da": the word may also stand behind the date.
        if after or (back and ahead):
            return (after or [ahead[-1][1]])[0]
    for clause in passage.clauses:
        for hit in passage.language.until.finditer(clause.plain):
            after = [day for place, day in _ahead(clause, passage.anchor) if place >= clause.start + hit.start()]
            if after:
                return add_business_days(after[0], 1) if _INCLUSIVE.search(clause.plain) else after[0]
    return None


def _ahead(clause: Clause, anchor: date) -> list[tuple[int, date]]:
    return [(one.start, one.on) for one in clause.dates if anchor < one.on <= anchor + _MAX_ABSENCE]


def delegate(own: str, sender: str, *, ours: Collection[str] = ()) -> str | None:
    """Return the address of somebody else that is named, of the sender's own domain before any other.

    `ours` are the addresses the notice went to: a challenge robot repeats them, and nobody deputises for himself.
    """
    domain = sender.rpartition("@")[2]
    others = [hit[0].lower().rstrip(".") for hit in ADDRESS.finditer(own)]
    named = [address for address in others if address != sender and address not in ours]
    return next((address for address in named if address.endswith(f"@{domain}")), named[0] if named else None)
