from __future__ import annotations

import pytest

from mailer.domain.ids import InvoiceId, OutboxId
from mailer.domain.reading import MatchMethod, SenderStanding
from mailer.replies.freemail import is_freemail
from mailer.replies.keys import MailKeys
from mailer.replies.match import NumberRef, SenderRef, SentRef, match, match_ids
from tests.core.replies.mails import ALDER, BIRCH, INV_1, INV_2, INV_3, OTHER_OUTBOX, OUTBOX

SENT = SentRef(
    outbox_id=OUTBOX,
    customer_id=ALDER,
    invoice_ids=(INV_1, INV_2),
    recipient="Ap@alder.example",
    message_id="M1@relay.example",
)
TO_BIRCH = SentRef(outbox_id=OTHER_OUTBOX, customer_id=BIRCH, invoice_ids=(INV_3,), recipient="b@birch.example")
NUMBER_1 = NumberRef(invoice_id=INV_1, customer_id=ALDER, number="INV-2041", is_open=True)
NUMBER_3 = NumberRef(invoice_id=INV_3, customer_id=BIRCH, number="INV-3", is_open=True)
TOM = SenderRef(customer_id=ALDER, email="tom@alder.example", open_invoice_ids=(INV_1, INV_2))


def keys(sender: str = "tom@alder.example", **ids: tuple[OutboxId, ...] | tuple[str, ...]) -> MailKeys:
    return MailKeys(sender=sender, domain=sender.rpartition("@")[2], **ids)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "method"),
    [
        (keys(token_ids=(OUTBOX,), reply_ids=(OTHER_OUTBOX,)), MatchMethod.REPLY_TOKEN),
        (keys(reply_ids=(OUTBOX,), reference_ids=(OTHER_OUTBOX,)), MatchMethod.MESSAGE_ID),
        (keys(returned_ids=(OUTBOX,), reference_ids=(OTHER_OUTBOX,)), MatchMethod.MESSAGE_ID),
        (keys(reference_ids=(OUTBOX, OTHER_OUTBOX)), MatchMethod.REFERENCES),
    ],
)
def test_the_strongest_id_wins_and_the_others_are_candidates(found: MailKeys, method: MatchMethod) -> None:
    result = match_ids(found, (TO_BIRCH, SENT))
    assert result is not None
    assert (result.customer_id, result.method, result.outbox_id) == (ALDER, method, OUTBOX)
    assert result.invoice_ids == (INV_1, INV_2)
    assert [one.customer_id for one in result.candidates] == [BIRCH]


def test_no_id_no_match() -> None:
    assert match_ids(keys(), ()) is None
    assert match_ids(keys(token_ids=(OUTBOX,)), ()) is None  # signed, but its message is not ours any more


@pytest.mark.parametrize(
    ("sender", "standing"),
    [
        ("ap@alder.example", SenderStanding.KNOWN),
        ("boss@alder.example", SenderStanding.DOMAIN),
        ("lawyer@else.example", SenderStanding.UNKNOWN),
        ("", SenderStanding.UNKNOWN),
    ],
)
def test_a_stranger_with_a_token_is_attached_but_stays_a_stranger(sender: str, standing: SenderStanding) -> None:
    found = keys(sender, token_ids=(OUTBOX,))
    result = match(found, (SENT,), (), (), ())
    assert (result.customer_id, result.sender) == (ALDER, standing)


@pytest.mark.parametrize(("sender", "customer"), [("x@alder.example", ALDER), ("evil@else.example", None)])
def test_an_id_without_our_signature_counts_only_near_its_recipient(sender: str, customer: str | None) -> None:
    found = keys(sender, raw_in_reply_to=("m1@RELAY.example",))
    assert match(found, (SENT,), (), (), ()).customer_id == customer


def test_a_shared_free_mail_domain_says_nothing() -> None:
    sent = SentRef(
        outbox_id=OUTBOX, customer_id=ALDER, invoice_ids=(INV_1,), recipient="alder@gmail.com", message_id="m@x"
    )
    found = keys("someone@gmail.com", raw_in_reply_to=("m@x",))
    near = SenderRef(customer_id=ALDER, email="alder@gmail.com", open_invoice_ids=(INV_1,))
    assert match(found, (sent,), (), (), (near,)).customer_id is None
    assert is_freemail("GMX.de")
    assert is_freemail("yahoo.co.uk")
    assert is_freemail("")
    assert not is_freemail("alder.example")


def test_a_known_address_other_than_the_recipient_is_known() -> None:
    result = match(keys(token_ids=(OUTBOX,)), (SENT,), (), (TOM,), (TOM,))
    assert result.sender is SenderStanding.KNOWN


