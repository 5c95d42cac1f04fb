"""Thresholds per effect: what only the weights see is quiet and asks a person; it opens nothing, displaces nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.domain.actions import (
    AskPerson,
    DraftDispute,
    EndReplyHold,
    PlaceHold,
    ReplyAction,
    SuppressAddress,
    TrackPromise,
)
from mailer.domain.agreement import HoldKind
from mailer.domain.reading import Evidence, Finding, Intent, MailKind, Match, MatchMethod, Reading, SenderStanding
from mailer.replies.react import react
from mailer.replies.said import add_business_days
from mailer.replies.thresholds import CERTAIN, THRESHOLDS, Consequence, allows, by_weights_alone
from tests.core.replies.mails import ALDER, INV_1, OUTBOX, WEDNESDAY

FRIDAY = date(2026, 12, 4)
MATCH = Match(
    customer_id=ALDER,
    invoice_ids=(INV_1,),
    method=MatchMethod.REPLY_TOKEN,
    confidence=0.99,
    sender=SenderStanding.KNOWN,
    outbox_id=OUTBOX,
)


def seen_by(rule: str, intent: Intent, confidence: float) -> Finding:
    proof = Evidence(start=0, end=5, text="words", rule=rule)
    return Finding(intent=intent, confidence=confidence, evidence=(proof,))


def reaction(*findings: Finding) -> tuple[ReplyAction, ...]:
    reading = Reading(kind=MailKind.HUMAN, language="en", own="words", findings=findings)
    return react(
        reading,
        MATCH,
        received_on=WEDNESDAY,
        pauses_until=lambda day: day + timedelta(days=3),
        business_days_after=add_business_days,
        hold_lapsed_recently=False,
        sender="tom@alder.example",
    )


PROMISE = replace(seen_by("promise.will_pay", Intent.PROMISE, CERTAIN), on=FRIDAY, date_kind="exact")
by_weights = st.builds(seen_by, st.just("weights.x"), st.sampled_from(Intent), st.floats(0, 1))
by_rules = st.builds(seen_by, st.just("any.rule"), st.sampled_from(Intent), st.floats(0, 1))
dated = st.builds(replace, by_weights, on=st.just(FRIDAY), date_kind=st.just("exact"))


@given(st.lists(by_weights | dated, max_size=4))
def test_what_only_the_weights_see_holds_and_goes_to_a_person(found: list[Finding]) -> None:
    actions = reaction(*found)
    assert not [one for one in actions if isinstance(one, DraftDispute | TrackPromise | SuppressAddress | EndReplyHold)]
    assert {one.kind for one in actions if isinstance(one, PlaceHold)} <= {HoldKind.STOP}
    assert isinstance(actions[-1], AskPerson)


@given(st.lists(by_weights.filter(lambda one: one.intent is not Intent.PROMISE), max_size=4))
def test_it_takes_nothing_from_a_promise_that_is_certain_without_it(found: list[Finding]) -> None:
    alone = reaction(PROMISE)
    beside = reaction(PROMISE, *found)
    assert isinstance(alone[0], TrackPromise)
    assert beside[0] == alone[0]
    if any(one.intent is not Intent.ACKNOWLEDGEMENT for one in found):  # then the hold waits for a person besides
        assert isinstance(beside[-1], AskPerson)
        assert not any(isinstance(one, EndReplyHold) for one in beside)


@given(st.lists(by_rules | by_weights, min_size=1, max_size=4))
def test_more_confidence_never_makes_a_reaction_milder(found: list[Finding]) -> None:
    less = reaction(*found)
    more = reaction(*(replace(one, confidence=1.0) for one in found))
    assert {type(one) for one in less} <= {type(one) for one in more}


@pytest.mark.parametrize("consequence", Consequence)
def test_a_rule_is_enough_from_its_threshold_on(consequence: Consequence) -> None:
    threshold = THRESHOLDS[consequence]
    assert allows(seen_by("a.rule", Intent.DISPUTE, threshold.by_rule), consequence)
    assert not allows(seen_by("a.rule", Intent.DISPUTE, threshold.by_rule - 0.01), consequence)


@pytest.mark.parametrize("consequence", [one for one in Consequence if one is not Consequence.STOP])
def test_what_is_dear_needs_a_rule(consequence: Consequence) -> None:
    assert not allows(seen_by("weights.dispute", Intent.DISPUTE, 1.0), consequence)


def test_stopping_is_quiet_and_needs_none_when_it_is_likelier_than_not() -> None:
    assert allows(seen_by("weights.legal", Intent.LEGAL, 0.5), Consequence.STOP)
    assert not allows(seen_by("weights.legal", Intent.LEGAL, 0.49), Consequence.STOP)
    stopped = reaction(PROMISE, seen_by("weights.stop_contact", Intent.STOP_CONTACT, 0.6))
    assert [type(one) for one in stopped] == [TrackPromise, PlaceHold, AskPerson]


def test_weights_beside_a_rule_are_not_alone() -> None:
    two = seen_by("weights.dispute", Intent.DISPUTE, 0.9)
    both = replace(two, evidence=(*two.evidence, Evidence(start=0, end=5, text="words", rule="dispute.reason")))
    assert by_weights_alone(two)
    assert not by_weights_alone(both)
    assert not by_weights_alone(replace(two, evidence=()))
