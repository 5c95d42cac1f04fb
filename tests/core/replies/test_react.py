from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from mailer.domain.actions import (
    AskPerson,
    DraftDispute,
    EndReplyHold,
    MarkUndelivered,
    PlaceHold,
    ReplyAction,
    SuppressAddress,
    TrackPromise,
)
from mailer.domain.agreement import HoldKind
from mailer.domain.reading import Candidate, Finding, Intent, MailKind, Match, MatchMethod, Reading, SenderStanding
from mailer.replies.react import candidate_hold, first_hold, react
from mailer.replies.said import add_business_days
from tests.core.replies.mails import ALDER, BIRCH, INV_1, INV_2, OUTBOX, WEDNESDAY

FRIDAY = date(2026, 12, 4)
KNOWN, DOMAIN, UNKNOWN = SenderStanding.KNOWN, SenderStanding.DOMAIN, SenderStanding.UNKNOWN
IN_FIVE_DAYS = date(2026, 11, 25)


def matched(sender: SenderStanding = KNOWN, method: MatchMethod = MatchMethod.REPLY_TOKEN) -> Match:
    return Match(
        customer_id=ALDER, invoice_ids=(INV_1, INV_2), method=method, confidence=0.99, sender=sender, outbox_id=OUTBOX
    )


NOBODY = Match(customer_id=None, invoice_ids=(), method=MatchMethod.NONE, confidence=0.0, sender=UNKNOWN)


def said(*findings: Finding, kind: MailKind = MailKind.HUMAN, **more: object) -> Reading:
    return Reading(kind=kind, language="en", own="words", findings=findings, **more)  # type: ignore[arg-type]


def finding(intent: Intent, confidence: float = 0.95, **more: object) -> Finding:
    return Finding(intent=intent, confidence=confidence, evidence=(), **more)  # type: ignore[arg-type]


def promise(on: date = FRIDAY, confidence: float = 0.95, **more: object) -> Finding:
    return finding(Intent.PROMISE, confidence, on=on, **{"date_kind": "exact", **more})


def reaction(reading: Reading, match: Match, **more: object) -> tuple[ReplyAction, ...]:
    return react(
        reading,
        match,
        received_on=WEDNESDAY,
        pauses_until=lambda day: add_business_days(day, 2),
        business_days_after=add_business_days,
        **{"hold_lapsed_recently": False, "sent_to": "ap@alder.example", "sender": "Tom@alder.example", **more},  # type: ignore[arg-type]
    )


def kinds(actions: tuple[ReplyAction, ...]) -> list[type[ReplyAction]]:
    return [type(action) for action in actions]


def test_a_certain_promise_is_tracked_and_replaces_the_hold() -> None:
    actions = reaction(said(promise()), matched())
    assert kinds(actions) == [TrackPromise, EndReplyHold]
    assert actions[0] == TrackPromise(
        invoice_ids=(INV_1, INV_2), due_on=FRIDAY, pauses_until_on=date(2026, 12, 8), amount=None
    )


@pytest.mark.parametrize("beside", [(), (finding(Intent.ACKNOWLEDGEMENT),)])
@pytest.mark.parametrize("on", [WEDNESDAY, WEDNESDAY + timedelta(days=90)])
def test_today_and_ninety_days_are_still_a_promise(beside: tuple[Finding, ...], on: date) -> None:
    assert TrackPromise in kinds(reaction(said(promise(on), *beside), matched()))


@pytest.mark.parametrize(
    ("reading", "match"),
    [
        (said(promise(confidence=0.89)), matched()),
        (said(promise(date_kind="approx")), matched()),
        (said(promise(condition="once the goods are here")), matched()),
        (said(promise(WEDNESDAY - timedelta(days=1))), matched()),
        (said(promise(WEDNESDAY + timedelta(days=91))), matched()),
        (said(promise(), promise(FRIDAY + timedelta(days=1))), matched()),
        (said(promise(), finding(Intent.QUESTION)), matched()),
        (said(promise(), finding(Intent.HARDSHIP)), matched()),
        (said(promise()), matched(DOMAIN)),
        (said(finding(Intent.PROMISE)), matched()),
        (said(), matched()),
        (said(finding(Intent.DELAY)), matched()),
        (said(finding(Intent.ACKNOWLEDGEMENT)), matched()),
        (
            said(promise()),
            Match(customer_id=ALDER, invoice_ids=(), method=MatchMethod.SENDER, confidence=0.8, sender=KNOWN),
        ),
    ],
)
def test_anything_less_goes_to_a_person_while_the_hold_stays(reading: Reading, match: Match) -> None:
    assert kinds(reaction(reading, match)) == [AskPerson]


def test_a_dispute_is_drafted_and_the_hold_stays() -> None:
    actions = reaction(said(finding(Intent.DISPUTE, reason="damaged")), matched(DOMAIN))
    assert actions[0] == DraftDispute(invoice_ids=(INV_1, INV_2), reason="damaged")
    assert kinds(actions) == [DraftDispute, AskPerson]


