from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.domain.reading import Intent
from mailer.replies.thresholds import CERTAIN
from tests.core.replies.mails import found, understood
from tests.core.replies.promises import CERTAIN_PROMISES, DOUBTFUL_PROMISES, NEVER_CERTAIN, NO_PROMISES


@pytest.mark.parametrize(("hint", "sentence", "day"), CERTAIN_PROMISES)
def test_a_plain_promise_is_certain(hint: str, sentence: str, day: str) -> None:
    promise = found(sentence, Intent.PROMISE, hint=hint)[0]
    if day:
        assert (promise.on and promise.on.isoformat(), promise.confidence >= CERTAIN) == (day, True)
    assert promise.evidence[0].text in sentence


@pytest.mark.parametrize(("hint", "sentence", "day"), DOUBTFUL_PROMISES)
def test_a_promise_with_a_doubt_is_found_but_not_certain(hint: str, sentence: str, day: str) -> None:
    promises = found(sentence, Intent.PROMISE, hint=hint)
    assert all(one.confidence < CERTAIN for one in promises)
    if day:
        assert day in [one.on.isoformat() for one in promises if one.on]


@pytest.mark.parametrize("sentence", NO_PROMISES)
@pytest.mark.parametrize("around", ["{}", "Hello Ellen,\n\n{}\n\nKind regards\nTom", "Thanks. {}"])
def test_no_promise_is_read_into_other_words(sentence: str, around: str) -> None:
    for hint in ("en", "de"):
        assert found(around.format(sentence), Intent.PROMISE, hint=hint) == ()


@pytest.mark.parametrize("sentence", NEVER_CERTAIN)
def test_near_misses_are_never_certain(sentence: str) -> None:
    for hint in ("en", "de"):
        assert [one for one in found(sentence, Intent.PROMISE, hint=hint) if one.confidence >= CERTAIN] == []


FRIENDLY = [
    "Hi Ellen,\n\nThank you for your reminder. {}\n\nKind regards\nTom",
    "Dear Ms Marsh,\n\napologies for the late reply. {}\n\nBest\nTom",
    "{} Sorry for the delay.",
    "We were at the trade fair all week. {}\n\nCheers, Tom",
]


@pytest.mark.parametrize("around", FRIENDLY)
def test_politeness_and_stories_leave_a_promise_certain(around: str) -> None:
    promises = found(around.format("We will pay on Friday 4 December."), Intent.PROMISE)
    assert [one.confidence >= CERTAIN for one in promises] == [True]


@pytest.mark.parametrize(
    "beside",
    [
        "But the delivery was short.",
        "Please use our new address a@alder.example.",
        "Can you send a copy?",
        "We need the PO number first.",
        "The other invoice is on hold.",
        "If not, call me.",
        "You told me it was free.",
        "INV-2042 is another matter.",
        "So it goes. " * 20,
        "It was a long year. " * 90,
    ],
)
def test_anything_else_beside_a_promise_takes_its_certainty(beside: str) -> None:
    promises = found(f"We will pay on Friday 4 December. {beside}", Intent.PROMISE)
    assert promises
    assert all(one.confidence < CERTAIN for one in promises)


def test_the_slots_of_a_promise() -> None:
    promise = found("We will pay £600 of INV-2041 by Friday 4 December.", Intent.PROMISE)[0]
    assert (promise.date_kind, promise.amount and promise.amount.amount, promise.condition) == ("by", "600.00", None)
    assert promise.invoice_numbers == ("INV2041",)
    conditional = found("Once the credit note is here, we will pay on 4 December.", Intent.PROMISE)[0]
    assert conditional.condition == "Once the credit note is here"


def test_two_days_are_two_promises() -> None:
    promises = found("We will pay £500 on 25 November. The rest will be paid on 15 December.", Intent.PROMISE)
    assert [one.on.isoformat() for one in promises if one.on] == ["2026-11-25", "2026-12-15"]


def test_the_same_day_twice_is_one_promise() -> None:
    text = "We will pay on Friday 4 December. That is, you will have the money on 4 December."
    assert len(found(text, Intent.PROMISE)) == 1


def test_a_day_that_has_gone_by_is_no_promise() -> None:
    assert found("The cheque goes out on 12 November.", Intent.PROMISE) == ()


def test_a_promise_from_a_doubtful_language_is_not_certain() -> None:
    assert all(one.confidence < CERTAIN for one in found("Payment 4.12.2026", Intent.PROMISE))


VERBS = ["pay", "settle this", "transfer the money", "send the payment", "wire the full amount"]
DAYS = ["on Friday", "on 4 December", "by the end of the month", "tomorrow", "on the 30th", "within 10 days"]
DENIALS = [
    "We will not {} {}.",
    "We won't {} {}.",
    "We cannot {} {}.",
    "We are not able to {} {}.",
    "We will never {} {}.",
]


@given(st.sampled_from(DENIALS), st.sampled_from(VERBS), st.sampled_from(DAYS))
@settings(max_examples=120, deadline=None)
def test_negating_the_verb_is_never_a_promise(denial: str, verb: str, day: str) -> None:
    assert found(denial.format(verb, day), Intent.PROMISE) == ()


@given(st.sampled_from(CERTAIN_PROMISES))
@settings(max_examples=60, deadline=None)
def test_asking_instead_of_saying_is_never_certain(row: tuple[str, str, str]) -> None:
    asked = row[1].rstrip(".") + "?"
    assert all(one.confidence < CERTAIN for one in found(asked, Intent.PROMISE, hint=row[0]))


@given(st.sampled_from([*CERTAIN_PROMISES, *DOUBTFUL_PROMISES]), st.sampled_from(CERTAIN_PROMISES))
@settings(max_examples=60, deadline=None)
def test_quoted_promises_change_nothing(own: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    alone = understood(own[1], hint=own[0])
    below = understood(f"{own[1]}\n\nOn 3 Nov 2026, Ellen wrote:\n> {other[1]}\n", hint=own[0])
    assert below.findings == alone.findings
