"""Promises and disputes by hand: made, confirmed, opened and closed by a person, along the tables of their states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TypeVar

from mailer.agreements import dispute as dispute_table
from mailer.agreements import promise as promise_table
from mailer.clock import new_id
from mailer.domain.agreement import Dispute, DisputeState, Hold, Promise, PromiseState
from mailer.domain.customer import Customer
from mailer.domain.ids import DisputeId, PromiseId
from mailer.domain.invoice import Invoice
from mailer.domain.money import ClaimedAmount, Money, MoneyError
from mailer.domain.reading import DISPUTE_REASONS
from mailer.flows.apply_reply import owed, replace_earlier
from mailer.flows.by_hand import Hand, hand_on
from mailer.flows.policies import Policies, calendar_of
from mailer.flows.recording import Happened
from mailer.store import agreements, events, inbox
from mailer.store.session import Store

#: A promise for later than this is taken for a slip of the pen: nobody is left alone that long by mistake.
FURTHEST = timedelta(days=366)
#: How a dispute may end: in the customer's favour, in ours, taken back, or it was none.
DISPUTE_OUTCOMES = ("theirs", "ours", "withdrawn", "no_dispute")
#: How a person may end a promise; only the calendar breaks one.
PROMISE_OUTCOMES = (PromiseState.KEPT, PromiseState.WITHDRAWN)

T = TypeVar("T", Promise, Dispute)


class AgreementRefused(ValueError):
    """The promise or dispute cannot be made or changed that way; the sentence says why and what is possible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPromise:
    """A promise as a customer gave it to a person: pay by `due_on` (local day).

    `amount` is a plain decimal in the invoices' currency, "" for all that is open. `words`: who said it, how.
    """

    due_on: date
    amount: str = ""
    confirmed: bool = False
    words: str = ""
    invoice_numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """What was made or changed, on which invoices, what it replaced, and the holds that still pause these invoices."""

    customer: Customer
    what: Promise | Dispute
    invoices: tuple[Invoice, ...]
    holds: tuple[Hold, ...]
    replaced: tuple[PromiseId, ...] = ()


async def add_promise(
    store: Store, policies: Policies, said: str, new: NewPromise, *, actor: str, now: datetime
) -> Agreed:
    """Keep a promise; it pauses its invoices until its day plus the policy's grace.

    Without invoice numbers it covers all that is overdue (all that is open when nothing is). Raises NotOneCustomer,
    NotTheirInvoice, AgreementRefused, PolicyMissing.
    """
    async with hand_on(store, said, actor=actor, now=now) as hand:
        about = _still_open(await hand.invoices_named(new.invoice_numbers) or hand.owing(), hand)
        policy = policies.of(hand.customer)
        calendar = calendar_of(hand.customer, policy, now)
        ids = tuple(invoice.id for invoice in about)
        promise = Promise(
            id=PromiseId(new_id("prom")),
            customer_id=hand.customer.id,
            invoice_ids=ids,
            due_on=_ahead(new.due_on, hand.today),
            pauses_until_on=promise_table.pauses_until(
                new.due_on, policy.grace_business_days, calendar.add_business_days
            ),
            state=PromiseState.CONFIRMED if new.confirmed else PromiseState.TRACKED,
            made_at=now,
            amount=_claimed(new.amount, owed(hand.facts, ids)),
            owed=owed(hand.facts, ids),
            confirmed=new.confirmed,
        )
        done = await replace_earlier(hand, promise)
        await agreements.save_promise(hand.tx, promise)
        await events.record(hand.tx, [*done, _made(hand, promise, new.words)])
        replaced = tuple(PromiseId(dict(event.refs)["promise"]) for event, _ in done)
        return Agreed(customer=hand.customer, what=promise, invoices=about, holds=hand.holds_on(ids), replaced=replaced)


def _made(hand: Hand, promise: Promise, words: str) -> Happened:
    payload: dict[str, object] = {
        "due_on": promise.due_on.isoformat(),
        "pauses_until_on": promise.pauses_until_on.isoformat(),
        "amount": promise.amount.text if promise.amount else None,
        "confirmed": promise.confirmed,
        "invoices": list(promise.invoice_ids),
        "words": words,
    }
    return hand.event("promise.made", {"promise": promise.id}, payload)


