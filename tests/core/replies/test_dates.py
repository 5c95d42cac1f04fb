from __future__ import annotations

from datetime import date

import pytest

from mailer.replies.dates import DateFound, find_dates
from mailer.replies.resolvers import RESOLVERS
from mailer.replies.said import Said, month_end
from tests.core.replies.mails import PHRASES, WEDNESDAY


def dates(text: str, *, language: str = "en", country: str = "GB", anchor: date = WEDNESDAY) -> tuple[DateFound, ...]:
    return find_dates(text, anchor=anchor, country=country, language=PHRASES.languages[language])


@pytest.mark.parametrize(
    ("text", "on", "kind"),
    [
        ("on Friday 4 December", "2026-12-04", "exact"),
        ("on 4 December 2026", "2026-12-04", "exact"),
        ("on the 4th of December", "2026-12-04", "exact"),
        ("on December 4th, 2026", "2026-12-04", "exact"),
        ("on 04-Dec-2026", "2026-12-04", "exact"),
        ("on 2026-12-04", "2026-12-04", "exact"),
        ("on 04/12/2026", "2026-12-04", "exact"),
        ("on 4.12.", "2026-12-04", "exact"),
        ("by the 15th", "2026-12-15", "by"),
        ("on the 20th", "2026-11-20", "exact"),
        ("on Friday", "2026-11-20", "exact"),
        ("by Friday", "2026-11-20", "by"),
        ("next Friday", "2026-11-27", "approx"),
        ("Friday next week", "2026-11-27", "exact"),
        ("Monday week", "2026-11-30", "exact"),
        ("tomorrow", "2026-11-19", "exact"),
        ("today", "2026-11-18", "exact"),
        ("the day after tomorrow", "2026-11-20", "exact"),
        ("end of the month", "2026-11-30", "by"),
        ("EOM", "2026-11-30", "by"),
        ("month end", "2026-11-30", "by"),
        ("end of next month", "2026-12-31", "by"),
        ("the end of February", "2027-02-28", "by"),
        ("within 10 days", "2026-11-28", "by"),
        ("in 5 business days", "2026-11-25", "by"),
        ("in two weeks", "2026-12-02", "by"),
        ("in three months", "2027-02-18", "by"),
        ("within a fortnight", "2026-12-02", "by"),
        ("next week", "2026-11-27", "approx"),
        ("this week", "2026-11-20", "approx"),
        ("mid December", "2026-12-15", "approx"),
        ("early December", "2026-12-05", "approx"),
        ("week 50", "2026-12-11", "approx"),
        ("w/c 30 November", "2026-12-04", "approx"),
        ("end of the year", "2026-12-31", "by"),
        ("on 10 January", "2027-01-10", "exact"),
    ],
)
def test_english_dates(text: str, on: str, kind: str) -> None:
    assert [(one.on.isoformat(), one.kind) for one in dates(text)] == [(on, kind)]


@pytest.mark.parametrize(
    ("text", "on", "kind"),
    [
        ("am Freitag, den 4. Dezember", "2026-12-04", "exact"),
        ("am 4.12.2026", "2026-12-04", "exact"),
        ("am 4.12.", "2026-12-04", "exact"),
        ("am 15.", "2026-12-15", "exact"),
        ("bis zum 15.", "2026-12-15", "by"),
        ("bis 30.11.", "2026-11-30", "by"),
        ("bis Freitag", "2026-11-20", "by"),
        ("am Freitag", "2026-11-20", "exact"),
        ("nächsten Freitag", "2026-11-27", "approx"),
        ("kommenden Freitag", "2026-11-20", "exact"),
        ("morgen", "2026-11-19", "exact"),
        ("heute noch", "2026-11-18", "exact"),
        ("übermorgen", "2026-11-20", "exact"),
        ("Ende des Monats", "2026-11-30", "by"),
        ("zum Monatsende", "2026-11-30", "by"),
        ("Ende Dezember", "2026-12-31", "by"),
        ("Ultimo November", "2026-11-30", "by"),
        ("Mitte Dezember", "2026-12-15", "approx"),
        ("innerhalb von 10 Tagen", "2026-11-28", "by"),
        ("in 3 Werktagen", "2026-11-23", "by"),
        ("in zwei Wochen", "2026-12-02", "by"),
        ("nächste Woche", "2026-11-27", "approx"),
        ("KW 50", "2026-12-11", "approx"),
        ("in der 50. KW", "2026-12-11", "approx"),
        ("Montag in acht Tagen", "2026-11-30", "exact"),
        ("Freitag nächster Woche", "2026-11-27", "exact"),
        ("Jahresende", "2026-12-31", "by"),
    ],
)
def test_german_dates(text: str, on: str, kind: str) -> None:
    assert [(one.on.isoformat(), one.kind) for one in dates(text, language="de", country="DE")] == [(on, kind)]


