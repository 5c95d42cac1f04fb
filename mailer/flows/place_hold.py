"""Holds by hand: pausing invoices or a whole customer, and ending a pause. What a mail paused, a person ends here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from mailer.clock import new_id
from mailer.domain.agreement import Hold, HoldKind
from mailer.domain.customer import Customer
from mailer.domain.ids import HoldId
from mailer.domain.invoice import Invoice
from mailer.flows.by_hand import Hand, hand_on
from mailer.flows.recording import Happened
from mailer.store import agreements, events, outbox
from mailer.store.session import Store


class HoldRefused(ValueError):
    """The hold cannot be placed or released that way; the sentence says why and what is possible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A hold that was placed, and the invoices it pauses today."""

    customer: Customer
    hold: Hold
    invoices: tuple[Invoice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """What was released; `kept` are the holds that still pause what was named, each with the reason it stays.

    `lifted` and `suppressed`: addresses that may be written to again, and those that still may not.
    """

    customer: Customer
    released: tuple[Hold, ...]
    kept: tuple[tuple[Hold, str], ...]
    lifted: tuple[str, ...] = ()
    suppressed: tuple[str, ...] = ()


async def place_hold(
    store: Store,
    said: str,
    *,
    reason: str,
    until_on: date | None = None,
    invoice_numbers: tuple[str, ...] = (),
    actor: str,
    now: datetime,
) -> Placed:
    """Pause the invoices named, or the whole customer with all invoices to come when none is.

    It ends after `until_on` (local day), or only by a person when there is none. Raises NotOneCustomer,
    NotTheirInvoice, HoldRefused.
    """
    if not reason.strip():
        raise HoldRefused('a hold needs a reason: --reason "waits for the credit note"')
    async with hand_on(store, said, actor=actor, now=now) as hand:
        named = await hand.invoices_named(invoice_numbers)
        if paid := [invoice.number for invoice in named if not invoice.is_open]:
            raise HoldRefused(f"nothing is owed on {', '.join(paid)}: there is nothing to pause")
        if until_on is not None and until_on < hand.today:
            raise HoldRefused(f"--until {until_on} is past (it is {hand.today} there): give today or a later day")
        hold = Hold(
            id=HoldId(new_id("hold")),
            customer_id=hand.customer.id,
            invoice_ids=tuple(invoice.id for invoice in named),
            kind=HoldKind.MANUAL,
            reason=reason.strip(),
            placed_at=now,
            until_on=until_on,
        )
        await events.record(hand.tx, [await _place(hand, hold)])
        paused = named or tuple(invoice for invoice in hand.facts.invoices if invoice.is_open)
        return Placed(customer=hand.customer, hold=hold, invoices=paused)


async def release_holds(
    store: Store, said: str, *, reason: str = "", lift_address: bool = False, actor: str, now: datetime
) -> Released:
    """End the pause of a hold (by its id), of an invoice (by its number), or of a customer.

    Of a hold on several invoices only the one named is let go. A stop (legal, insolvency, no more contact) ends only
    by its own id, and so does a hold on the whole customer when one invoice was named. Ending a hold for an
    undeliverable mail gives the failed rungs back; with `lift_address` the address may be written to again.
    Raises NotOneCustomer, HoldRefused.
    """
    async with hand_on(store, said, actor=actor, now=now) as hand:
        todo, kept = _chosen(hand, await hand.invoices_named(()))
        if not todo and not kept and not lift_address:
            raise HoldRefused(f"nothing of {said} is on hold: `duly case why {said}` says what keeps it quiet")
        done: list[Happened] = []
        for hold, gone in todo:
            done.extend(await _release(hand, hold, gone, reason))
        if any(hold.kind is HoldKind.BOUNCE for hold, _ in todo):
            await outbox.free_failed_steps(hand.tx, hand.customer.id)
        blocked = tuple(address for address, _ in hand.facts.suppressed)
        lifted = blocked if lift_address else ()
        for address in lifted:
            await agreements.lift_suppression(hand.tx, address)
            done.append(hand.event("address.lifted", {}, {"address": address, "reason": reason}))
        await events.record(hand.tx, done)
        return Released(
            customer=hand.customer,
            released=tuple(hold for hold, _ in todo),
            kept=kept,
            lifted=lifted,
            suppressed=() if lift_address else blocked,
        )


#: A hold and those of its invoices that are let go; () for the hold as a whole.
_Choice = tuple[Hold, tuple[Invoice, ...]]


def _chosen(hand: Hand, named: Sequence[Invoice]) -> tuple[list[_Choice], tuple[tuple[Hold, str], ...]]:
    """Return what to release, and what stays with the reason."""
    todo: list[_Choice] = []
    kept: list[tuple[Hold, str]] = []
    ids = {invoice.id for invoice in named}
    for hold in hand.facts.holds:
        if hold.id == hand.said:
            return [(hold, ())], ()
        if ids and hold.invoice_ids and not ids & set(hold.invoice_ids):
            continue
        if hold.kind is HoldKind.STOP:
            kept.append((hold, f"a stop ends only by its own id: `duly invoices release {hold.id}`"))
        elif ids and not hold.invoice_ids:
            kept.append((hold, f"it is on the whole customer: `duly invoices release {hold.id}`"))
        else:
            whole = not ids or set(hold.invoice_ids) <= ids
            todo.append((hold, () if whole else tuple(i for i in named if i.id in hold.invoice_ids)))
    return todo, tuple(kept)


async def _release(hand: Hand, hold: Hold, gone: tuple[Invoice, ...], reason: str) -> list[Happened]:
    """Release a hold; when only some of its invoices go, the others are held on as before."""
    await agreements.release_hold(hand.tx, hold.id, hand.now)
    let_go = [invoice.id for invoice in gone] or list(hold.invoice_ids)
    payload: dict[str, object] = {"kind": hold.kind.value, "why": reason or "by a person", "invoices": let_go}
    done = [hand.event("hold.released", {"hold": hold.id}, payload)]
    if gone:
        rest = tuple(one for one in hold.invoice_ids if one not in let_go)
        left = replace(hold, id=HoldId(new_id("hold")), invoice_ids=rest)
        done.append(await _place(hand, left))
        if hold.alarmed:
            await agreements.mark_alarmed(hand.tx, left.id, hand.now)
    return done


async def _place(hand: Hand, hold: Hold) -> Happened:
    await agreements.add_hold(hand.tx, hold)
    payload: dict[str, object] = {
        "kind": hold.kind.value,
        "reason": hold.reason,
        "invoices": list(hold.invoice_ids),
        "until_on": hold.until_on.isoformat() if hold.until_on else None,
        "deadline_on": hold.deadline_on.isoformat() if hold.deadline_on else None,
    }
    return hand.event("hold.placed", {"hold": hold.id}, payload)