async def confirm_promise(store: Store, said: str, *, actor: str, now: datetime) -> Agreed:
    """Make a tracked promise confirmed: when it breaks, the customer may be told so. `said`: its id, or whose it is."""
    async with hand_on(store, said, actor=actor, now=now) as hand:
        promise = _the_one(hand, hand.facts.promises, "promise")
        _check(promise, PromiseState.CONFIRMED, promise_table.TRANSITIONS[promise.state])
        changed = replace(promise, state=PromiseState.CONFIRMED, confirmed=True)
        await agreements.save_promise(hand.tx, changed)
        payload: dict[str, object] = {"due_on": promise.due_on.isoformat(), "invoices": list(promise.invoice_ids)}
        return await _settled(hand, changed, hand.event("promise.confirmed", {"promise": promise.id}, payload))


async def close_promise(
    store: Store, said: str, outcome: PromiseState, *, words: str, actor: str, now: datetime
) -> Agreed:
    """End a running promise as kept or withdrawn; its invoices are no longer paused by it."""
    if outcome not in PROMISE_OUTCOMES:
        raise AgreementRefused(f"a person closes a promise as {' or '.join(PROMISE_OUTCOMES)}; time alone breaks one")
    async with hand_on(store, said, actor=actor, now=now) as hand:
        promise = _the_one(hand, hand.facts.promises, "promise")
        _check(promise, outcome, promise_table.TRANSITIONS[promise.state])
        changed = replace(promise, state=outcome)
        await agreements.save_promise(hand.tx, changed)
        payload: dict[str, object] = {"due_on": promise.due_on.isoformat(), "words": words}
        return await _settled(hand, changed, hand.event(f"promise.{outcome}", {"promise": promise.id}, payload))


async def add_dispute(
    store: Store,
    said: str,
    reason: str,
    *,
    words: str,
    invoice_numbers: tuple[str, ...] = (),
    actor: str,
    now: datetime,
) -> Agreed:
    """Open a dispute; its invoices are not asked for until it is closed.

    Without invoice numbers it covers all that is overdue. Raises NotOneCustomer, NotTheirInvoice, AgreementRefused.
    """
    if reason not in DISPUTE_REASONS:
        raise AgreementRefused(f"{reason!r} is no reason of a dispute; there are: {', '.join(DISPUTE_REASONS)}")
    async with hand_on(store, said, actor=actor, now=now) as hand:
        about = _still_open(await hand.invoices_named(invoice_numbers) or hand.owing(), hand)
        for invoice in about:
            if running := hand.facts.running_dispute(invoice.id):
                how = f"`duly dispute accept {running.id}`" if running.state is DisputeState.DRAFT else "close it first"
                raise AgreementRefused(f"{invoice.number} is disputed already ({running.id}, {running.state}): {how}")
        dispute = Dispute(
            id=DisputeId(new_id("disp")),
            customer_id=hand.customer.id,
            invoice_ids=tuple(invoice.id for invoice in about),
            reason=reason,
            state=DisputeState.OPEN,
            opened_at=now,
        )
        await agreements.save_dispute(hand.tx, dispute)
        await events.record(hand.tx, [_opened(hand, dispute, words)])
        return _agreed(hand, dispute)


async def accept_dispute(store: Store, said: str, *, words: str = "", actor: str, now: datetime) -> Agreed:
    """Open a dispute that was drafted from a mail: a person agrees that it is one."""
    async with hand_on(store, said, actor=actor, now=now) as hand:
        dispute = _the_one(hand, hand.facts.disputes, "dispute")
        _check(dispute, DisputeState.OPEN, dispute_table.TRANSITIONS[dispute.state])
        changed = replace(dispute, state=DisputeState.OPEN)
        await agreements.save_dispute(hand.tx, changed)
        return await _settled(hand, changed, _opened(hand, changed, words))


