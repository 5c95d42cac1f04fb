"""The order of day and month: the file decides, or a person, never a guess."""

from __future__ import annotations

from datetime import date
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.imports.columns import Kind
from mailer.imports.dates import DateOrder, date_readings
from mailer.imports.inspection import inspect_file
from mailer.imports.reading import read_payments
from mailer.imports.refusals import AmbiguousDates
from mailer.imports.rows import PaymentRow, Problem

DMY, MDY, YMD = DateOrder.DMY, DateOrder.MDY, DateOrder.YMD


def payments(*dates: str) -> BytesIO:
    rows = [f"INV-{number},{text},10.00,EUR,r{number}" for number, text in enumerate(dates)]
    return BytesIO("\n".join(["invoice,paid_on,amount,currency,reference", *rows]).encode())


def days(*dates: str, order: DateOrder | None = None) -> list[str]:
    return [
        row.paid_on.isoformat() if isinstance(row, PaymentRow) else f"line {row.line}"
        for row in read_payments(payments(*dates), date_order=order)
    ]


@pytest.mark.parametrize(
    ("dates", "order", "expected"),
    [
        (["2026-05-06"], None, ["2026-05-06"]),
        (["25/12/2026", "05/06/2026"], DMY, ["2026-12-25", "2026-06-05"]),
        (["05/06/2026", "12/25/2026"], MDY, ["2026-05-06", "2026-12-25"]),
        (["5-6-2026", "25-6-2026"], DMY, ["2026-06-05", "2026-06-25"]),
        (["05.06.2026", "6.12.2026"], None, ["2026-06-05", "2026-12-06"]),
        (["2026/06/05", "2026.06.05"], None, ["2026-06-05", "2026-06-05"]),
        (["05/05/2026", "07/07/2026"], DMY, ["2026-05-05", "2026-07-07"]),
        (["31/01/26", "05/02/26", "01/02/2026"], DMY, ["2026-01-31", "2026-02-05", "2026-02-01"]),
        (
            ["05/06/2026", "25/06/2026", "2026-02-03", "01.02.2026"],
            DMY,
            ["2026-06-05", "2026-06-25", "2026-02-03", "2026-02-01"],
        ),
        (["26/13/12", "26/31/12"], None, ["line 2", "line 3"]),
    ],
)
def test_a_file_that_decides_its_dates_is_read_without_asking(
    dates: list[str], order: DateOrder | None, expected: list[str]
) -> None:
    assert inspect_file(payments(*dates), kind=Kind.PAYMENTS).date_order == order
    assert days(*dates) == expected


def test_the_inspection_says_which_date_decided() -> None:
    found = inspect_file(payments("05/06/2026", "25/12/2026"), kind=Kind.PAYMENTS)
    assert found.notes == ("Dates are read as day/month/year, because of '25/12/2026' on line 3.",)
    same = inspect_file(payments("05/05/2026"), kind=Kind.PAYMENTS)
    assert "means the same day" in same.notes[0]


@pytest.mark.parametrize(
    ("dates", "said"),
    [
        (["05/06/2026"], ["'05/06/2026' on line 2", "dmy reads it as 2026-06-05", "mdy reads it as 2026-05-06"]),
        (["05/05/2026", "1-2-2026"], ["'1-2-2026' on line 3", "--date-order dmy"]),
        (["25/12/26"], ["--date-order dmy reads it as 2026-12-25", "--date-order ymd reads it as 2025-12-26"]),
        (["25.12.26"], ["dmy reads it as 2026-12-25", "ymd reads it as 2025-12-26"]),
        (["01/02/03"], ["dmy reads it as 2003-02-01", "mdy reads it as 2003-01-02", "ymd reads it as 2001-02-03"]),
    ],
)
def test_an_ambiguous_file_is_refused_with_its_readings_and_the_flag(dates: list[str], said: list[str]) -> None:
    assert inspect_file(payments(*dates), kind=Kind.PAYMENTS).is_ambiguous
    with pytest.raises(AmbiguousDates) as refused:
        read_payments(payments(*dates))
    assert refused.value.flag == "--date-order"
    assert all(piece in str(refused.value) for piece in said), str(refused.value)


def test_dates_that_contradict_each_other_are_refused_and_named() -> None:
    with pytest.raises(AmbiguousDates, match=r"'12/25/2026' on line 3 cannot be dmy and '25/12/2026' on line 2"):
        read_payments(payments("25/12/2026", "12/25/2026", "01/02/2026"))


def test_a_given_order_is_obeyed_and_dates_that_do_not_fit_are_problems() -> None:
    assert days("05/06/2026", order=DMY) == ["2026-06-05"]
    assert days("05/06/2026", order=MDY) == ["2026-05-06"]
    assert days("26/06/05", order=YMD) == ["2026-06-05"]
    assert days("25/12/2026", "12/25/2026", "01/02/2026", order=DMY) == ["2026-12-25", "line 3", "2026-02-01"]
    (problem,) = read_payments(payments("12/25/2026"), date_order=DMY)
    assert isinstance(problem, Problem)
    assert (problem.column, problem.value) == ("paid_on", "12/25/2026")
    assert "day/month/year" in problem.reason


def test_dates_that_mean_one_day_in_any_order_survive_a_given_order() -> None:
    assert days("2026-05-06", "06.05.2026", "2026/05/06", order=MDY) == ["2026-05-06"] * 3


@pytest.mark.parametrize(
    "text",
    ["", "tomorrow", "2026-02-30", "31/02/2026", "2026-1", "1/2", "5/6/7", "05/06-2026", "0206-05-06", "05/06/202",
     "99/99/9999", "2026-05-06T10:00", "\u0662026-05-06", "123/05/2026", "45000", "2026-13-01", "1/123/2026",
     "005/06/2026"],
)  # fmt: skip
def test_what_is_no_date_is_a_problem_of_its_row_alone(text: str) -> None:
    assert days(text, "2026-05-06") == ["line 2", "2026-05-06"]


@given(st.dates(date(1980, 1, 1), date(2100, 12, 31)), st.sampled_from("/.-"))
def test_every_date_is_read_back_under_the_order_it_was_written_in(day: date, separator: str) -> None:
    written = {DMY: "%d{0}%m{0}%Y", MDY: "%m{0}%d{0}%Y", YMD: "%Y{0}%m{0}%d"}
    for order, pattern in written.items():
        text = day.strftime(pattern.format(separator))
        if order is MDY and separator == ".":
            continue
        assert date_readings(text).under(order) == day
        assert date_readings(text).under(None) in {day, None}
