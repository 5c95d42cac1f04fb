"""What delivery asks of a person: refusals that are about our own set-up, copies that could not be filed."""

from __future__ import annotations

from datetime import datetime, timedelta

from mailer.flows.needs import Need
from mailer.store import events
from mailer.store.session import Tx

#: How long a refusal is shown after the last one of its kind: who has mended the cause sees it go.
SHOWN_FOR = timedelta(days=7)
#: Events looked at, newest first.
MOST = 500


async def needs_of_delivery(tx: Tx, now: datetime) -> list[Need]:
    """Return one need for each kind, with how many mails it is about and the latest words."""
    found = []
    refused = await _lately(tx, "setup.refused", now)
    if refused:
        what = f"{_mails(refused)} refused for reasons that are ours, not the customer's: {_latest(refused, 'why')}"
        todo = (
            "check SPF, DKIM and DMARC of your domain, the address of your mail server on block lists, and what its "
            "provider says of your reputation; it goes from this list 7 days after the last refusal"
        )
        found.append(Need(kind="setup", what=what, todo=todo, since=refused[-1].at))
    failed = await _lately(tx, "reminder.copy_failed", now)
    if failed:
        what = f"no copy of {_mails(failed)} could be put into the Sent folder: {_latest(failed, 'why')}"
        todo = "correct imap.sent_folder, or turn smtp.sent_copy off; `duly outbox show MESSAGE` has the bytes"
        found.append(Need(kind="copy", what=what, todo=todo, since=failed[-1].at))
    return found


async def _lately(tx: Tx, type_: str, now: datetime) -> list[events.RecordedEvent]:
    newest = await events.listing(tx, types=[type_], newest_first=True, limit=MOST)
    return [event for event in newest if event.at >= now - SHOWN_FOR]


def _mails(those: list[events.RecordedEvent]) -> str:
    many = len({event.refs.get("message", event.id) for event in those})
    return f"{many} mails" if many > 1 else "a mail"


def _latest(those: list[events.RecordedEvent], word: str) -> str:
    return next((str(event.payload[word]) for event in those if event.payload.get(word)), "(its words were erased)")
