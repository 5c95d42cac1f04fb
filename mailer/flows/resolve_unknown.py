"""Settling a message that may or may not have been delivered: a person says which (law 5)."""

from __future__ import annotations

from datetime import datetime

from mailer.domain.delivery import OutboxState
from mailer.domain.ids import OutboxId
from mailer.flows.recording import happened
from mailer.store import deliveries, doubt, events, outbox
from mailer.store.session import Store


class NotUnknown(ValueError):
    """The message is not in doubt, or there is none of that id."""


async def resolve(store: Store, outbox_id: str, *, was_sent: bool, reason: str, actor: str, now: datetime) -> None:
    """Settle an unknown message: it was sent, or it was not and its rungs may be said again by a new message.

    Raises NotUnknown.
    """
    async with store.transaction() as tx:
        entry = await outbox.load(tx, OutboxId(outbox_id))
        if entry is None or entry.state is not OutboxState.UNKNOWN:
            state = "not there" if entry is None else entry.state.value
            raise NotUnknown(f"{outbox_id} is {state}: `duly outbox list --unknown` shows what is in doubt")
        message = entry.message
        to = OutboxState.SENT if was_sent else OutboxState.FAILED
        text = f"settled by a person: {reason}"
        if not await deliveries.move(tx, message.id, to, fence=message.fence, now=now, text=text):
            # Read as unknown, but somebody was faster: freeing the rungs of a message that was sent says it twice.
            raise NotUnknown(f"{outbox_id} was settled by somebody else just now: `duly outbox list` shows how")
        if was_sent:
            await doubt.say_sent(tx, message.id)
        else:
            await outbox.free_steps(tx, message.id)
        event = happened(
            "reminder.resolved",
            now=now,
            actor=actor,
            customer_id=message.customer_id,
            refs={"message": message.id},
            payload={"was_sent": was_sent, "reason": reason},
        )
        await events.record(tx, [event])
