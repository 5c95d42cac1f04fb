"""What a run would do right now, without doing it."""

from __future__ import annotations

from dataclasses import dataclass

from mailer.domain.case import CaseFacts
from mailer.flows.plan_reminders import CHUNK, THANKS, Planner
from mailer.flows.policies import rules_of
from mailer.reminders.guards import Limits
from mailer.reminders.plan import Plan, plan
from mailer.store import case_facts, customers, state


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """One customer's plan as of now, with the facts it was made from."""

    facts: CaseFacts
    plan: Plan


async def rehearse(planner: Planner) -> tuple[Rehearsed, ...]:
    """Return the plans of all customers for whom something is due, in the order a run would take them.

    Writes nothing. Settlements that a real run would make first (a promise that breaks today) are not foreseen.
    """
    now = planner.clock()
    async with planner.store.reading() as tx:
        ids = await customers.in_motion(tx, paid_since=(now - THANKS).date())
        limits = Limits(live=await state.is_live(tx), max_data_age_hours=planner.max_data_age_hours)
        found: list[Rehearsed] = []
        for start in range(0, len(ids), CHUNK):
            for facts in (await case_facts.load(tx, ids[start : start + CHUNK], now=now)).values():
                policy, calendar = rules_of(planner.policies, facts, now)
                planned = plan(facts, policy, calendar, now=now, limits=limits)
                if planned.actions or planned.not_now:
                    found.append(Rehearsed(facts=facts, plan=planned))
    return tuple(found)
