"""The tick: settle what time has settled, plan, and write what the plan asks for. Twice is the same as once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from mailer.clock import Clock, new_id, new_salt
from mailer.domain.actions import CreateTask, NotNow, SendReminder, SkipStep
from mailer.domain.case import CaseFacts, StepHow, Task
from mailer.domain.delivery import OutboxState
from mailer.domain.ids import CustomerId, OutboxId, TaskId, step_claim_key
from mailer.domain.message import ListedInvoice
from mailer.flows.policies import Policies, calendar_of
from mailer.flows.recording import Happened, happened
from mailer.flows.settle import carry_out, settlement
from mailer.flows.unwritten import can_write, cannot_write
from mailer.flows.write_message import Desk, Written, write_message
from mailer.reminders.calendar import SendCalendar
from mailer.reminders.guards import Limits
from mailer.reminders.plan import Plan, plan
from mailer.reminders.policy import Policy
from mailer.store import case_facts, contacts, customers, events, outbox, state
from mailer.store.outbox import OutboxEntry
from mailer.store.session import Store, StoreUnreachable, Taken, Tx

ACTOR = "system:tick"
CHUNK = 200
#: How long after the payment a customer may still be thanked; see `mailer.reminders.ladder`.
THANKS = timedelta(days=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """What planning needs."""

    store: Store
    policies: Policies
    desk: Desk
    max_data_age_hours: int
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class TickReport:
    """What a tick did: mails queued, tasks made, customers looked at, and customers whose mail could not be written."""

    queued: int = 0
    tasks: int = 0
    customers: int = 0
    unwritten: int = 0


async def tick(planner: Planner) -> TickReport:
    """Look at every customer in motion and write what is due; each customer is one transaction."""
    now = planner.clock()
    async with planner.store.reading() as tx:
        ids = await customers.in_motion(tx, paid_since=(now - THANKS).date())
        live = await state.is_live(tx)
    limits = Limits(live=live, max_data_age_hours=planner.max_data_age_hours)
    report = TickReport(customers=len(ids))
    for start in range(0, len(ids), CHUNK):
        for one in await _with_something_to_do(planner, ids[start : start + CHUNK], now, limits):
            report = await _act(planner, one, now, limits, report)
    return report


async def _with_something_to_do(
    planner: Planner, ids: Sequence[CustomerId], now: datetime, limits: Limits
) -> list[CustomerId]:
    """Return those for whom a write is needed; most customers need none on most ticks."""
    async with planner.store.reading() as tx:
        found = await case_facts.load(tx, ids, now=now)
        known = await state.verdicts_of(tx, ids)
    return [one for one, facts in found.items() if _has_work(planner, facts, known[one], now, limits)]


def _has_work(planner: Planner, facts: CaseFacts, known: dict[str, NotNow], now: datetime, limits: Limits) -> bool:
    try:
        policy, calendar = rules_of(planner.policies, facts, now)
        if not settlement(facts, today=calendar.local_day(now)).is_empty:
            return True
        planned = plan(facts, policy, calendar, now=now, limits=limits, look_ahead=False)
    except Exception:  # noqa: BLE001 - it comes again in `_act`, where it is kept to its customer
        return True
    return bool(planned.actions) or _verdicts(planned) != known


def rules_of(policies: Policies, facts: CaseFacts, now: datetime) -> tuple[Policy, SendCalendar]:
    """Return the policy and the calendar that hold for a customer."""
    policy = policies.of(facts.customer)
    return policy, calendar_of(facts.customer, policy, now)


def _verdicts(planned: Plan) -> dict[str, NotNow]:
    return {step_claim_key(n.invoice_id, n.step_id, n.cycle): n for n in planned.not_now}


async def _act(
    planner: Planner, customer_id: CustomerId, now: datetime, limits: Limits, report: TickReport
) -> TickReport:
    """Settle and plan again under the customer's lock, and write it all; another worker may have been faster."""
    try:
        async with planner.store.transaction() as tx:
            await customers.lock(tx, customer_id)
            facts = await case_facts.load_one(tx, customer_id, now=now)
            if facts is None:
                return report
            policy, calendar = rules_of(planner.policies, facts, now)
            settled = settlement(facts, today=calendar.local_day(now))
            if not settled.is_empty:
                await carry_out(tx, facts, settled, now=now)
                facts = await case_facts.load_one(tx, customer_id, now=now) or facts
            planned = plan(facts, policy, calendar, now=now, limits=limits, look_ahead=False)
            act = Act(planner=planner, tx=tx, facts=facts, policy=policy, calendar=calendar, now=now)
            return await act.write(planned, report)
    except Taken:
        return report
    except StoreUnreachable:
        raise
    except Exception as problem:  # noqa: BLE001 - what one customer's mail cannot do must not keep others from theirs
        await cannot_write(planner.store, customer_id, problem, now)
        return replace(report, unwritten=report.unwritten + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Writing one customer's plan in one transaction."""

    planner: Planner
    tx: Tx
    facts: CaseFacts
    policy: Policy
    calendar: SendCalendar
    now: datetime

    async def write(self, planned: Plan, report: TickReport) -> TickReport:
        """Write actions, changed verdicts and their events."""
        done: list[Happened] = []
        for action in planned.actions:
            match action:
                case SendReminder():
                    done.append(await self._queue(action))
                    report = replace(report, queued=report.queued + 1)
                case CreateTask():
                    done.append(await self._task(action))
                    report = replace(report, tasks=report.tasks + 1)
                case SkipStep():
                    done.append(await self._skip(action))
                case _:
                    assert_never(action)
        done.extend(await self._not_now(planned))
        await events.record(self.tx, done)
        return report

    async def _queue(self, action: SendReminder) -> Happened:
        outbox_id = OutboxId(new_id("out"))
        thread = await outbox.thread_of(self.tx, action.customer_id, self.facts.case_id)
        written = write_message(
            self.planner.desk,
            action,
            self.facts,
            self.policy,
            outbox_id=outbox_id,
            thread=thread,
            today=self.calendar.local_day(self.now),
            now=self.now,
        )
        await self._keep(action, written)
        payload: dict[str, object] = {
            "to": action.recipient,
            "subject": written.message.subject,
            "template": action.template,
            "template_hash": written.template_hash,
            "language": written.message.language,
            "message_id": written.message.message_id,
            "steps": _steps(action.listed),
        }
        return self._event("reminder.queued", {"message": outbox_id}, payload)

    async def _keep(self, action: SendReminder, written: Written) -> None:
        """Keep the frozen bytes, the message and its claims; raises Taken when a rung is claimed already."""
        payload_id = written.message.id.replace("out_", "msg_", 1)
        await events.keep_payload(
            self.tx,
            payload_id=payload_id,
            subject_id=action.customer_id,
            kind="message",
            salt=new_salt(),
            body=written.content,
        )
        entry = OutboxEntry(
            message=written.message,
            state=OutboxState.QUEUED,
            main_step_id=action.main_step_id,
            payload_id=payload_id,
            case_id=self.facts.case_id,
            due_at=self.now,
            finished_at=None,
            result_text="",
        )
        await outbox.enqueue(self.tx, entry)
        await can_write(self.tx, action.customer_id)

    async def _task(self, action: CreateTask) -> Happened:
        task = Task(
            id=TaskId(new_id("task")),
            customer_id=action.customer_id,
            kind=action.kind,
            invoice_ids=tuple(item.invoice_id for item in action.listed),
            step_id=action.step_id,
            instructions=action.instructions,
            created_at=self.now,
        )
        await contacts.add_task(self.tx, task)
        how = StepHow.TASK_OPEN
        await outbox.claim_steps(self.tx, action.customer_id, action.listed, how, self.now, task_id=task.id)
        payload: dict[str, object] = {
            "kind": action.kind.value,
            "instructions": action.instructions,
            "steps": _steps(action.listed),
        }
        return self._event("task.created", {"task": task.id}, payload)

    async def _skip(self, action: SkipStep) -> Happened:
        invoice = next(i for i in self.facts.invoices if i.id == action.invoice_id)
        item = ListedInvoice(
            invoice_id=action.invoice_id, step_id=action.step_id, cycle=action.cycle, open=invoice.open
        )
        await outbox.claim_steps(self.tx, self.facts.customer.id, [item], StepHow.SKIPPED, self.now)
        payload: dict[str, object] = {"step": action.step_id, "why": action.why}
        return self._event("reminder.skipped", {"invoice": action.invoice_id}, payload)

    async def _not_now(self, planned: Plan) -> list[Happened]:
        """Keep today's verdicts; record those whose reason is new, so that silence is explained but not repeated."""
        known = (await state.verdicts_of(self.tx, [self.facts.customer.id]))[self.facts.customer.id]
        fresh = _verdicts(planned)
        await state.drop_verdicts(self.tx, [key for key in known if key not in fresh])
        done = []
        for key, verdict in fresh.items():
            if known.get(key) == verdict:
                continue
            await state.put_verdict(self.tx, self.facts.customer.id, verdict, self.now)
            if key not in known or known[key].code != verdict.code:
                payload: dict[str, object] = {"step": verdict.step_id, "code": verdict.code, "why": verdict.why}
                done.append(self._event("reminder.not_sent", {"invoice": verdict.invoice_id}, payload))
        return done

    def _event(self, type_: str, refs: dict[str, str], payload: dict[str, object]) -> Happened:
        return happened(
            type_,
            now=self.now,
            actor=ACTOR,
            customer_id=self.facts.customer.id,
            case_id=self.facts.case_id,
            policy_version=f"{self.policy.name}@{self.policy.version}",
            refs=refs,
            payload=payload,
        )


def _steps(listed: Sequence[ListedInvoice]) -> list[object]:
    return [
        {
            "invoice": i.invoice_id,
            "step": i.step_id,
            "cycle": i.cycle,
            "open": str(i.open.decimal),
            "currency": i.open.currency,
        }
        for i in listed
    ]
