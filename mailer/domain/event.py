"""One line of the record. The row names no one: words and names live in its payload (law of personal data)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from mailer.domain.ids import CaseId, CustomerId, EventId


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, or that was deliberately not done.

    `type` is `object.verb` in the past tense ("mail.accepted"). `actor` is an opaque id ("system:drain",
    "person:owner"). `refs` are opaque ids of what it is about, by word ("invoice": "inv_…"). `payload` may hold names,
    words and evidence (JSON values); it is stored apart, salted, so that it can be erased while the row stays.
    """

    id: EventId
    type: str
    at: datetime
    actor: str
    customer_id: CustomerId | None = None
    case_id: CaseId | None = None
    policy_version: str = ""
    refs: tuple[tuple[str, str], ...] = ()
    payload: dict[str, object] = field(default_factory=dict)
