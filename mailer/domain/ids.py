"""Identifiers: opaque, made by the shell, passed in. And the one place that builds keys which must be unique."""

from __future__ import annotations

import hashlib
from typing import NewType

CustomerId = NewType("CustomerId", str)  # "cus_…"
InvoiceId = NewType("InvoiceId", str)  # "inv_…"; the human invoice number is a separate field
CaseId = NewType("CaseId", str)  # "case_…"
OutboxId = NewType("OutboxId", str)  # "out_…": one outgoing message
MailId = NewType("MailId", str)  # "mail_…": one incoming message
EventId = NewType("EventId", str)  # "evt_…"
HoldId = NewType("HoldId", str)  # "hold_…"
PromiseId = NewType("PromiseId", str)  # "prom_…"
DisputeId = NewType("DisputeId", str)  # "disp_…"
TaskId = NewType("TaskId", str)  # "task_…"
ContactId = NewType("ContactId", str)  # "log_…": a call, letter, meeting or note by hand
PaymentId = NewType("PaymentId", str)  # "pay_…"
StepId = NewType("StepId", str)  # the rung's name inside its policy, such as "friendly"


def step_claim_key(invoice_id: InvoiceId, step_id: StepId, cycle: int) -> str:
    """Return the key that makes one rung of one invoice sendable once, whatever its policy is called."""
    return f"step:{invoice_id}:{step_id}:{cycle}"


def payment_key(invoice_id: InvoiceId, reference: str, paid_on: str, minor: int) -> str:
    """Return the key under which the same payment row imported twice is one payment."""
    return "payment:" + hashlib.sha256(f"{invoice_id}\n{reference}\n{paid_on}\n{minor}".encode()).hexdigest()[:32]
