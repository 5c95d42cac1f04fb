"""Letting go of mail that concerns nobody we know; what it was stays on record by its hash."""

from __future__ import annotations

from datetime import timedelta

from mailer.domain.message import InboundMail
from mailer.flows.examine_mail import examine
from mailer.flows.match_mail import Reader, mail_event
from mailer.sandbox.sandbox import SandboxRefused
from mailer.store import events, inbox, state
from mailer.store.inbox import StoredMail
from mailer.store.session import Tx

#: The day (UTC) on which old mail was last gone through: each is taken apart again for it, so once a day is enough.
_GONE_THROUGH = "old_mail_gone_through_on"


async def let_mail_go(reader: Reader) -> None:
    """Delete the raw bytes of old mail that concerns nobody we know, once a day; hash, UID and reason stay.

    Quarantined mail, and mail that a token, address, domain or invoice number ties to any customer of today, is kept.
    """
    now = reader.clock()
    async with reader.store.reading() as tx:
        if await state.get(tx, _GONE_THROUGH) == now.date().isoformat():
            return
        old = await inbox.unclaimed_before(tx, now - timedelta(days=reader.keep_unknown_days))
    for mail in old:
        parsed = await _parsed(reader, mail)
        if parsed is None:
            continue
        async with reader.store.transaction() as tx:
            if await _concerns_somebody(tx, reader, parsed):
                continue
            why = f"nobody we know; raw bytes let go after {reader.keep_unknown_days} days"
            if await inbox.let_go(tx, mail, why):
                payload: dict[str, object] = {"sha256": mail.sha256, "uid": mail.uid, "folder": mail.folder, "why": why}
                await events.record(tx, [mail_event("mail.let_go", mail, None, now, payload)])
    async with reader.store.transaction() as tx:
        await state.put(tx, _GONE_THROUGH, now.date().isoformat())


async def _parsed(reader: Reader, mail: StoredMail) -> InboundMail | None:
    """Return the mail taken apart, before the transaction that would wait for it; None keeps what cannot be."""
    async with reader.store.reading() as tx:
        raw = await events.payload(tx, mail.payload_id)
    try:
        return await reader.parse(raw or b"")
    except SandboxRefused:
        return None


async def _concerns_somebody(tx: Tx, reader: Reader, mail: InboundMail) -> bool:
    """Whether the mail leads to a customer, or to several, by what the ledger knows today."""
    found = (await examine(tx, mail, key=reader.key, own_address=reader.own_address)).match
    return found.customer_id is not None or bool(found.candidates)