async def close_dispute(store: Store, said: str, outcome: str, *, words: str, actor: str, now: datetime) -> Agreed:
    """Close a dispute with its outcome (`DISPUTE_OUTCOMES`); the ladder of its invoices goes on where it stood."""
    if outcome not in DISPUTE_OUTCOMES:
        raise AgreementRefused(f"{outcome!r} is no outcome of a dispute; there are: {', '.join(DISPUTE_OUTCOMES)}")
    async with hand_on(store, said, actor=actor, now=now) as hand:
        dispute = _the_one(hand, hand.facts.disputes, "dispute")
        _check(dispute, DisputeState.CLOSED, dispute_table.TRANSITIONS[dispute.state])
        changed = replace(dispute, state=DisputeState.CLOSED, outcome=outcome)
        await agreements.save_dispute(hand.tx, changed)
        payload: dict[str, object] = {"outcome": outcome, "words": words, "invoices": list(dispute.invoice_ids)}
        return await _settled(hand, changed, hand.event("dispute.closed", {"dispute": dispute.id}, payload))


def _opened(hand: Hand, dispute: Dispute, words: str) -> Happened:
    payload: dict[str, object] = {"reason": dispute.reason, "words": words, "invoices": list(dispute.invoice_ids)}
    return hand.event("dispute.opened", {"dispute": dispute.id}, payload)


async def _settled(hand: Hand, changed: Promise | Dispute, event: Happened) -> Agreed:
    """Record what a person made of it; the mail it was read from waits for nobody any more."""
    done = [event]
    mail = await inbox.load(hand.tx, changed.mail_id) if changed.mail_id else None
    if mail is not None and mail.customer_id == hand.customer.id and await inbox.answer(hand.tx, mail.id):
        word = "promise" if isinstance(changed, Promise) else "dispute"
        payload: dict[str, object] = {"decision": f"{word} {changed.state.value}", "asked": mail.why}
        done.append(hand.event("mail.decided", {"mail": mail.id, word: changed.id}, payload))
    await events.record(hand.tx, done)
    return _agreed(hand, changed)


def _agreed(hand: Hand, what: Promise | Dispute) -> Agreed:
    about = tuple(invoice for invoice in hand.facts.invoices if invoice.id in what.invoice_ids)
    return Agreed(customer=hand.customer, what=what, invoices=about, holds=hand.holds_on(what.invoice_ids))


def _the_one(hand: Hand, there: Sequence[T], word: str) -> T:
    """Return the agreement of that id, else the only running one of the customer or of the invoice named."""
    for one in there:
        if one.id == hand.said:
            return one
    named = {invoice.id for invoice in hand.facts.invoices if invoice.number == hand.said}
    running = [one for one in there if one.is_running and (not named or named & set(one.invoice_ids))]
    if len(running) == 1:
        return running[0]
    if not running:
        raise AgreementRefused(f"{hand.customer.name} has no running {word}: `duly {word} list` shows those there are")
    raise AgreementRefused(f"{hand.said!r} has several running: give one of {', '.join(one.id for one in running)}")


def _check(
    what: Promise | Dispute,
    to: PromiseState | DisputeState,
    possible: frozenset[PromiseState] | frozenset[DisputeState],
) -> None:
    if to not in possible:
        raise AgreementRefused(f"{what.id} is {what.state} and cannot become {to}")


def _still_open(about: Sequence[Invoice], hand: Hand) -> tuple[Invoice, ...]:
    paid = [invoice.number for invoice in about if not invoice.is_open]
    if paid or not about:
        what = ", ".join(paid) or hand.customer.name
        raise AgreementRefused(f"nothing is owed on {what} according to the ledger, so there is nothing to agree on")
    return tuple(about)


def _ahead(due_on: date, today: date) -> date:
    if due_on < today:
        raise AgreementRefused(f"{due_on} is past (it is {today} there): a promise is for today or later")
    if due_on - today > FURTHEST:
        raise AgreementRefused(f"{due_on} is more than a year away: check the year, or use `duly invoices hold`")
    return due_on


def _claimed(amount: str, whole: Money | None) -> ClaimedAmount | None:
    """Return the promised amount, in the currency of what is owed."""
    if not amount:
        return None
    if whole is None:
        raise AgreementRefused("these invoices are in several currencies: promise each with its own --invoice")
    try:
        wanted = Money.of(amount, whole.currency)
    except MoneyError as problem:
        raise AgreementRefused(f"--amount: {problem}") from problem
    if not 0 < wanted.minor <= whole.minor:
        raise AgreementRefused(f"--amount {amount}: it must lie above 0 and within the {whole} that is open")
    return ClaimedAmount(text=f"{wanted}", amount=str(wanted.decimal), currency=whole.currency)