def test_invoices_named_in_own_words_come_before_those_of_the_message_answered() -> None:
    found = keys(token_ids=(OUTBOX,))
    result = match(found, (SENT,), (NUMBER_1, NUMBER_3), (TOM,), (), named=("INV2041", "INV3"))
    assert result.invoice_ids == (INV_1,)  # the other belongs to somebody else
    assert match(found, (SENT,), (NUMBER_1,), (TOM,), ()).invoice_ids == (INV_1, INV_2)  # only quoted


def test_what_an_attached_advice_lists_comes_on_top_and_never_instead() -> None:
    listed = NumberRef(invoice_id=INV_3, customer_id=ALDER, number="INV-7", is_open=True)
    paid = NumberRef(invoice_id=InvoiceId("inv_8"), customer_id=ALDER, number="INV-8", is_open=False)
    found, rows, advised = keys(token_ids=(OUTBOX,)), (NUMBER_1, listed, paid), ("INV7", "INV8", "INV2041")
    assert match(found, (SENT,), rows, (TOM,), (), advised=advised).invoice_ids == (INV_1, INV_2, INV_3)
    named = match(found, (SENT,), rows, (TOM,), (), named=("INV2041",), advised=("INV7",))
    assert named.invoice_ids == (INV_1, INV_3)


def test_a_paid_invoice_named_does_not_leave_the_open_ones_unheld() -> None:
    paid = NumberRef(invoice_id=INV_3, customer_id=ALDER, number="INV-3", is_open=False)
    result = match(keys(token_ids=(OUTBOX,)), (SENT,), (paid,), (TOM,), (), named=("INV3",))
    assert result.invoice_ids == (INV_3, INV_1, INV_2)


def test_a_number_from_the_customer_in_a_new_thread_matches() -> None:
    result = match(keys(), (), (NUMBER_1,), (TOM,), (TOM,), named=("INV2041",))
    assert (result.method, result.invoice_ids, result.confidence) == (MatchMethod.INVOICE_NUMBER, (INV_1,), 0.95)


def test_a_number_from_a_colleague_matches_with_less_confidence() -> None:
    result = match(keys("boss@alder.example"), (), (NUMBER_1,), (), (TOM,))
    assert (result.customer_id, result.sender, result.confidence) == (ALDER, SenderStanding.DOMAIN, 0.85)
    assert result.invoice_ids == (INV_1,)


def test_a_paid_number_alone_means_all_that_is_open() -> None:
    paid = NumberRef(invoice_id=INV_3, customer_id=ALDER, number="INV-3", is_open=False)
    assert match(keys(), (), (paid,), (TOM,), ()).invoice_ids == (INV_1, INV_2)


def test_a_number_from_a_stranger_is_a_candidate_only() -> None:
    result = match(keys("x@else.example"), (), (NUMBER_1,), (), (), named=("INV2041",))
    assert (result.customer_id, result.method) == (None, MatchMethod.NONE)
    assert [(one.customer_id, one.invoice_ids, one.method) for one in result.candidates] == [
        (ALDER, (INV_1,), MatchMethod.INVOICE_NUMBER)
    ]


def test_the_sender_alone_means_everything_open() -> None:
    result = match(keys(), (), (), (TOM,), (TOM,))
    assert (result.method, result.invoice_ids, result.sender) == (
        MatchMethod.SENDER,
        (INV_1, INV_2),
        SenderStanding.KNOWN,
    )


def test_the_domain_alone_is_the_weakest_tie() -> None:
    result = match(keys("boss@alder.example"), (), (), (), (TOM,))
    assert (result.method, result.sender) == (MatchMethod.DOMAIN, SenderStanding.DOMAIN)


def test_one_address_of_two_customers_is_left_to_a_person_unless_a_number_decides() -> None:
    bureau = (TOM, SenderRef(customer_id=BIRCH, email="tom@alder.example", open_invoice_ids=(INV_3,)))
    undecided = match(keys(), (), (), bureau, ())
    assert undecided.customer_id is None
    assert {one.customer_id for one in undecided.candidates} == {ALDER, BIRCH}
    decided = match(keys(), (), (NUMBER_3,), bureau, (), named=("INV3",))
    assert (decided.customer_id, decided.invoice_ids) == (BIRCH, (INV_3,))
    assert [one.customer_id for one in decided.candidates] == [ALDER]


def test_numbers_of_two_customers_are_left_to_a_person() -> None:
    bureau = (TOM, SenderRef(customer_id=BIRCH, email="tom@alder.example"))
    assert match(keys(), (), (NUMBER_1, NUMBER_3), bureau, ()).customer_id is None


def test_nobody_at_all() -> None:
    result = match(keys("x@else.example"), (), (), (), ())
    assert (result.customer_id, result.candidates, result.sender) == (None, (), SenderStanding.UNKNOWN)
