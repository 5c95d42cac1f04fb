"""What may become of a dispute."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mailer.agreements.dispute import TRANSITIONS
from mailer.domain.agreement import Dispute, DisputeState
from mailer.domain.ids import CustomerId, DisputeId, InvoiceId


@pytest.mark.parametrize(
    ("state", "following"),
    [
        (DisputeState.DRAFT, {DisputeState.OPEN, DisputeState.CLOSED}),
        (DisputeState.OPEN, {DisputeState.CLOSED}),
        (DisputeState.CLOSED, set()),
    ],
)
def test_a_dispute_is_opened_or_declined_then_closed_for_good(
    state: DisputeState, following: set[DisputeState]
) -> None:
    dispute = Dispute(
        id=DisputeId("disp_1"),
        customer_id=CustomerId("cus_1"),
        invoice_ids=(InvoiceId("inv_1"),),
        reason="quality",
        state=state,
        opened_at=datetime(2026, 3, 2, tzinfo=UTC),
    )
    assert TRANSITIONS[state] == following
    assert bool(following) is dispute.is_running