def test_of_two_readings_the_quieter_counts() -> None:
    actions = reaction(said(promise(), finding(Intent.DISPUTE)), matched())
    assert kinds(actions) == [DraftDispute, AskPerson]
    paid_too = reaction(said(finding(Intent.ALREADY_PAID), finding(Intent.DISPUTE)), matched())
    assert kinds(paid_too) == [DraftDispute, AskPerson]


def test_a_dispute_of_nothing_open_is_a_question_for_a_person() -> None:
    nothing = Match(customer_id=ALDER, invoice_ids=(), method=MatchMethod.SENDER, confidence=0.8, sender=KNOWN)
    assert kinds(reaction(said(finding(Intent.DISPUTE)), nothing)) == [AskPerson]


def test_a_claim_of_payment_gets_its_own_hold() -> None:
    actions = reaction(said(finding(Intent.ALREADY_PAID, 0.6), finding(Intent.REMITTANCE)), matched())
    assert kinds(actions) == [PlaceHold, EndReplyHold, AskPerson]
    assert actions[0] == PlaceHold(
        invoice_ids=(INV_1, INV_2),
        kind=HoldKind.CLAIMED_PAID,
        reason="the customer says it is paid",
        deadline_on=IN_FIVE_DAYS,
    )


def test_a_claim_beside_something_else_leaves_the_first_hold() -> None:
    assert kinds(reaction(said(finding(Intent.ALREADY_PAID), promise()), matched())) == [PlaceHold, AskPerson]


@pytest.mark.parametrize("intent", [Intent.STOP_CONTACT, Intent.LEGAL, Intent.INSOLVENCY])
def test_what_stops_stops_the_whole_customer(intent: Intent) -> None:
    actions = reaction(said(finding(intent, 0.5), promise()), matched())
    assert isinstance(actions[0], PlaceHold)
    assert (actions[0].kind, actions[0].invoice_ids, actions[0].until_on) == (HoldKind.STOP, (), None)
    suppressed = [one.address for one in actions if isinstance(one, SuppressAddress)]
    assert suppressed == (["tom@alder.example"] if intent is Intent.STOP_CONTACT else [])
    assert TrackPromise not in kinds(actions)


def test_without_an_address_nothing_is_suppressed() -> None:
    assert SuppressAddress not in kinds(reaction(said(finding(Intent.STOP_CONTACT)), matched(), sender=""))


@pytest.mark.parametrize(
    "reading", [said(promise()), said(finding(Intent.STOP_CONTACT)), said(finding(Intent.DISPUTE))]
)
def test_a_stranger_only_reaches_a_person(reading: Reading) -> None:
    actions = reaction(reading, matched(UNKNOWN))
    assert actions == (AskPerson(why="written by somebody unknown to this account: it is held until you have read it"),)
    lapsed = reaction(reading, matched(UNKNOWN, MatchMethod.SENDER), hold_lapsed_recently=True)
    assert lapsed == (
        AskPerson(why="written by somebody unknown to this account: no further pause is placed until you have read it"),
    )


def test_mail_of_nobody_waits_for_a_person() -> None:
    assert kinds(reaction(said(promise()), NOBODY)) == [AskPerson]


@pytest.mark.parametrize("kind", [MailKind.OWN, MailKind.TICKET_ACK])
def test_robots_and_ourselves_change_nothing(kind: MailKind) -> None:
    assert reaction(said(kind=kind), matched()) == ()


@pytest.mark.parametrize(
    ("return_on", "sender", "until"),
    [
        (date(2026, 11, 30), KNOWN, date(2026, 11, 30)),
        (None, KNOWN, date(2026, 11, 23)),
        (date(2026, 11, 1), KNOWN, date(2026, 11, 23)),
        (date(2027, 6, 1), KNOWN, date(2026, 12, 18)),
        (date(2026, 12, 10), UNKNOWN, IN_FIVE_DAYS),
    ],
)
def test_an_absence_postpones_but_not_for_ever(return_on: date | None, sender: SenderStanding, until: date) -> None:
    actions = reaction(said(kind=MailKind.AUTO_REPLY, return_on=return_on), matched(sender))
    assert actions == (
        PlaceHold(invoice_ids=(INV_1, INV_2), kind=HoldKind.OUT_OF_OFFICE, reason="out of office", until_on=until),
    )


def test_an_absence_without_end_that_names_somebody_is_shown_to_a_person() -> None:
    gone = said(kind=MailKind.AUTO_REPLY, delegate="ann@alder.example")
    assert kinds(reaction(gone, matched())) == [PlaceHold, AskPerson]
    assert reaction(gone, NOBODY) == ()


def bounced(
    kind: MailKind = MailKind.BOUNCE_HARD, address: str = "AP@alder.example", failure: str = "5.1.1"
) -> Reading:
    return said(kind=kind, failed_address=address, failure=failure)


