"""What differs between two readings of the same mail."""

from __future__ import annotations

import pytest

from mailer.replies.difference import Difference, differences, is_louder


def reading(effect: str | None = "hold", **slots: object) -> dict[str, object]:
    finding = {"intent": "promise", "on": "2026-12-04", "amount": None, "reason": None, **slots}
    return {"kind": "human", "findings": [finding], "return_on": None, "effect": effect}


def test_the_same_reading_differs_in_nothing() -> None:
    assert differences(reading(), reading()) == ()
    assert not is_louder(())


def test_intents_days_amounts_and_reasons_are_compared_whatever_their_order() -> None:
    claim = {"text": "1.200 Euro", "amount": "1200.00", "currency": "EUR"}
    now = reading(intent="dispute", on=None, amount=claim, reason="price")
    assert differences(reading(), now) == (
        Difference(what="intents", was=("promise",), now=("dispute",)),
        Difference(what="dates", was=("2026-12-04",), now=()),
        Difference(what="amounts", was=(), now=("EUR 1200.00",)),
        Difference(what="reasons", was=(), now=("price",)),
    )
    half = {"text": "half", "amount": None, "currency": None}
    assert [one.now for one in differences(reading(), reading(amount=half))] == [("half",)]


def test_the_day_somebody_is_back_is_a_day() -> None:
    away = {**reading(), "findings": [], "return_on": "2026-12-01"}
    assert differences({**away, "return_on": None}, away)[0].now == ("2026-12-01",)


@pytest.mark.parametrize(
    ("was", "now", "louder"),
    [("hold", "continue", True), ("stop", "hold", True), ("continue", "hold", False), ("hold", "suppress", False)],
)
def test_less_quiet_than_what_was_acted_upon_is_said(was: str, now: str, *, louder: bool) -> None:
    assert is_louder(differences(reading(was), reading(now))) is louder


def test_a_reading_from_before_effects_were_kept_claims_none() -> None:
    assert differences(reading(None), reading()) == ()


def test_a_mail_that_could_not_be_read_before_differs_in_all_and_is_not_louder() -> None:
    found = differences({}, reading("continue"))
    assert [one.what for one in found] == ["kind", "intents", "dates", "effect"]
    assert not is_louder(found)
