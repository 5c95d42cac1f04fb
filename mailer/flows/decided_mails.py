"""What people decided about mails, as labelled data: the sender's own words, and what they were taken to mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mailer.domain.reading import Intent
from mailer.store import events, inbox
from mailer.store.session import Store

#: What a decision says about a mail. The others (continue, hold, stop) say what to do, not what was written.
_MEANS = {
    "promise": Intent.PROMISE,
    "promise confirmed": Intent.PROMISE,
    "dispute": Intent.DISPUTE,
    "dispute open": Intent.DISPUTE,
    "paid": Intent.ALREADY_PAID,
}


def said_by_engine(reading: Mapping[str, Any]) -> dict[str, object]:
    """Return what goes on record beside a person's decision: what the engine had said, without anybody's words."""
    findings = reading.get("findings", ())
    return {
        "engine": reading.get("engine", ""),
        "effect": reading.get("effect"),
        "intents": sorted({one["intent"] for one in findings}),
        "dates": sorted({one["on"] for one in findings if one.get("on")}),
    }


async def decided_mails(store: Store) -> list[dict[str, Any]]:
    """Return one row per mail that a person has decided about, by the last decision, in the order of the mails.

    `intents` are those the person named, else the one that the decision itself says, None when it says none. A mail
    whose reading was erased or never made is left out: it has no words.
    """
    last: dict[str, events.RecordedEvent] = {}
    async with store.reading() as tx:
        for event in await events.listing(tx, types=["mail.decided"]):
            last[event.refs.get("mail", "")] = event
        readings = {mail_id: await inbox.reading_of(tx, mail_id) for mail_id in last}
    return list(_rows(last, readings))


def _rows(last: Mapping[str, events.RecordedEvent], readings: Mapping[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for mail_id, event in last.items():
        reading, payload = readings[mail_id], event.payload
        if not reading.get("own") or not payload:
            continue
        decision = str(payload.get("decision", ""))
        implied = [_MEANS[decision].value] if decision in _MEANS else None
        yield {
            "mail": mail_id,
            "language": reading.get("language", ""),
            "own": reading["own"],
            "intents": payload.get("intents") or implied,
            "decision": decision,
            "date": payload.get("on"),
            "reason": payload.get("reason") or None,
            "at": event.at.isoformat(),
            "engine": payload.get("said") or said_by_engine(reading),
        }
