"""Dates as written, whatever the zone, and one order for one file."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deals_app.domain.dates import DateError, DateOrder, guess_order, open_date, parse_date


@pytest.mark.parametrize(
    "text",
    [
        "2026-06-01",
        "2026-6-1",
        "2026-06-01 00:00",
        "2026-06-01T23:30:00-08:00",
        "2026-06-01T09:09:33.000+0000",
        "2026-06-01T23:30:00Z",
        "01.06.2026",
        "1. 6. 2026",
        "20260601",
        "46174",
        "46174.75",
        "1780272000000",
        " 2026/06/01 ",
        "２０２６-06-01",
    ],
)
def test_it_reads_the_date_as_written(text: str) -> None:
    assert parse_date(text, order="mdy") == parse_date(text, order="dmy") == date(2026, 6, 1)


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("03/04/2026", "mdy", date(2026, 3, 4)),
        ("03/04/2026", "ymd", date(2026, 3, 4)),
        ("03/04/2026", "dmy", date(2026, 4, 3)),
        ("3-4-2026", "dmy", date(2026, 4, 3)),
        ("03.04.2026", "mdy", date(2026, 4, 3)),
        ("3/1/2017 5:30 PM", "mdy", date(2017, 3, 1)),
    ],
)
def test_it_reads_slashes_in_the_order_of_the_file(text: str, order: DateOrder, expected: date) -> None:
    assert parse_date(text, order=order) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2026-02-30", "not a day in the calendar"),
        ("31/12/2026", "read as month/day/year"),
        ("20206-06-01", "not a date"),
        ("1899-12-31", "outside the years"),
        ("2201-01-01", "outside the years"),
        ("3/1/17", "two digits"),
        ("19999", "not a date"),
        ("80001", "not a date"),
        ("", "not a date"),
        ("soon", "not a date"),
        ("0000-00-00", "outside the years"),
    ],
)
def test_it_says_what_is_wrong_and_what_would_be_right(text: str, says: str) -> None:
    with pytest.raises(DateError, match=says) as refusal:
        parse_date(text, order="mdy")
    assert f"“{text}”" in str(refusal.value)
    assert "2026-06-01" in str(refusal.value)


@pytest.mark.parametrize(
    ("values", "order"),
    [
        (["3/1/2017", "10/20/2016"], "mdy"),
        (["3/1/2017", "20/10/2016"], "dmy"),
        (["3/1/2017", "4/2/2017", "", "soon"], None),
        (["20/10/2016", "10/20/2016"], None),
        (["20.10.2016", "2016-10-20"], None),
    ],
)
def test_it_guesses_the_order_of_a_file_from_numbers_above_twelve(values: list[str], order: str | None) -> None:
    assert guess_order(values) == order


@given(st.dates(date(1900, 1, 1), date(2200, 12, 31)))
def test_it_reads_back_every_iso_date(day: date) -> None:
    assert parse_date(day.isoformat(), order="mdy") == day


@given(st.text(alphabet="0123456789-/.: TZ", max_size=20))
def test_it_answers_any_text_with_a_date_or_a_sentence(text: str) -> None:
    try:
        answer: object = parse_date(text, order="dmy")
    except DateError as error:
        answer = str(error)
    assert answer


@pytest.mark.parametrize(
    "text",
    [
        "1 June 2026",
        "June 1, 2026",
        "Jun. 1st, 2026 10:30 AM",
        "Mon, 1st of June 2026",
        "01-Jun-2026",
        "2026-Jun-01",
        "1. Juni 2026",
        "1er JUIN 2026",
        "1 de junio del 2026",
        "1 de junho de 2026",
    ],
)
def test_it_reads_names_of_months(text: str) -> None:
    assert parse_date(text, order="mdy") == parse_date(text, order="dmy") == date(2026, 6, 1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1 Foo 2026", "is not a date"),
        ("30 février 2026", "is not a day in the calendar"),
        ("1-jun-26", "two digits"),
        ("June 2026", "is not a date"),
        ("June 1 June 2026", "is not a date"),
    ],
)
def test_it_refuses_names_that_make_no_date(text: str, says: str) -> None:
    with pytest.raises(DateError, match=says):
        parse_date(text, order="mdy")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["2026-01-02", "03/04/2026", "05/06/2026"], "03/04/2026"),
        (["03/04/2026", "25/04/2026"], None),
        (["13/04/2026", "04/13/2026", "03/04/2026"], "03/04/2026"),
        (["03/03/2026", "03.04.2026", "1 June 2026", ""], None),
    ],
)
def test_it_names_a_date_that_reads_both_ways(values: list[str], expected: str | None) -> None:
    assert open_date(values) == expected
