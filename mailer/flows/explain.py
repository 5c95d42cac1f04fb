"""Why an invoice is where it is: its status, what was said when, what comes next, and all that is against it now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from mailer.domain.actions import NotNow
from mailer.domain.agreement import Dispute, Hold, Promise
from mailer.domain.case import CaseFacts, StepDone
from mailer.domain.ids import MailId, step_claim_key
from mailer.domain.invoice import Invoice
from mailer.domain.status import StatusView, invoice_status
from mailer.flows.find_customer import the_customer
from mailer.flows.policies import Policies, rules_of
from mailer.reminders.guards import Limits, Reason, Situation, Turn, reasons
from mailer.reminders.ladder import Rung, position
from mailer.reminders.outlook import NextStep, next_step
from mailer.reminders.policy import Policy
from mailer.store import case_facts, inbox, invoices, state
from mailer.store.inbox import StoredMail
from mailer.store.session import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceStory:
    """One invoice: how it stands, what was done, whose turn it is and what is against that now (all of it).

    `turn` None: nothing is ahead. `next`: the step expected next and its day, if Duly is live and the balances are
    fresh. `verdict`: what the last run decided about a due rung, None when there was nothing to decide.
    """

    invoice: Invoice
    status: StatusView
    done: tuple[StepDone, ...]
    turn: Rung | None
    later: tuple[Rung, ...]
    is_due: bool
    against: tuple[Reason, ...]
    next: NextStep | None
    verdict: NotNow | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything a decision about this customer looks at, and what it makes of it.

    `policy_from` says why it is this policy. `mails` are those that caused holds, promises and disputes.
    """

    facts: CaseFacts
    policy: Policy
    policy_from: str
    today: date
    live: bool
    data_age_hours: float | None
    max_data_age_hours: int
    invoices: tuple[InvoiceStory, ...]
    holds: tuple[Hold, ...]
    promises: tuple[Promise, ...]
    disputes: tuple[Dispute, ...]
    mails: dict[MailId, StoredMail]


async def explain(
    store: Store, policies: Policies, said: str, *, max_data_age_hours: int, now: datetime
) -> Explanation:
    """Return the decision path of a customer, or of the one invoice that `said` is the number of.

    Raises NotOneCustomer, PolicyMissing.
    """
    async with store.reading() as tx:
        customer = await the_customer(tx, said)
        facts = (await case_facts.load(tx, [customer.id], now=now))[customer.id]
        named = [i for i in (await invoices.by_numbers(tx, [said])).values() if i.customer_id == customer.id]
        verdicts = (await state.verdicts_of(tx, [customer.id]))[customer.id]
        live = await state.is_live(tx)
        mails = {one: mail for one in _causes(facts) if (mail := await inbox.load(tx, one)) is not None}
    policy, calendar = rules_of(policies, facts, now)
    limits = Limits(live=live, max_data_age_hours=max_data_age_hours)
    situation = Situation(facts=facts, policy=policy, calendar=calendar, now=now, limits=limits)
    about = named or [invoice for invoice in facts.invoices if invoice.is_open] or list(facts.invoices)
    ids = {invoice.id for invoice in about}
    age = None if facts.data_as_of is None else (now - facts.data_as_of).total_seconds() / 3600
    return Explanation(
        facts=facts,
        policy=policy,
        policy_from=_policy_from(facts, policies),
        today=situation.today,
        live=live,
        data_age_hours=age,
        max_data_age_hours=max_data_age_hours,
        invoices=tuple(_story(invoice, situation, verdicts) for invoice in about),
        holds=tuple(h for h in facts.holds if not h.invoice_ids or ids & set(h.invoice_ids)),
        promises=tuple(p for p in facts.promises if ids & set(p.invoice_ids)),
        disputes=tuple(d for d in facts.disputes if ids & set(d.invoice_ids)),
        mails=mails,
    )


def _causes(facts: CaseFacts) -> set[MailId]:
    found = {
        *(hold.mail_id for hold in facts.holds),
        *(promise.mail_id for promise in facts.promises),
        *(dispute.mail_id for dispute in facts.disputes),
    }
    return {mail_id for mail_id in found if mail_id is not None}


def _story(invoice: Invoice, situation: Situation, verdicts: dict[str, NotNow]) -> InvoiceStory:
    facts, today = situation.facts, situation.today
    ahead = position(invoice, facts, situation.policy, situation.calendar, today=today).ahead
    turn = Turn(invoice=invoice, rung=ahead[0]) if ahead else None
    key = step_claim_key(invoice.id, turn.rung.step.id, turn.rung.cycle) if turn else ""
    return InvoiceStory(
        invoice=invoice,
        status=invoice_status(invoice, facts, today=today),
        done=facts.steps_of(invoice.id),
        turn=turn.rung if turn else None,
        later=ahead[1:],
        is_due=turn is not None and turn.rung.due_since <= today,
        against=reasons(turn, situation) if turn else (),
        next=next_step(invoice, ahead, _at_work(situation)),
        verdict=verdicts.get(key) or next((v for v in verdicts.values() if v.invoice_id == invoice.id), None),
    )


def _at_work(situation: Situation) -> Situation:
    """Return the same with the operator's part done, so that a day can be named: live, with fresh balances."""
    limits = replace(situation.limits, live=True)
    return replace(situation, facts=replace(situation.facts, data_as_of=situation.now), limits=limits)


def _policy_from(facts: CaseFacts, policies: Policies) -> str:
    """Return why it is this policy: the customer's own, that of a tag, or the default."""
    if facts.customer.policy:
        return "set for this customer"
    for tag in policies.assignments:
        if tag in facts.customer.tags:
            return f"assigned to the tag {tag!r}"
    return "the default"
