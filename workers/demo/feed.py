"""The running feed: what Duly put on record since the last look, one short line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from mailer.store import customers, events, invoices
from mailer.store.events import RecordedEvent
from mailer.store.session import Store

#: Holds that every human answer causes at once; what the answer means is told by what replaces them.
_FIRST_HOLDS = frozenset({"reply", "unknown_sender"})
_LONGEST = 72


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One line of the feed: when (local time), whose ("" for nobody's), what sort, and the words."""

    at: str
    who: str
    sort: str
    words: str


@dataclass(slots=True, kw_only=True)
class Feed:
    """Follows the record of a store. `time_zone`: whose clock the feed shows."""

    store: Store
    time_zone: str
    _seq: int = 0
    _names: dict[str, str] = field(default_factory=dict)
    _written: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    async def news(self) -> list[News]:
        """Return what is new since the last call, oldest first."""
        async with self.store.reading() as tx:
            fresh = await events.listing(tx, types=_TOLD, after_seq=self._seq)
            if fresh:
                self._names |= {one.id: one.name for one in await customers.every(tx)}
                found = await invoices.page(tx, open_only=False, limit=None)
                self._names |= {invoice.id: invoice.number for invoice, _ in found}
        self._seq = max((event.seq for event in fresh), default=self._seq)
        return [one for event in fresh if (one := self._line(event)) is not None]

    def _line(self, event: RecordedEvent) -> News | None:
        if event.type == "reminder.queued":
            self._written[event.refs["message"]] = event.payload
        sort, tell = _TOLD[event.type]
        words = tell(self, event)
        if not words:
            return None
        at = event.at.astimezone(ZoneInfo(self.time_zone))
        who = self._names.get(event.customer_id or "", "")
        return News(at=f"{at:%a %d %b %H:%M}", who=who, sort=sort, words=words[:_LONGEST])

    def _reminder(self, event: RecordedEvent) -> str:
        written = self._written.get(event.refs["message"], {})
        steps = [
            f"{self._names.get(step['invoice'], '')} ({step['currency']} {step['open']})"
            for step in written.get("steps", ())
        ]
        return f"{str(written.get('template', '')).replace('_', ' ')}: {', '.join(steps)}"

    def _reply(self, event: RecordedEvent) -> str:
        said = [
            f"{finding['intent'].replace('_', ' ')}: {' '.join(words.split())!r}"
            for finding in event.payload["findings"]
            for words in finding["words"][:1]
        ]
        if event.customer_id is None:
            return ""  # told as "stranger"
        if event.payload["kind"] != "human":
            return str(event.payload["kind"]).replace("_", " ")
        return "; ".join(said) or "nothing clear: a person reads it"

    def _money(self, event: RecordedEvent) -> str:
        opened = event.payload["changes"].get("open")
        return f"{event.payload['number']}: {opened['new']} open, was {opened['old']}" if opened else ""

    def _hold(self, event: RecordedEvent) -> str:
        kind, until = event.payload["kind"], event.payload.get("until_on")
        if kind in _FIRST_HOLDS:
            return ""
        return f"{kind.replace('_', ' ')}{f' until {until}' if until else ''}"

    def _invoices(self, event: RecordedEvent) -> str:
        return ", ".join(self._names.get(one, "") for one in event.payload.get("invoices", ()))


def _payload(text: str) -> Callable[[Feed, RecordedEvent], str]:
    return lambda _feed, event: text.format(**event.payload)


#: What the feed tells: event type → sort of news and its words ("" = not told).
_TOLD: dict[str, tuple[str, Callable[[Feed, RecordedEvent], str]]] = {
    "reminder.queued": ("written", lambda _feed, _event: ""),
    "reminder.sent": ("sent", Feed._reminder),  # noqa: SLF001 - a table of its own methods
    "reminder.failed": ("refused", _payload("{text}")),
    "reminder.bounced": ("came back", _payload("{why}")),
    "reminder.cancelled": ("stopped", _payload("{why}")),
    "reply.read": ("reply", Feed._reply),  # noqa: SLF001
    "mail.unmatched": ("stranger", _payload("{from}: {subject}")),
    "invoice.changed": ("money", Feed._money),  # noqa: SLF001
    "promise.tracked": ("promise", _payload("for {due_on}, reminders pause until {pauses_until_on}")),
    "promise.kept": ("kept", _payload("the promise for {due_on}")),
    "promise.broken": ("broken", _payload("the promise for {due_on}; the ladder goes on")),
    "dispute.drafted": ("dispute", lambda feed, event: f"{feed._invoices(event)}: {event.payload['reason']}"),  # noqa: SLF001
    "hold.placed": ("pause", Feed._hold),  # noqa: SLF001
    "hold.deadline_passed": ("alarm", _payload("still on hold ({kind}); a person must look")),
    "case.closed": ("closed", _payload("{outcome}")),
}