@pytest.mark.parametrize(
    ("country", "text", "on"),
    [
        ("GB", "05/12", "2026-12-05"),
        ("US", "05/12", "2027-05-12"),
        ("US", "12/05/2026", "2026-12-05"),
        ("GB", "12/25", "2026-12-25"),  # no 25th month
        ("US", "25/12/26", "2026-12-25"),
    ],
)
def test_numbers_follow_the_order_of_the_senders_country(country: str, text: str, on: str) -> None:
    assert dates(text, country=country)[0].on.isoformat() == on


def test_two_readings_are_both_kept() -> None:
    assert [one.isoformat() for one in dates("11/12")[0].alternatives] == []  # 12 November has gone by
    assert [one.isoformat() for one in dates("12/01")[0].alternatives] == ["2026-12-01"]
    assert [one.isoformat() for one in dates("next Friday")[0].alternatives] == ["2026-11-20"]
    assert [one.isoformat() for one in dates("on Wednesday")[0].alternatives] == ["2026-11-18"]
    assert [one.isoformat() for one in dates("on Monday 4 December")[0].alternatives] == ["2026-11-23"]
    assert dates("on Friday 4 December")[0].alternatives == ()


@pytest.mark.parametrize(
    ("text", "past_on"),
    [
        ("on 12 November", "2026-11-12"),
        ("yesterday", "2026-11-17"),
        ("last Friday", "2026-11-13"),
        ("on Monday", "2026-11-16"),
        ("this morning", "2026-11-18"),
        ("two weeks ago", "2026-11-04"),
        ("3 months ago", "2026-08-20"),
        ("on the 3rd", "2026-11-03"),
        ("on 1 October 2026", "2026-10-01"),
    ],
)
def test_the_same_words_may_speak_of_the_past(text: str, past_on: str) -> None:
    found = dates(text)[0]
    assert found.past_on is not None
    assert found.past_on.isoformat() == past_on


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "invoice dated 5 December"),
        ("en", "our order of 5 December"),
        ("en", "it is due on 30 November"),
        ("de", "Ihre Rechnung vom 5.12."),
        ("de", "fällig am 30.11."),
    ],
)
def test_the_date_of_something_else_is_a_mention(language: str, text: str) -> None:
    assert [one.is_mention for one in dates(text, language=language)] == [True]


@pytest.mark.parametrize(
    "text",
    [
        "soon",
        "in the next run",
        "on 31 February",
        "10-12 days",
        "1.250,00",
        "the 2nd reminder",
        "it sat with the boss",
        "we may pay",
        "version 1.2.3.4",
        "and so do we",
        "week 99",
        "half 1/2 pallet of 45/90",
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert [one for one in dates(text) if one.text != "1/2"] == []


def test_the_longest_reading_wins() -> None:
    assert [one.text for one in dates("Friday 4 December 2026 and 11 December")] == [
        "Friday 4 December 2026",
        "11 December",
    ]


def test_a_weekend_letter_means_the_coming_week() -> None:
    saturday = date(2026, 11, 21)
    assert dates("this week", anchor=saturday)[0].on == date(2026, 11, 27)
    assert dates("next Friday", anchor=saturday)[0].on == date(2026, 11, 27)
    assert dates("in week 2", anchor=date(2026, 12, 30))[0].on == date(2027, 1, 15)
    assert dates("in week 53", anchor=date(2027, 2, 1)) == ()  # neither 2027 nor 2028 has one


@pytest.mark.parametrize("name", RESOLVERS)
def test_every_resolver_answers_or_refuses(name: str) -> None:
    said = Said(day=29, month=2, year=2027, weekday=0, week=60, n=1)
    resolved = RESOLVERS[name](said, date(2026, 12, 31))
    assert resolved is None or isinstance(resolved.on, date)


def test_month_ends_run_into_the_next_year() -> None:
    assert month_end(2026, 14) == date(2027, 2, 28)
    assert month_end(2028, 2) == date(2028, 2, 29)


def test_a_day_that_no_month_near_has_is_refused() -> None:
    assert RESOLVERS["day_of_month"](Said(day=40), WEDNESDAY) is None
    assert RESOLVERS["week_commencing"](Said(day=40, month=1), WEDNESDAY) is None
