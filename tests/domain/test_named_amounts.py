"""The amount that the text of a mail names, and everything in it that is none."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deals_app.domain.named_amounts import find_amount


@pytest.mark.parametrize(
    ("text", "value_minor", "currency", "words"),
    [
        ("a CRM for about 120 seats, budget around $45,000, by end of September", 4_500_000, "USD", "$45,000"),
        ("Budget : 75.000 € HT. Échéance 30.09.2026.", 7_500_000, "EUR", "75.000 €"),
        ("Grüße, Budget 12.500,00 €", 1_250_000, "EUR", "12.500,00 €"),
        ("300万円の予算で導入を検討しています。", 3_000_000, "JPY", "300万円"),
        ("Budget: 45k", 4_500_000, None, "45k"),
        ("our budget is 45000", 4_500_000, None, "45000"),
        ("budget of 2 million dollars", 200_000_000, "USD", "2 million dollars"),
        ("about 1,5 Mio. EUR", 150_000_000, "EUR", "1,5 Mio. EUR"),
        ("it costs CHF 12'000.-- in total", 1_200_000, "CHF", "CHF 12'000.--"),
        ("R$ 5.000,00", 500_000, "BRL", "R$ 5.000,00"),
        ("500 employees, and 45 000 € to spend", 4_500_000, "EUR", "45 000 €"),
        ("Setup is $500, the licence $45,000", 4_500_000, "USD", "$45,000"),
        ("We lost $90,000 last year. Budget: $20,000", 2_000_000, "USD", "$20,000"),
        ("budget: 40-50k EUR", 5_000_000, "EUR", "50k EUR"),
        ("between $40,000 and $50,000", 5_000_000, "USD", "$50,000"),
    ],
)
def test_it_finds_the_amount(text: str, value_minor: int, currency: str | None, words: str) -> None:
    found = find_amount(text, "USD")
    assert found is not None
    assert (found.value_minor, found.currency, found.words) == (value_minor, currency, words)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "We are looking for...",
        "$20 per user for 100 seats",
        "about 3.500 €/Monat",
        "call +1 555 010 9999",
        "Budget? Call +1 555 010 9999",
        "budget in 2026",
        "our budget grew 50% over 3 years",
        "budget for 120 seats",
        "invoice 2026-01-15",
        "tracking 1Z999AA10123456784",
        "order 4711, 50% off all",
        "> our budget is $99,999",
        "10.000 kr",
        "$0",
        "free: 0 EUR",
        "EUR 99999999999999999999",
        "version 12.500,00.3 €",
    ],
)
def test_it_finds_none_where_none_is(text: str) -> None:
    assert find_amount(text, "USD") is None


def test_a_shared_sign_means_our_own_currency() -> None:
    australian, swedish = find_amount("budget $5,000", "AUD"), find_amount("10.000 kr", "SEK")
    assert australian is not None
    assert swedish is not None
    assert (australian.currency, swedish.currency, swedish.value_minor) == ("AUD", "SEK", 1_000_000)


def test_three_decimals_stay_where_a_currency_has_them() -> None:
    found = find_amount("KWD 12.500", "USD")
    assert found is not None
    assert found.value_minor == 12_500


@given(st.text(), st.sampled_from(["USD", "JPY", "KWD"]))
def test_it_never_raises(text: str, currency: str) -> None:
    found = find_amount(f"budget {text} EUR 5", currency)
    assert found is None or found.value_minor > 0


@pytest.mark.parametrize(
    "piece", ["1", "1.000", "USD ", "budget 1\n", "$ ", "1 000 ", "budget $1 k ", "1,", "$1 ", "€"]
)
def test_no_text_takes_long(piece: str) -> None:
    started = time.process_time()
    find_amount(piece * (200_000 // len(piece)), "USD")
    assert time.process_time() - started < 5
