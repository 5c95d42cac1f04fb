"""Cases as people see them: how much is open, how late, how the invoices stand, what comes next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from mailer.domain.case import Case, CaseFacts
from mailer.domain.customer import Customer
from mailer.domain.money import Money
from mailer.domain.status import Status, invoice_status
from mailer.flows.plan_reminders import CHUNK
from mailer.flows.policies import Policies, PolicyMissing, rules_of
from mailer.reminders.guards import Limits
from mailer.reminders.outlook import NextStep
from mailer.reminders.plan import plan
from mailer.store import case_facts, customers, state
from mailer.store.session import Store, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """One case in a listing. `open`: what is owed on each open invoice; `statuses` counts them by how they stand.

    `next` is the earliest next step of any of them; `trouble` says why nothing can be planned.
    """

    case: Case
    customer: Customer
    open: tuple[Money, ...]
    overdue: int
    oldest_days: int
    statuses: tuple[tuple[Status, int], ...]
    next: NextStep | None
    trouble: str = ""


async def list_cases(
    store: Store, policies: Policies, *, running_only: bool, limit: int, max_data_age_hours: int, now: datetime
) -> tuple[tuple[CaseLine, ...], int]:
    """Return the newest `limit` cases, and how many there are."""
    async with store.reading() as tx:
        every = await customers.cases_of(tx, running_only=running_only)
        limits = Limits(live=await state.is_live(tx), max_data_age_hours=max_data_age_hours)
        lines: list[CaseLine] = []
        for part in customers.chunks(every[:limit], CHUNK):
            lines.extend(await _lines(tx, part, policies, limits, now))
    return tuple(lines), len(every)


async def _lines(tx: Tx, part: Sequence[Case], policies: Policies, limits: Limits, now: datetime) -> list[CaseLine]:
    found = await case_facts.load(tx, sorted({case.customer_id for case in part}), now=now)
    return [_line(case, found[case.customer_id], policies, limits, now) for case in part]


def _line(case: Case, facts: CaseFacts, policies: Policies, limits: Limits, now: datetime) -> CaseLine:
    """Return one line; a case that has ended shows nothing of what the customer owes now."""
    today = now.astimezone(ZoneInfo(facts.customer.time_zone)).date()
    still_open = [i for i in facts.invoices if i.is_open] if case.closed_at is None else []
    counted = Counter(invoice_status(invoice, facts, today=today).status for invoice in still_open)
    ahead, trouble = _next(facts, policies, limits, now) if still_open else (None, "")
    return CaseLine(
        case=case,
        customer=facts.customer,
        open=tuple(invoice.open for invoice in still_open),
        overdue=sum(invoice.days_overdue(today) > 0 for invoice in still_open),
        oldest_days=max((invoice.days_overdue(today) for invoice in still_open), default=0),
        statuses=tuple((status, counted[status]) for status in Status if counted[status]),
        next=ahead,
        trouble=trouble,
    )


def _next(facts: CaseFacts, policies: Policies, limits: Limits, now: datetime) -> tuple[NextStep | None, str]:
    """Return the earliest step that is to come, else one that waits for something, and why nothing can be planned."""
    try:
        policy, calendar = rules_of(policies, facts, now)
    except PolicyMissing as problem:
        return None, str(problem)
    ahead = plan(facts, policy, calendar, now=now, limits=limits).next_on
    dated = [step for step in ahead if step.on is not None]
    return (min(dated, key=lambda step: step.on or now.date()) if dated else next(iter(ahead), None)), ""