def test_a_dead_address_is_suppressed_and_the_customer_held() -> None:
    actions = reaction(bounced(), matched(UNKNOWN))
    assert actions[:3] == (
        SuppressAddress(address="ap@alder.example", reason="5.1.1"),
        PlaceHold(invoice_ids=(), kind=HoldKind.BOUNCE, reason="the address does not work", deadline_on=IN_FIVE_DAYS),
        MarkUndelivered(outbox_id=OUTBOX, hard=True, why="5.1.1", address="ap@alder.example"),
    )
    assert isinstance(actions[3], AskPerson)


@pytest.mark.parametrize(
    ("address", "sent_to"), [("other@alder.example", "ap@alder.example"), ("", "ap@alder.example"), ("ap@x", "")]
)
def test_another_address_is_not_blamed(address: str, sent_to: str) -> None:
    actions = reaction(bounced(address=address), matched(UNKNOWN), sent_to=sent_to)
    assert kinds(actions) == [PlaceHold, MarkUndelivered, AskPerson]


def test_a_passing_failure_is_marked_and_a_delay_is_not() -> None:
    assert kinds(reaction(bounced(MailKind.BOUNCE_SOFT), matched())) == [MarkUndelivered, AskPerson]
    delayed = replace(bounced(MailKind.BOUNCE_SOFT, failure="delayed: 4.4.1"), is_delayed=True)
    assert reaction(delayed, matched()) == ()


@pytest.mark.parametrize("kind", [MailKind.BOUNCE_HARD, MailKind.BOUNCE_SOFT, MailKind.COMPLAINT])
def test_a_report_about_no_message_of_ours_changes_nothing(kind: MailKind) -> None:
    assert kinds(reaction(bounced(kind), NOBODY)) == [AskPerson]


@pytest.mark.parametrize(("address", "stopped"), [("ap@alder.example", True), ("", True), ("x@alder.example", False)])
def test_a_complaint_stops_everything(address: str, stopped: bool) -> None:  # noqa: FBT001
    actions = reaction(bounced(MailKind.COMPLAINT, address), matched(UNKNOWN))
    assert (SuppressAddress in kinds(actions)) is stopped
    assert [one.kind for one in actions if isinstance(one, PlaceHold)] == [HoldKind.STOP]


@pytest.mark.parametrize(
    ("match", "kind", "until", "deadline"),
    [
        (matched(), HoldKind.REPLY, None, IN_FIVE_DAYS),
        (matched(DOMAIN, MatchMethod.DOMAIN), HoldKind.REPLY, None, IN_FIVE_DAYS),
        (matched(UNKNOWN), HoldKind.REPLY, None, IN_FIVE_DAYS),  # knows our token
        (matched(UNKNOWN, MatchMethod.PERSON), HoldKind.REPLY, None, IN_FIVE_DAYS),
        (matched(UNKNOWN, MatchMethod.SENDER), HoldKind.UNKNOWN_SENDER, IN_FIVE_DAYS, None),
    ],
)
def test_a_reply_holds_its_invoices_before_it_is_read(
    match: Match, kind: HoldKind, until: date | None, deadline: date | None
) -> None:
    hold = first_hold(match, received_on=WEDNESDAY, business_days_after=add_business_days)
    assert hold is not None
    assert (hold.kind, hold.invoice_ids, hold.until_on, hold.deadline_on) == (kind, (INV_1, INV_2), until, deadline)


def test_a_stranger_cannot_hold_again_and_again() -> None:
    stranger = matched(UNKNOWN, MatchMethod.SENDER)
    again = {"received_on": WEDNESDAY, "business_days_after": add_business_days, "hold_lapsed_recently": True}
    assert first_hold(stranger, **again) is None  # type: ignore[arg-type]
    assert first_hold(matched(), **again) is not None  # type: ignore[arg-type]
    assert first_hold(NOBODY, received_on=WEDNESDAY, business_days_after=add_business_days) is None


def candidates(*customers: str, method: MatchMethod = MatchMethod.INVOICE_NUMBER) -> Match:
    found = tuple(
        Candidate(
            customer_id=ALDER if c == "alder" else BIRCH, invoice_ids=(INV_1,), method=method, confidence=0.4, why=""
        )
        for c in customers
    )
    return Match(
        customer_id=None, invoice_ids=(), method=MatchMethod.NONE, confidence=0, sender=UNKNOWN, candidates=found
    )


def test_a_stranger_who_names_one_customers_invoice_holds_it_for_a_while() -> None:
    def held(match: Match, *, lapsed: bool = False) -> object:
        return candidate_hold(
            match, received_on=WEDNESDAY, business_days_after=add_business_days, hold_lapsed_recently=lapsed
        )

    assert held(candidates("alder")) == (
        ALDER,
        PlaceHold(
            invoice_ids=(INV_1,),
            kind=HoldKind.UNKNOWN_SENDER,
            reason="an unknown sender names these invoices",
            until_on=IN_FIVE_DAYS,
        ),
    )
    assert held(candidates("alder"), lapsed=True) is None
    assert held(candidates("alder", "birch")) is None
    assert held(candidates("alder", method=MatchMethod.SENDER)) is None
    assert held(matched()) is None
