"""What each thing of a case is about, by invoice, and what people call it: how a case file is limited and told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from mailer.domain.ids import InvoiceId
from mailer.dossier.profiles import INTERNAL_NOTE, OTHER_INVOICE, PROFILES, TOO_EARLY, WITHOUT_PREJUDICE, Purpose
from mailer.store.events import RecordedEvent

#: Words of an event's refs, by how well they say what it is about; the first group that is known decides.
_GROUPS = (("promise", "dispute", "hold", "task", "contact"), ("mail",), ("message",))


@dataclass(slots=True, kw_only=True)
class CaseScope:
    """What a case file is limited to (`invoice_id` None: the whole case), for whom, and what is known of each id.

    `names`: id → what people call it (an invoice's number, a message's number). `invoice_ids`: id of a message, mail,
    promise, … → the invoices it is about, none for the whole account. `privileged`: ids of mails, promises, … that are
    withheld as without prejudice.
    """

    invoice_id: InvoiceId | None
    purpose: Purpose = Purpose.LAWYER
    since: date | None = None
    privileged: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)
    invoice_ids: dict[str, frozenset[InvoiceId]] = field(default_factory=dict)

    def numbers(self, ids: Iterable[InvoiceId]) -> tuple[str, ...]:
        """Return the numbers of these invoices, sorted."""
        return tuple(sorted(self.names[one] for one in ids if one in self.names))

    def wants(self, ids: Iterable[InvoiceId]) -> bool:
        """Whether what is about these invoices belongs into the file; what is about the whole account always does."""
        about = frozenset(ids)
        return self.invoice_id is None or not about or self.invoice_id in about

    def why_withheld(self, type_: str, at: datetime, about: Iterable[InvoiceId], refs: Iterable[str]) -> str:
        """Return why an event is left out of the file, "" when it belongs in; `refs`: the ids that it names."""
        if not self.privileged.isdisjoint(refs):
            return WITHOUT_PREJUDICE
        if not self.wants(about):
            return OTHER_INVOICE
        if self.is_early(at):
            return TOO_EARLY
        return INTERNAL_NOTE if type_ == "note.added" and not PROFILES[self.purpose].notes else ""

    def is_early(self, at: datetime) -> bool:
        """Whether something happened before the first day (UTC) of the file."""
        return self.since is not None and at.date() < self.since

    def learn(self, event: RecordedEvent) -> None:
        """Note what a message or a task was about when it was made: its claims may have been freed since."""
        if event.type in ("reminder.queued", "task.created"):
            for word in ("message", "task"):
                if ref := event.refs.get(word):
                    self.invoice_ids[ref] = self.invoice_ids.get(ref, frozenset()) | _explicit(event)

    def of_event(self, event: RecordedEvent) -> frozenset[InvoiceId]:
        """Return the invoices an event is about: those it names, and those of what it is about."""
        for group in _GROUPS:
            known = [self.invoice_ids[event.refs[word]] for word in group if event.refs.get(word) in self.invoice_ids]
            if known:
                return _explicit(event).union(*known)
        return _explicit(event)


def _explicit(event: RecordedEvent) -> frozenset[InvoiceId]:
    found = [event.refs.get("invoice")]
    listed = event.payload.get("invoices")
    found += listed if isinstance(listed, list) else []
    steps = event.payload.get("steps")
    found += [step.get("invoice") for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []
    return frozenset(InvoiceId(one) for one in found if isinstance(one, str))
