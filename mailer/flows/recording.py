"""Making events ready for the record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from mailer.clock import new_id, new_salt
from mailer.domain.event import Event
from mailer.domain.ids import CaseId, CustomerId, EventId

#: An event and the salt of its payload.
Happened = tuple[Event, bytes]


def happened(
    type_: str,
    *,
    now: datetime,
    actor: str,
    customer_id: CustomerId | None = None,
    case_id: CaseId | None = None,
    policy_version: str = "",
    refs: Mapping[str, str] | None = None,
    payload: dict[str, object] | None = None,
) -> Happened:
    """Return an event for `store.events.record`.

    `type_` is `object.verb` in the past tense; `refs` are opaque ids by word; everything that may name a person goes
    into `payload` (JSON values only).
    """
    event = Event(
        id=EventId(new_id("evt")),
        type=type_,
        at=now,
        actor=actor,
        customer_id=customer_id,
        case_id=case_id,
        policy_version=policy_version,
        refs=tuple((refs or {}).items()),
        payload=payload or {},
    )
    return event, new_salt()
