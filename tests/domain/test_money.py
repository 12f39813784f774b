"""Money: exact in, exact out, and amounts read as people write them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deals_app.domain.decimal_marks import DecimalMark, guess_decimal_mark
from deals_app.domain.money import (
    CURRENCIES,
    MAX_MINOR,
    MoneyError,
    from_minor,
    parse_currency,
    parse_money,
    round_to_minor,
    to_minor,
)


@pytest.mark.parametrize(("currency", "digits"), [("USD", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("HUF", 2)])
def test_it_knows_the_minor_digits_of_currencies(currency: str, digits: int) -> None:
    assert CURRENCIES[currency] == digits


@given(st.integers(-MAX_MINOR, MAX_MINOR), st.sampled_from(sorted(CURRENCIES)))
def test_it_gives_back_every_amount_it_took(minor: int, currency: str) -> None:
    assert to_minor(from_minor(minor, currency), currency) == minor
    assert round_to_minor(from_minor(minor, currency), currency) == minor


@pytest.mark.parametrize(
    ("amount", "currency", "says"),
    [
        ("1.005", "USD", "at most 2 decimals"),
        ("1e-999999", "USD", "at most 2 decimals"),
        ("1e-99999999999", "USD", "at most 2 decimals"),
        ("0.5", "JPY", "no decimals"),
        ("1", "XXX", "ISO 4217"),
        ("1", "usd", "ISO 4217"),
        ("NaN", "USD", "finite"),
        ("-Infinity", "USD", "finite"),
        ("92233720368547758.08", "USD", "too large"),
        ("1E+999999999", "USD", "too large"),
    ],
)
def test_it_refuses_what_cannot_be_stored_exactly(amount: str, currency: str, says: str) -> None:
    with pytest.raises(MoneyError, match=says):
        to_minor(Decimal(amount), currency)


@pytest.mark.parametrize(
    ("amount", "minor"), [("1475.3000000000002", 147530), ("1.005", 101), ("-1.005", -101), ("2.675", 268)]
)
def test_it_rounds_float_noise_half_up_only_when_asked(amount: str, minor: int) -> None:
    assert round_to_minor(Decimal(amount), "USD") == minor


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("$1,054.00", "1054.00", "USD"),
        ("€ 1.054,50", "1054.50", "EUR"),
        ("CHF 1'054.50", "1054.50", "CHF"),
        ("CHF 1\u2019054.50", "1054.50", "CHF"),
        ("₹4,50,000", "450000", "INR"),
        ("45k", "45000", None),
        ("1.2k", "1200", None),
        ("1.2m", "1200000", None),
        ("5k EUR", "5000", "EUR"),
        ("(500.00)", "-500.00", None),
        ("$(500)", "-500", "USD"),
        ("-500", "-500", None),
        ("$-500", "-500", "USD"),
        ("500-", "-500", None),
        ("\u2212500", "-500", None),
        ("100,- €", "100", "EUR"),
        ("1\u00a0054,00", "1054.00", None),
        ("1\u202f054\u202f000,5", "1054000.5", None),
        ("1.2E+05", "120000", None),
        ("\uff11\uff12\uff13\uff14", "1234", None),
        ("1.054.000", "1054000", None),
        ("1475.3000000000002", "1475.3000000000002", None),
        ("0.123", "0.123", None),
        ("1234,567", "1234.567", None),
        ("12,5", "12.5", None),
        (".5", "0.5", None),
        ("120 EUR", "120", "EUR"),
        ("$100 CAD", "100", "CAD"),
        ("5 Kč", "5", "CZK"),
        ("0", "0", None),
    ],
)
def test_it_reads_amounts_as_people_write_them(text: str, amount: str, currency: str | None) -> None:
    parsed = parse_money(text)

    assert (parsed.amount, parsed.currency, parsed.ambiguous) == (Decimal(amount), currency, False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "TBD",
        "NaN",
        "Infinity",
        "inf",
        "1e309",
        "--5",
        "(-5)",
        "1,2,3",
        "1 2",
        "1..2",
        "1,.2",
        ".",
        "$",
        "5%",
        "10²",
        "½",
        "12/2",
        "0x10",
        "1 million",
        "9" * 70,
        "-",
        "(500",
        "1 EUR 2",
        "٣",
        "1 EUR USD",
        "€100 USD",
    ],
)
def test_it_refuses_what_is_not_one_amount(text: str) -> None:
    with pytest.raises(MoneyError, match="“"):
        parse_money(text)


@pytest.mark.parametrize(
    ("text", "mark", "amount", "ambiguous"),
    [
        ("1.234", None, "1.234", True),
        ("1.234", ".", "1.234", False),
        ("1.234", ",", "1234", False),
        ("1,234", None, "1234", False),
        ("1,234", ".", "1234", False),
        ("1,234", ",", "1.234", False),
    ],
)
def test_it_lets_the_file_decide_about_one_mark_before_three_digits(
    text: str, mark: DecimalMark | None, amount: str, *, ambiguous: bool
) -> None:
    parsed = parse_money(text, decimal_mark=mark)

    assert (parsed.amount, parsed.ambiguous) == (Decimal(amount), ambiguous)


def test_it_takes_a_shared_sign_for_the_readers_own_currency() -> None:
    assert parse_money("$5", base_currency="AUD").currency == "AUD"
    assert parse_money("$5", base_currency="EUR").currency == "USD"
    assert parse_money("5 kr", base_currency="NOK").currency == "NOK"
    with pytest.raises(MoneyError, match="leaves the currency open"):
        parse_money("5 kr")


def test_it_reads_currencies_by_code_and_sign() -> None:
    assert [parse_currency(text) for text in ("eur", " EUR ", "€", "$")] == ["EUR", "EUR", "EUR", "USD"]
    for text in ("kr", "XXX", "Euros and cents"):
        with pytest.raises(MoneyError, match="ISO 4217"):
            parse_currency(text)


@pytest.mark.parametrize(
    ("texts", "mark"),
    [
        (["1054.0", "588"], "."),
        (["1\u00a0054,00"], ","),
        (["1.054,50"], ","),
        (["1.054.000"], ","),
        (["1.234", "1,234", "500", ""], None),
        (["$1,054.00", "€ 1.054,50"], None),
    ],
)
def test_it_guesses_the_decimal_mark_of_a_file(texts: list[str], mark: str | None) -> None:
    assert guess_decimal_mark(texts) == mark


@given(st.text(max_size=30))
def test_it_answers_any_text_with_an_amount_or_a_sentence(text: str) -> None:
    try:
        answer: object = parse_money(text).amount.is_finite()
    except MoneyError as error:
        answer = str(error)
    assert answer
