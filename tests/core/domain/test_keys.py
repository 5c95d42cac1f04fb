"""Keys that must be unique, headers, and what may become of an outgoing message."""

from __future__ import annotations

from itertools import product

import pytest

from mailer.domain.delivery import SAID, TRANSITIONS, OutboxState
from mailer.domain.ids import InvoiceId, StepId, payment_key, step_claim_key
from mailer.domain.message import InboundMail


def test_one_rung_of_one_invoice_has_one_key() -> None:
    keys = {
        step_claim_key(InvoiceId(invoice), StepId(step), cycle)
        for invoice, step, cycle in product(("inv_1", "inv_2"), ("friendly", "second"), (0, 1))
    }
    assert len(keys) == 8
    assert step_claim_key(InvoiceId("inv_1"), StepId("friendly"), 0) == "step:inv_1:friendly:0"


def test_the_same_payment_row_has_the_same_key_and_others_have_not() -> None:
    row = (InvoiceId("inv_1"), "bank 7", "2026-03-02", 100)
    others = [
        (InvoiceId("inv_2"), "bank 7", "2026-03-02", 100),
        (InvoiceId("inv_1"), "bank 8", "2026-03-02", 100),
        (InvoiceId("inv_1"), "bank 7", "2026-03-03", 100),
        (InvoiceId("inv_1"), "bank 7", "2026-03-02", 101),
    ]
    assert payment_key(*row) == payment_key(*row)
    assert len({payment_key(*one) for one in [row, *others]}) == 5


@pytest.mark.parametrize(("name", "value"), [("Auto-Submitted", "auto-replied"), ("x-loop", "first"), ("missing", "")])
def test_a_header_is_found_in_any_case(name: str, value: str) -> None:
    mail = InboundMail(
        message_id="m@x",
        in_reply_to=(),
        references=(),
        from_email="a@b.test",
        from_name="",
        reply_to=(),
        recipients=(),
        subject="",
        sent_at=None,
        text="",
        headers=(("auto-submitted", "auto-replied"), ("x-loop", "first"), ("x-loop", "second")),
    )
    assert mail.header(name) == value


class TestOutgoing:
    """The states of a message, and what they promise."""

    def test_every_state_has_its_line(self) -> None:
        assert set(TRANSITIONS) == set(OutboxState)

    def test_what_was_said_is_never_taken_back_or_sent_again(self) -> None:
        freed = {OutboxState.QUEUED, OutboxState.LEASED, OutboxState.CANCELLED, OutboxState.EXPIRED}
        assert not freed & set().union(*(TRANSITIONS[state] for state in SAID))

    def test_unknown_is_settled_only_as_sent_or_failed(self) -> None:
        assert TRANSITIONS[OutboxState.UNKNOWN] == {OutboxState.SENT, OutboxState.FAILED}

    def test_nothing_is_sent_without_passing_through_data(self) -> None:
        before_sent = {state for state, following in TRANSITIONS.items() if OutboxState.SENT in following}
        assert before_sent == {OutboxState.IN_DATA, OutboxState.UNKNOWN}

    def test_what_has_ended_stays_ended(self) -> None:
        ended = {state for state, following in TRANSITIONS.items() if not following}
        assert ended == {OutboxState.SENT, OutboxState.FAILED, OutboxState.CANCELLED, OutboxState.EXPIRED}
