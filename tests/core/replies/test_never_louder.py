"""Law 4: nothing a mail says makes us louder, whatever was read and however it was matched."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mailer.domain.actions import EndReplyHold, MarkUndelivered, PlaceHold, SuppressAddress, TrackPromise
from mailer.domain.agreement import HoldKind
from mailer.domain.reading import FailureCause, Finding, Intent, MailKind, Match, MatchMethod, Reading, SenderStanding
from mailer.replies.react import react
from mailer.replies.said import add_business_days
from tests.core.replies.mails import ALDER, INV_1, INV_2, OUTBOX, WEDNESDAY

days = st.integers(-400, 400).map(lambda n: WEDNESDAY + timedelta(days=n))
findings = st.builds(
    Finding,
    intent=st.sampled_from(Intent),
    confidence=st.floats(0, 1),
    evidence=st.just(()),
    on=st.none() | days,
    date_kind=st.sampled_from(["exact", "by", "approx", None]),
    condition=st.none() | st.just("once it rains"),
    reason=st.none() | st.just("damaged"),
)
readings = st.builds(
    Reading,
    kind=st.sampled_from(MailKind),
    language=st.just("en"),
    own=st.just("words"),
    findings=st.lists(findings, max_size=4).map(tuple),
    return_on=st.none() | days,
    delegate=st.none() | st.just("ann@alder.example"),
    failed_address=st.sampled_from(["", "ap@alder.example", "else@alder.example"]),
    failure=st.sampled_from(["", "5.1.1: no such address", "delayed: 4.4.1"]),
    failure_cause=st.none() | st.sampled_from(FailureCause),
    is_delayed=st.booleans(),
)
matches = st.builds(
    Match,
    customer_id=st.none() | st.just(ALDER),
    invoice_ids=st.sampled_from([(), (INV_1,), (INV_1, INV_2)]),
    method=st.sampled_from(MatchMethod),
    confidence=st.floats(0, 1),
    sender=st.sampled_from(SenderStanding),
    outbox_id=st.none() | st.just(OUTBOX),
)


@given(readings, matches, st.booleans(), st.sampled_from(["", "ap@alder.example"]), st.integers(0, 5))
def test_no_reaction_is_louder_than_silence(
    reading: Reading,
    match: Match,
    lapsed: bool,  # noqa: FBT001 - drawn by hypothesis
    address: str,
    grace: int,
) -> None:
    actions = react(
        reading,
        match,
        received_on=WEDNESDAY,
        pauses_until=lambda day: add_business_days(day, grace),
        business_days_after=add_business_days,
        hold_lapsed_recently=lapsed,
        sent_to=address,
        sender=address,
    )
    pauses = [
        (one.invoice_ids, one.pauses_until_on if isinstance(one, TrackPromise) else one.until_on or date.max)
        for one in actions
        if isinstance(one, TrackPromise | PlaceHold)
    ]
    for action in actions:
        if isinstance(action, EndReplyHold):  # the only release: something else must cover what it covered
            covered = [until for ids, until in pauses if not ids or set(match.invoice_ids) <= set(ids)]
            assert covered
            assert max(covered) >= WEDNESDAY
        if isinstance(action, TrackPromise):
            assert match.sender is SenderStanding.KNOWN
            assert action.pauses_until_on >= action.due_on >= WEDNESDAY
            assert action.due_on <= WEDNESDAY + timedelta(days=90)
        if isinstance(action, PlaceHold) and action.kind is HoldKind.OUT_OF_OFFICE:
            assert action.until_on is not None
            assert WEDNESDAY < action.until_on <= WEDNESDAY + timedelta(days=30)
        if isinstance(action, SuppressAddress | MarkUndelivered):
            assert match.customer_id is not None
    if match.sender is SenderStanding.UNKNOWN and reading.kind is MailKind.HUMAN:
        assert pauses == []
