"""A language model adds caution and nothing else: no opinion whatever makes anything louder."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.domain.actions import AskPerson, EndReplyHold, PlaceHold, ReplyAction, TrackPromise
from mailer.domain.agreement import HoldKind
from mailer.domain.reading import Finding, Intent, MailKind, Match, MatchMethod, Reading, SenderStanding
from mailer.replies.merging import Mode, merged
from mailer.replies.opinion import Opinion
from mailer.replies.react import react
from mailer.replies.said import add_business_days
from tests.core.replies.mails import ALDER, INV_1, WEDNESDAY

FRIDAY, DEADLINE = date(2026, 12, 4), date(2026, 11, 25)
MODES: tuple[Mode, ...] = ("shadow", "assist", "vote")


def finding(intent: Intent, on: date | None = None, confidence: float = 0.95) -> Finding:
    return Finding(intent=intent, confidence=confidence, evidence=(), on=on, date_kind="exact" if on else None)


PROMISE = finding(Intent.PROMISE, FRIDAY)


def reading(*findings: Finding, kind: MailKind = MailKind.HUMAN) -> Reading:
    return Reading(kind=kind, language="en", own="words", findings=findings)


def matched(sender: SenderStanding = SenderStanding.KNOWN) -> Match:
    return Match(customer_id=ALDER, invoice_ids=(INV_1,), method=MatchMethod.SENDER, confidence=0.9, sender=sender)


def rules(of: Reading, match: Match) -> tuple[ReplyAction, ...]:
    return react(
        of,
        match,
        received_on=WEDNESDAY,
        pauses_until=lambda day: add_business_days(day, 2),
        business_days_after=add_business_days,
        hold_lapsed_recently=False,
        sender="tom@alder.example",
    )


def heard(
    of: Reading, *model: Finding, mode: Mode = "vote", match: Match | None = None, **more: object
) -> tuple[ReplyAction, ...]:
    match = match or matched()
    opinion = Opinion(findings=model, **more)  # type: ignore[arg-type]
    return merged(rules(of, match), of, match, opinion, mode=mode, deadline=DEADLINE)


def why(actions: tuple[ReplyAction, ...]) -> str:
    return "; ".join(one.why for one in actions if isinstance(one, AskPerson))


def hold(*invoices: object) -> PlaceHold:
    reason = "a language model reads more in the reply than the rules do"
    return PlaceHold(invoice_ids=invoices, kind=HoldKind.REPLY, reason=reason, deadline_on=DEADLINE)  # type: ignore[arg-type]


def test_who_sees_the_same_changes_nothing() -> None:
    assert heard(reading(PROMISE), PROMISE, finding(Intent.ACKNOWLEDGEMENT)) == rules(reading(PROMISE), matched())


@pytest.mark.parametrize(
    ("model", "unclear", "words"),
    [
        ((PROMISE, finding(Intent.DISPUTE)), False, "reads: dispute"),
        ((PROMISE,), True, "finds it unclear"),
        ((), False, "sees no promise"),
        ((finding(Intent.PROMISE, date(2026, 12, 11)),), False, "another day"),
        ((finding(Intent.PROMISE),), False, "another day"),
        ((PROMISE, finding(Intent.PROMISE, date(2026, 12, 11))), False, "another day"),
    ],
)
def test_a_certain_promise_that_the_model_doubts_goes_to_a_person(
    model: tuple[Finding, ...], *, unclear: bool, words: str
) -> None:
    actions = heard(reading(PROMISE), *model, unclear=unclear)
    assert words in why(actions)
    assert actions[:-1] == (hold(INV_1),), "the hold of the reply stays, and no promise is kept"


@pytest.mark.parametrize("intent", [Intent.STOP_CONTACT, Intent.LEGAL, Intent.INSOLVENCY, Intent.WRONG_PARTY])
def test_what_concerns_the_whole_customer_holds_all_of_it(intent: Intent) -> None:
    assert hold() in heard(reading(finding(Intent.DELAY)), finding(intent))


def test_a_robots_mail_in_which_it_reads_more_is_held() -> None:
    robot = reading(kind=MailKind.TICKET_ACK)
    assert heard(robot, finding(Intent.ACKNOWLEDGEMENT), finding(Intent.UNRELATED)) == ()
    assert heard(robot, finding(Intent.DISPUTE))[:1] == (hold(INV_1),)


def test_a_stranger_gets_no_hold_by_it() -> None:
    actions = heard(reading(PROMISE), finding(Intent.LEGAL), match=matched(SenderStanding.UNKNOWN))
    assert [type(one) for one in actions] == [AskPerson, AskPerson]


def test_unclear_is_no_news_where_a_person_is_asked_anyway() -> None:
    delay = reading(finding(Intent.DELAY))
    assert heard(delay, unclear=True) == rules(delay, matched())


def test_assist_tells_where_a_person_is_asked_and_changes_nothing_else() -> None:
    delay = reading(finding(Intent.DELAY))
    actions = heard(delay, finding(Intent.LEGAL), mode="assist")
    assert actions[:-1] == rules(delay, matched())
    assert why(actions).endswith("a language model reads: legal")
    assert heard(reading(PROMISE), finding(Intent.LEGAL), mode="assist") == rules(reading(PROMISE), matched())


findings_ = st.lists(
    st.builds(
        finding,
        intent=st.sampled_from(Intent),
        on=st.sampled_from([None, FRIDAY, date(2026, 12, 11), WEDNESDAY]),
        confidence=st.floats(0, 1),
    ),
    max_size=4,
)


@given(
    of=st.builds(lambda found, kind: reading(*found, kind=kind), findings_, st.sampled_from(MailKind)),
    model=findings_,
    unclear=st.booleans(),
    problem=st.sampled_from(["", "late"]),
    mode=st.sampled_from(MODES),
    sender=st.sampled_from(SenderStanding),
)
def test_no_opinion_makes_anything_louder(
    of: Reading, model: list[Finding], *, unclear: bool, problem: str, mode: Mode, sender: SenderStanding
) -> None:
    match = matched(sender)
    alone = rules(of, match)
    opinion = Opinion(findings=tuple(model), unclear=unclear, problem=problem)
    actions = merged(alone, of, match, opinion, mode=mode, deadline=DEADLINE)
    added = [one for one in actions if one not in alone]
    gone = [one for one in alone if one not in actions]
    assert all(isinstance(one, AskPerson | PlaceHold) for one in added)
    assert all(one.until_on is None for one in added if isinstance(one, PlaceHold))
    assert all(isinstance(one, TrackPromise | EndReplyHold) for one in gone)
    if any(isinstance(one, TrackPromise) for one in gone):
        assert any(isinstance(one, PlaceHold) for one in added), "something quiet stands in its place"
        assert any(isinstance(one, AskPerson) for one in actions)
    if problem or mode == "shadow":
        assert actions == alone
