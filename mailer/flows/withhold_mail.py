"""A person says that a mail is a talk without prejudice, or that it is none: case files for others follow.

The words that parties write on purpose are found without anybody (`mailer.dossier.privilege`); what was agreed by
telephone, or follows from the rules of an ADR body, only a person knows. On record, with the reason.
"""

from __future__ import annotations

from datetime import datetime

from mailer.flows.decide_mail import DecisionRefused
from mailer.flows.recording import happened
from mailer.store import events, inbox
from mailer.store.session import Store, Tx

#: The types of the events; the last one about a mail counts.
WITHHELD, SHOWN = "mail.withheld", "mail.shown"


async def mark(store: Store, mail_id: str, *, because: str, is_withheld: bool, actor: str, now: datetime) -> None:
    """Put on record that a mail is withheld from case files for others than our own lawyer, or that it is not.

    Raises DecisionRefused when there is no such mail, it is nobody's yet, or there is no reason.
    """
    if not because.strip():
        raise DecisionRefused("a reason is needed: --because 'offered in the mediation of 3 May'")
    async with store.transaction() as tx:
        mail = await inbox.load(tx, mail_id)
        if mail is None:
            raise DecisionRefused(f"there is no mail {mail_id!r}: `duly inbox list --all` shows them")
        if mail.customer_id is None:
            raise DecisionRefused(f"{mail_id} belongs to nobody yet: `duly inbox assign {mail_id} CUSTOMER` first")
        event = happened(
            WITHHELD if is_withheld else SHOWN,
            now=now,
            actor=actor,
            customer_id=mail.customer_id,
            refs={"mail": mail.id},
            payload={"because": because.strip()},
        )
        await events.record(tx, [event])


async def marked(tx: Tx) -> tuple[set[str], set[str]]:
    """Return the mails that a person withholds, and those that a person shows whatever is written in them.

    Of all customers: a mail that was assigned to another one since stays withheld.
    """
    last = {event.refs["mail"]: event.type for event in await events.listing(tx, types=(WITHHELD, SHOWN))}
    withheld = {mail for mail, type_ in last.items() if type_ == WITHHELD}
    return withheld, last.keys() - withheld
