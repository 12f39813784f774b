"""Sizes as forms write them, and what a deal may be worth by them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deals_app.domain.company_sizes import DEFAULT_VALUES, company_size, estimated_value


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("51-200", (51, 200)),
        ("51–200", (51, 200)),
        ("51 to 200", (51, 200)),
        ("51 - 200 employees", (51, 200)),
        ("200+", (201, None)),
        ("more than 200", (201, None)),
        ("5,000", (5000, 5000)),
        ("1.001-5.000", (1001, 5000)),
        ("1k-5k", (1000, 5000)),
        ("< 50", (1, 50)),
        ("1000+", (1001, None)),
        ("120", (120, 120)),
        ("big", None),
        ("", None),
        ("200-51", None),
        ("1-2-3", None),
    ],
)
def test_it_reads_a_size(text: str, size: tuple[int, int | None] | None) -> None:
    assert company_size(text) == size


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((size, value) for size, value in DEFAULT_VALUES.items()),
        ("51 to 200", 50_000),
        ("120", 50_000),
        ("1000", 200_000),
        ("200+", 100_000),
        ("5,000", 500_000),
        ("under 10", 5_000),
        ("0", None),
        ("many", None),
    ],
)
def test_it_estimates_by_the_usual_table(text: str, value: int | None) -> None:
    assert estimated_value(text) == value


def test_a_form_has_its_own_table() -> None:
    table = {"1 – 50": "750.50", "51+": 9000}
    assert estimated_value("20", table) == Decimal("750.50")
    assert estimated_value("51-200", table) is None
    assert estimated_value("52", table) == 9000


@pytest.mark.parametrize(
    "table", [{"1-10": "much"}, {"1-10": -1}, {"1-10": True}, {"1-10": "NaN"}, {"x": 1}, {"1-10": None}]
)
def test_a_row_that_cannot_be_read_counts_for_nothing(table: dict[str, object]) -> None:
    assert estimated_value("5", table) is None


@pytest.mark.parametrize("table", [None, [], "1-10", {}, 7])
def test_what_is_no_table_leaves_the_usual_one(table: object) -> None:
    assert estimated_value("5", table) == 5_000


@given(st.text())
def test_it_never_raises(text: str) -> None:
    value = estimated_value(text)
    assert value is None or value in DEFAULT_VALUES.values()
