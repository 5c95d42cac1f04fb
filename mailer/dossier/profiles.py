"""For whom a case file is: what each reader gets, and what is withheld from them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Purpose(StrEnum):
    """Who gets the case file."""

    LAWYER = "lawyer"
    AGENCY = "agency"
    COURT = "court"
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What is in the file. `notes`: what people of ours noted for themselves; `loadfile`, `placement`: those folders.

    Items without prejudice have their line here once they can be marked as such.
    """

    notes: bool
    loadfile: bool
    placement: bool


PROFILES: dict[Purpose, Profile] = {
    Purpose.LAWYER: Profile(notes=True, loadfile=True, placement=False),
    Purpose.AGENCY: Profile(notes=True, loadfile=True, placement=True),
    Purpose.COURT: Profile(notes=False, loadfile=True, placement=False),
    Purpose.CUSTOMER: Profile(notes=False, loadfile=False, placement=False),
}
#: Why something is left out: for its kind, for its subject, for its day.
INTERNAL_NOTE = "an internal note"
OTHER_INVOICE = "about another invoice"
TOO_EARLY = "before the first day of this case file"
