"""Letting go of mail that concerns nobody we know; what it was stays on record by its hash."""

from __future__ import annotations

from datetime import timedelta

from mailer.flows.match_mail import Reader, mail_event
from mailer.store import events, inbox


async def let_mail_go(reader: Reader) -> None:
    """Delete the raw bytes of old mail that concerns nobody we know; hash, UID and reason stay."""
    now = reader.clock()
    async with reader.store.reading() as tx:
        old = await inbox.unclaimed_before(tx, now - timedelta(days=reader.keep_unknown_days))
    for mail in old:
        async with reader.store.transaction() as tx:
            why = f"nobody we know; raw bytes let go after {reader.keep_unknown_days} days"
            await inbox.let_go(tx, mail, why)
            payload: dict[str, object] = {"sha256": mail.sha256, "uid": mail.uid, "folder": mail.folder, "why": why}
            await events.record(tx, [mail_event("mail.let_go", mail, None, now, payload)])
