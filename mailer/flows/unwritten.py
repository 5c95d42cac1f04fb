"""A customer's mail that cannot be written: recorded once per reason, and kept from the other customers' mails."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog

from mailer.domain.ids import CustomerId
from mailer.flows.policies import PolicyMissing
from mailer.flows.recording import happened
from mailer.rendering.environment import TemplateProblem
from mailer.rendering.headers import HeaderRefused
from mailer.store import events, state
from mailer.store.session import Store, Tx

log = structlog.get_logger()

ACTOR = "system:tick"
#: What is wrong with what a person wrote (a text, a header, a policy): its sentence says all. The rest are our faults.
SAID_PLAINLY = (TemplateProblem, HeaderRefused, PolicyMissing)
MAX_CHARACTERS = 300


async def cannot_write(store: Store, customer_id: CustomerId, problem: Exception, now: datetime) -> None:
    """Record, once per reason, that a customer's mail could not be written; `duly status` shows it."""
    why = _reason(problem)
    async with store.transaction() as tx:
        if await state.get(tx, _fact(customer_id)) == why:
            return
        await state.put(tx, _fact(customer_id), why)
        event = happened("reminder.not_written", now=now, actor=ACTOR, customer_id=customer_id, payload={"why": why})
        await events.record(tx, [event])
    if not isinstance(problem, SAID_PLAINLY):
        log.error("mail not written", customer=customer_id, exc_info=problem)


async def can_write(tx: Tx, ids: Sequence[CustomerId]) -> None:
    """Forget why customers' mails could not be written: should it come again, it is recorded again."""
    for name, why in (await state.get_all(tx, [_fact(one) for one in ids])).items():
        if why:
            await state.put(tx, name, "")


def _reason(problem: Exception) -> str:
    if isinstance(problem, SAID_PLAINLY):
        return str(problem)
    return f"{type(problem).__name__}: {(str(problem).splitlines() or [''])[0][:MAX_CHARACTERS]}"


def _fact(customer_id: CustomerId) -> str:
    return f"cannot_write:{customer_id}"
