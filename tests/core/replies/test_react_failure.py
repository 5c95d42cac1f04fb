"""Who is to blame for a mail that came back decides what follows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailer.domain.actions import AlertSetup, AskPerson, MarkUndelivered, PlaceHold, ReplyAction, SuppressAddress
from mailer.domain.agreement import HoldKind
from mailer.domain.reading import FailureCause, MailKind, MatchMethod, Reading
from mailer.replies.react_failure import MAX_SOFT
from tests.core.replies.test_react import UNKNOWN, bounced, kinds, matched, reaction


def failed(cause: FailureCause, *, delayed: bool = False, address: str = "ap@alder.example") -> Reading:
    kind = MailKind.BOUNCE_HARD if cause is FailureCause.ADDRESS and not delayed else MailKind.BOUNCE_SOFT
    words = "delayed: 5.7.1: blocked" if delayed else "5.7.1: blocked"
    return replace(bounced(kind, address, words), failure_cause=cause, is_delayed=delayed)


@pytest.mark.parametrize(
    ("cause", "delayed", "actions"),
    [
        (FailureCause.SETUP, False, [AlertSetup, MarkUndelivered]),
        (FailureCause.SETUP, True, [AlertSetup]),
        (FailureCause.PASSING, False, [MarkUndelivered]),
        (FailureCause.PASSING, True, []),
        (FailureCause.UNCLEAR, False, [MarkUndelivered, AskPerson]),
        (FailureCause.ADDRESS, True, []),
        (FailureCause.ADDRESS, False, [SuppressAddress, PlaceHold, MarkUndelivered, AskPerson]),
    ],
)
def test_only_a_dead_address_is_blamed(
    cause: FailureCause,
    delayed: bool,  # noqa: FBT001 - a table's column
    actions: list[type[ReplyAction]],
) -> None:
    assert kinds(reaction(failed(cause, delayed=delayed), matched(UNKNOWN))) == actions


@pytest.mark.parametrize("cause", [FailureCause.SETUP, FailureCause.UNCLEAR])
def test_what_is_about_us_never_counts_against_the_contact(cause: FailureCause) -> None:
    actions = reaction(failed(cause), matched(UNKNOWN), soft_bounces=50)
    assert not [one for one in actions if isinstance(one, SuppressAddress | PlaceHold)]


def test_the_third_passing_failure_in_a_month_is_a_matter_for_a_person() -> None:
    for earlier in range(MAX_SOFT - 1):
        assert kinds(reaction(failed(FailureCause.PASSING), matched(), soft_bounces=earlier)) == [MarkUndelivered]
    actions = reaction(failed(FailureCause.PASSING), matched(), soft_bounces=MAX_SOFT - 1)
    assert kinds(actions) == [MarkUndelivered, PlaceHold, AskPerson]
    assert [one.kind for one in actions if isinstance(one, PlaceHold)] == [HoldKind.BOUNCE]


@pytest.mark.parametrize("kind", [MailKind.BOUNCE_HARD, MailKind.COMPLAINT])
def test_a_report_without_our_id_holds_but_silences_no_address(kind: MailKind) -> None:
    """Anybody can write that an address is dead."""
    actions = reaction(bounced(kind), matched(UNKNOWN, MatchMethod.FAILED_ADDRESS))
    assert SuppressAddress not in kinds(actions)
    assert {PlaceHold, AskPerson} <= set(kinds(actions))


def test_a_dead_archive_is_our_own_affair() -> None:
    reading = failed(FailureCause.ADDRESS, address="Archive@seller.example")
    actions = reaction(reading, matched(UNKNOWN), copies_to="archive@seller.example")
    assert kinds(actions) == [AlertSetup]
