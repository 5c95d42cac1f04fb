"""Reading stored mail again with the present engine, to see what it would say differently. Nothing is changed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailer.domain.actions import ReplyAction
from mailer.flows.examine_mail import examine_as_stored
from mailer.flows.foresee_reply import actions_of, kept_values, match_as_stored, reading_of
from mailer.flows.match_mail import Reader, facts_of
from mailer.flows.policies import PolicyMissing
from mailer.replies.difference import Difference, differences, is_louder
from mailer.sandbox.sandbox import SandboxRefused
from mailer.store import events, inbox
from mailer.store.inbox import StoredMail


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One mail read again: by which engines, and what differs; `problem`: why it cannot be read today, "" if it can."""

    mail: StoredMail
    engine_was: str
    engine_now: str
    differences: tuple[Difference, ...]
    problem: str = ""

    @property
    def is_louder(self) -> bool:
        """Whether today's reading would hold back less than the one that was acted upon."""
        return is_louder(self.differences)


async def replay(reader: Reader, *, since: datetime | None = None) -> AsyncIterator[Replayed]:
    """Yield every stored mail that came in (since then) as the present engine reads it, oldest first.

    Whose it is stays as stored, and so does the day it came. Only reads: what a difference should lead to is for a
    person, by `reprocess` or `decide`. Raises StoreUnreachable, SandboxUnavailable.
    """
    async with reader.store.reading() as tx:
        ids = await inbox.readable(tx, since=since)
    for mail_id in ids:
        async with reader.store.reading() as tx:
            mail = await inbox.load(tx, mail_id)
            raw = await events.payload(tx, mail.payload_id) if mail else None
            was = await inbox.reading_of(tx, mail_id)
        if mail is not None and raw is not None:
            yield await _replayed(reader, mail, raw, was)


async def _replayed(reader: Reader, mail: StoredMail, raw: bytes, was: dict[str, Any]) -> Replayed:
    engine = str(was.get("engine", ""))
    try:
        now = await _read_now(reader, mail, raw)
    except (SandboxRefused, PolicyMissing) as problem:
        return Replayed(mail=mail, engine_was=engine, engine_now="", differences=(), problem=str(problem))
    found = differences(was, now)
    return Replayed(mail=mail, engine_was=engine, engine_now=str(now["engine"]), differences=found)


async def _read_now(reader: Reader, mail: StoredMail, raw: bytes) -> dict[str, Any]:
    """Return what would be kept of the reading if the mail came now, with the facts of today and the day of then."""
    parsed, then = await reader.parse(raw), mail.fetched_at
    match = match_as_stored(mail)
    async with reader.store.reading() as tx:
        examined = await examine_as_stored(
            tx, parsed, match=match, key=reader.key, own_address=reader.own_address, received_at=then
        )
        facts = await facts_of(tx, mail.customer_id, reader.clock())
        reading = reading_of(reader, mail, examined, facts)
        actions: tuple[ReplyAction, ...] = ()
        if facts is not None and not mail.history:
            actions = await actions_of(tx, reader, mail, examined, reading, facts, then)
    kept = kept_values(mail, reading, match, actions)
    values: dict[str, Any] = json.loads(json.dumps(kept, default=str))
    return values
