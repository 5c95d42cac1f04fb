"""Where the log is anchored outside this house, and when that was last done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from mailer.flows.cosign_log import Cosigner
from mailer.flows.mail_anchor import SENT, AnchorMail, AnchorMailer, last_mail
from mailer.flows.stamp_log import Stamper
from mailer.store import cosignatures, stamps
from mailer.store.session import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """One way out: `kind` ("time stamp", "witness", "mail"), by or to `who`; the last head that went and when.

    `size` and `at` None: none did yet. `note`: what is to be known of it, "" for nothing.
    """

    kind: str
    who: str
    size: int | None
    at: datetime | None
    note: str = ""


async def list_anchors(
    store: Store, stamper: Stamper | None, cosigner: Cosigner, mailer: AnchorMailer
) -> tuple[Anchor, ...]:
    """Return the ways out of the settings, and those of earlier settings that were used. Raises StoreUnreachable."""
    async with store.reading() as tx:
        stamped, mail = await stamps.last(tx), await last_mail(tx)
        seen = [(one, await cosignatures.last(tx, one.verifier.line)) for one in cosigner.witnesses]
    witnesses = [
        Anchor(kind="witness", who=one.verifier.name, size=last[0] if last else None, at=last[1] if last else None)
        for one, last in seen
    ]
    return (*_stamps(stamper, stamped), *witnesses, *_mails(mailer.to, mail))


def _stamps(stamper: Stamper | None, last: tuple[int, datetime] | None) -> Iterator[Anchor]:
    if stamper is not None or last is not None:
        size, at = last or (None, None)
        yield Anchor(kind="time stamp", who=stamper.peer if stamper else "", size=size, at=at)


def _mails(to: str, last: AnchorMail | None) -> Iterator[Anchor]:
    """Yield the mail of the settings, and the last one when it went to somebody else."""
    if last is not None:
        note = "" if last.state == SENT else "nobody knows whether it arrived"
        yield Anchor(kind="mail", who=last.to, size=last.size, at=last.at, note=note)
    if to and (last is None or last.to != to):
        yield Anchor(kind="mail", who=to, size=None, at=None)
