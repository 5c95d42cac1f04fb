"""Writing what plans ask for: messages with their frozen bytes and claims, tasks, skipped rungs, and why not."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import assert_never

from mailer.clock import new_id, new_salt
from mailer.domain.actions import CreateTask, NotNow, SendReminder, SkipStep
from mailer.domain.case import CaseFacts, StepHow, Task
from mailer.domain.delivery import OutboxState
from mailer.domain.ids import CustomerId, OutboxId, TaskId, step_claim_key
from mailer.domain.message import ListedInvoice
from mailer.flows.recording import Happened, happened
from mailer.flows.unwritten import can_write
from mailer.flows.write_message import Desk, write_message
from mailer.reminders.plan import Plan
from mailer.reminders.policy import Policy
from mailer.store import contacts, events, outbox, state
from mailer.store.events import Payload
from mailer.store.outbox import OutboxEntry
from mailer.store.session import Tx

ACTOR = "system:tick"


def verdicts_of_plan(planned: Plan) -> dict[str, NotNow]:
    """Return why rungs are not said now, by step claim key."""
    return {step_claim_key(n.invoice_id, n.step_id, n.cycle): n for n in planned.not_now}


@dataclass(slots=True, kw_only=True)
class PlanWriting:
    """Several customers' plans on their way into one transaction.

    `known`: the verdicts they had; `threads`: our earlier Message-IDs as `outbox.threads_of` gives them. Messages and
    events are kept back until `finish`, so that each table is written once.
    """

    desk: Desk
    tx: Tx
    now: datetime
    known: Mapping[CustomerId, Mapping[str, NotNow]]
    threads: Mapping[CustomerId, Mapping[str | None, Sequence[str]]]
    entries: list[OutboxEntry] = field(default_factory=list)
    tasks: int = 0
    _kept: list[Payload] = field(default_factory=list)
    _passed: list[tuple[CustomerId, ListedInvoice]] = field(default_factory=list)
    _verdicts: list[tuple[CustomerId, NotNow]] = field(default_factory=list)
    _gone: list[str] = field(default_factory=list)
    _done: list[Happened] = field(default_factory=list)

    async def add(self, planned: Plan, facts: CaseFacts, policy: Policy, *, today: date) -> None:
        """Take one customer's plan. Raises TemplateProblem and HeaderRefused, Taken for a rung that is said already."""
        act = _Act(writing=self, facts=facts, policy=policy, today=today)
        for action in planned.actions:
            match action:
                case SendReminder():
                    act.queue(action)
                case CreateTask():
                    await act.task(action)
                    self.tasks += 1
                case SkipStep():
                    act.skip(action)
                case _:
                    assert_never(action)
        act.not_now(planned)

    async def finish(self) -> None:
        """Write what was kept back. Raises Taken when a rung was claimed by another message meanwhile."""
        await events.keep_payloads(self.tx, self._kept)
        await outbox.pass_over(self.tx, self._passed, self.now)  # before what is said: rungs show in this order
        await outbox.enqueue_all(self.tx, self.entries)
        await state.drop_verdicts(self.tx, self._gone)
        await state.put_verdicts(self.tx, self._verdicts, self.now)
        await can_write(self.tx, [entry.message.customer_id for entry in self.entries])
        await events.record(self.tx, self._done)

    def keep(self, entry: OutboxEntry, content: bytes) -> None:
        """Keep a message with its frozen bytes."""
        self._kept.append(
            Payload(
                id=entry.payload_id,
                subject_id=entry.message.customer_id,
                kind="message",
                salt=new_salt(),
                body=content,
            )
        )
        self.entries.append(entry)

    def pass_over(self, customer_id: CustomerId, item: ListedInvoice) -> None:
        """Keep a rung that is skipped."""
        self._passed.append((customer_id, item))

    def judge(self, customer_id: CustomerId, fresh: Sequence[NotNow], gone: Sequence[str]) -> None:
        """Keep new verdicts on rungs, and the keys of those that no longer hold."""
        self._verdicts.extend((customer_id, verdict) for verdict in fresh)
        self._gone.extend(gone)

    def record(self, event: Happened) -> None:
        """Keep an event."""
        self._done.append(event)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Act:
    """Writing for one customer."""

    writing: PlanWriting
    facts: CaseFacts
    policy: Policy
    today: date

    def queue(self, action: SendReminder) -> None:
        """Write the mail and keep it."""
        outbox_id = OutboxId(new_id("out"))
        written = write_message(
            self.writing.desk,
            action,
            self.facts,
            self.policy,
            outbox_id=outbox_id,
            thread=outbox.thread(self.writing.threads.get(action.customer_id, {}), self.facts.case_id),
            today=self.today,
            now=self.writing.now,
        )
        entry = OutboxEntry(
            message=written.message,
            state=OutboxState.QUEUED,
            main_step_id=action.main_step_id,
            payload_id=outbox_id.replace("out_", "msg_", 1),
            case_id=self.facts.case_id,
            due_at=self.writing.now,
            finished_at=None,
            result_text="",
        )
        self.writing.keep(entry, written.content)
        payload: dict[str, object] = {
            "to": action.recipient,
            "subject": written.message.subject,
            "template": action.template,
            "template_hash": written.template_hash,
            "language": written.message.language,
            "message_id": written.message.message_id,
            "sha256": hashlib.sha256(written.content).hexdigest(),
            "steps": _steps(action.listed),
        }
        self._event("reminder.queued", {"message": outbox_id}, payload)

    async def task(self, action: CreateTask) -> None:
        """Make a task for a person."""
        task = Task(
            id=TaskId(new_id("task")),
            customer_id=action.customer_id,
            kind=action.kind,
            invoice_ids=tuple(item.invoice_id for item in action.listed),
            step_id=action.step_id,
            instructions=action.instructions,
            created_at=self.writing.now,
        )
        await contacts.add_task(self.writing.tx, task)
        tx, how = self.writing.tx, StepHow.TASK_OPEN
        await outbox.claim_steps(tx, action.customer_id, action.listed, how, self.writing.now, task_id=task.id)
        payload: dict[str, object] = {
            "kind": action.kind.value,
            "instructions": action.instructions,
            "steps": _steps(action.listed),
        }
        self._event("task.created", {"task": task.id}, payload)

    def skip(self, action: SkipStep) -> None:
        """Pass a rung over."""
        invoice = next(i for i in self.facts.invoices if i.id == action.invoice_id)
        item = ListedInvoice(
            invoice_id=action.invoice_id, step_id=action.step_id, cycle=action.cycle, open=invoice.open
        )
        self.writing.pass_over(self.facts.customer.id, item)
        payload: dict[str, object] = {"step": action.step_id, "why": action.why}
        self._event("reminder.skipped", {"invoice": action.invoice_id}, payload)

    def not_now(self, planned: Plan) -> None:
        """Keep today's verdicts; record those whose reason is new, so that silence is explained but not repeated."""
        known, fresh = self.writing.known.get(self.facts.customer.id, {}), verdicts_of_plan(planned)
        changed = {key: verdict for key, verdict in fresh.items() if known.get(key) != verdict}
        gone = [key for key in known if key not in fresh]
        self.writing.judge(self.facts.customer.id, list(changed.values()), gone)
        for key, verdict in changed.items():
            if key not in known or known[key].code != verdict.code:
                payload: dict[str, object] = {"step": verdict.step_id, "code": verdict.code, "why": verdict.why}
                self._event("reminder.not_sent", {"invoice": verdict.invoice_id}, payload)

    def _event(self, type_: str, refs: dict[str, str], payload: dict[str, object]) -> None:
        event = happened(
            type_,
            now=self.writing.now,
            actor=ACTOR,
            customer_id=self.facts.customer.id,
            case_id=self.facts.case_id,
            policy_version=f"{self.policy.name}@{self.policy.version}",
            refs=refs,
            payload=payload,
        )
        self.writing.record(event)


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
