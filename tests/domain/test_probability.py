"""Chances between 0 and 100, never a hundredth by accident."""

from __future__ import annotations

from decimal import Decimal

import pytest

from deals_app.domain.probability import parse_probability


@pytest.mark.parametrize(
    ("text", "expected"),
    [("60", "60"), ("60%", "60"), ("60,5 %", "60.5"), ("100.0", "100"), ("0", "0"), ("1", "1"), ("0.6%", "0.6")],
)
def test_it_reads_percentages(text: str, expected: str) -> None:
    assert parse_probability(text) == Decimal(expected)


@pytest.mark.parametrize("text", ["0.6", "101", "-1", "high", "", "33.333", "NaN", "1e2"])
def test_it_refuses_what_is_no_percentage_or_could_be_two(text: str) -> None:
    with pytest.raises(ValueError, match="“"):
        parse_probability(text)


def test_it_reads_shares_of_one_where_the_source_has_them() -> None:
    assert [parse_probability(text, of_one=True) for text in ("0.6", "1.0", "0", "60")] == [60, 100, 0, 60]
