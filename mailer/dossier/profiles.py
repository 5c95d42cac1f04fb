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

    `privileged`: what is marked as without prejudice (`mailer.dossier.privilege`), and what followed from it.
    `certificate`: the draft for a court.
    """

    notes: bool
    privileged: bool
    loadfile: bool
    placement: bool
    certificate: bool


PROFILES: dict[Purpose, Profile] = {
    Purpose.LAWYER: Profile(notes=True, privileged=True, loadfile=True, placement=False, certificate=True),
    Purpose.AGENCY: Profile(notes=True, privileged=False, loadfile=True, placement=True, certificate=False),
    Purpose.COURT: Profile(notes=False, privileged=False, loadfile=True, placement=False, certificate=True),
    Purpose.CUSTOMER: Profile(notes=False, privileged=False, loadfile=False, placement=False, certificate=False),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactionProfile:
    """What a redacted case file leaves out (config/redactions.toml says what each field means).

    `blacked_out`: kinds of what is taken out of texts. `fields`: of what an event says only these are shown, and no
    text that anybody wrote; None when texts stay.
    """

    name: str
    about: str
    blacked_out: frozenset[str]
    fields: frozenset[str] | None = None


#: Why something is left out: for its kind, for its subject, for its day.
INTERNAL_NOTE = "an internal note"
WITHOUT_PREJUDICE = "marked as without prejudice or confidential, or following from what is"
OTHER_INVOICE = "about another invoice"
TOO_EARLY = "before the first day of this case file"
