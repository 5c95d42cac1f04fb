"""Closed vocabularies, and values that are not shared by accident."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest

from mailer.domain.event import Event
from mailer.domain.ids import EventId
from mailer.domain.reading import DISPUTE_REASONS, Finding, Intent, Match, MatchMethod, Reading


def event() -> Event:
    return Event(id=EventId("evt_1"), type="mail.accepted", at=datetime(2026, 3, 2, tzinfo=UTC), actor="system:drain")


def test_events_do_not_share_their_payload() -> None:
    first, second = event(), event()
    first.payload["name"] = "Ada"
    assert second.payload == {}


def test_dispute_reasons_are_distinct_and_have_a_last_resort() -> None:
    assert len(set(DISPUTE_REASONS)) == len(DISPUTE_REASONS)
    assert DISPUTE_REASONS[-1] == "other"


def test_a_token_proves_more_than_a_domain() -> None:
    order = list(MatchMethod)
    assert order.index(MatchMethod.REPLY_TOKEN) < order.index(MatchMethod.SENDER) < order.index(MatchMethod.DOMAIN)
    assert order[-1] is MatchMethod.NONE


@pytest.mark.parametrize("kind", [Event, Finding, Reading, Match])
def test_words_of_the_record_cannot_be_changed_afterwards(kind: type) -> None:
    parameters = kind.__dataclass_params__  # type: ignore[attr-defined]
    assert parameters.frozen
    assert hasattr(kind, "__slots__")
    assert all(field.kw_only for field in dataclasses.fields(kind))


def test_intents_are_named_as_they_are_stored() -> None:
    assert [intent.value for intent in Intent] == [intent.name.lower() for intent in Intent]
