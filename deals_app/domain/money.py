"""Money: exact conversion to whole minor units, and the reading of amounts as people write them. Never a float."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, Inexact
from typing import Final

from deals_app.domain.currencies import CURRENCIES, SIGNS
from deals_app.domain.decimal_marks import DecimalMark, plain_number

__all__ = [
    "CURRENCIES",
    "MAX_MINOR",
    "DecimalMark",
    "MoneyError",
    "ParsedMoney",
    "from_minor",
    "minor_digits",
    "parse_currency",
    "parse_money",
    "round_to_minor",
    "to_minor",
]

# What a PostgreSQL BIGINT holds.
MAX_MINOR: Final = 2**63 - 1

_EXACT = Context(prec=60, traps=[Inexact])
_HALF_UP = Context(prec=60, rounding=ROUND_HALF_UP)
_LARGEST = {digits: Decimal(MAX_MINOR).scaleb(-digits) for digits in set(CURRENCIES.values())}


class MoneyError(ValueError):
    """An amount or currency that cannot be taken; the message is a sentence for people."""


def minor_digits(currency: str) -> int:
    """How many decimals the currency has (2 for USD, 0 for JPY). Raises MoneyError for a code that is not ISO 4217."""
    try:
        return CURRENCIES[currency]
    except KeyError:
        message = f"“{currency[:20]}” is not a currency; use an ISO 4217 code such as USD or EUR"
        raise MoneyError(message) from None


def to_minor(amount: Decimal, currency: str) -> int:
    """An amount in major units as minor units, exactly: 10.50 USD is 1050. Negative amounts are converted too.

    Raises MoneyError for more decimals than the currency has, an unknown currency, NaN, infinity, or an amount too
    large to be stored.
    """
    digits = minor_digits(currency)
    _refuse_unstorable(amount, digits)
    try:
        return int(_EXACT.to_integral_exact(_EXACT.scaleb(amount, digits)))
    except Inexact:
        allowed = f"at most {digits} decimals" if digits else "no decimals"
        message = f"an amount in {currency} has {allowed}"
        raise MoneyError(message) from None


def round_to_minor(amount: Decimal, currency: str) -> int:
    """Like `to_minor`, but surplus decimals are rounded half up (away from zero).

    Only for what people and spreadsheets write, where 1475.3000000000002 is float noise; an API gets `to_minor`.
    """
    digits = minor_digits(currency)
    _refuse_unstorable(amount, digits)
    return int(_HALF_UP.to_integral_value(_HALF_UP.scaleb(amount, digits)))


def from_minor(value: int, currency: str) -> Decimal:
    """Minor units as major units with all the currency's decimals: 1050 USD is Decimal("10.50")."""
    return Decimal(value).scaleb(-minor_digits(currency))


def _refuse_unstorable(amount: Decimal, digits: int) -> None:
    if not amount.is_finite():
        message = "the amount must be a finite number"
        raise MoneyError(message)
    # Before any integer is made of it: 1E+999999999 has that many digits, and is too much even for abs().
    if amount.copy_abs() > _LARGEST[digits]:
        message = "the amount is too large to be stored"
        raise MoneyError(message)


@dataclass(frozen=True)
class ParsedMoney:
    """An amount in major units as it was written, sign included; `currency` None when the text named none.

    `ambiguous` says that the text could mean a thousand times as much: one dot before exactly three digits, and
    nobody said which decimal mark the file uses. `amount` is then the reading with the dot as decimal mark.
    """

    amount: Decimal
    currency: str | None
    ambiguous: bool = False


# Longer than any amount; keeps a pasted page from being searched.
_MAX_LENGTH = 60
# A "mil" is a thousand in Spanish and Portuguese and a million in English, a German "Billion" a thousand of ours: no
# word that means two things is read.
_MULTIPLES = {"": 0, "k": 3, "tsd": 3, "m": 6, "mn": 6, "mio": 6, "b": 9, "bn": 9, "mrd": 9}
_MONEY = re.compile(
    r"""
    (?P<minus>-?) \s* (?P<before>[^\d\s.,'+-][^\d\s,'+-]{0,5})? \s* (?P<inner_minus>[+-]?) \s*
    (?P<number>[0-9.,][0-9.,'_ ]*?)
    (?P<exponent>e[+-]?[0-9]{1,3})? \s*
    (?: (?P<multiple>k|tsd|mio|mn|mrd|m|bn|b) \b (?: \.(?!-) )? )?
    (?: [.,]--? )? (?P<trailing_minus>-?)
    \s* (?P<after>[^\d\s.,'+-][^\d\s,'+-]{0,5})?
    """,
    re.VERBOSE | re.IGNORECASE,
)
# "(500.00)", "$(500.00)" and "(500.00) EUR" are how bookkeepers write negative amounts.
_BRACKETED = re.compile(r"([^()\d]*)\(([^()]*)\)([^()\d]*)")
# Typographic apostrophes, and the hyphens and dashes that stand for a minus.
_LOOKALIKES = str.maketrans("\u2019\u2018\u02bc`_\u2212\u2010\u2013\u2014", "'''''----")


def parse_money(text: str, *, decimal_mark: DecimalMark | None = None, base_currency: str | None = None) -> ParsedMoney:
    """Read an amount as people write it: `$1,054.00`, `€ 1.054,50`, `CHF 1'054.50`, `45k`, `(500.00)`, `1.2E+05`.

    Where two kinds of separator stand, the last is the decimal mark; one kind that repeats groups thousands; a single
    one before any number of digits but three is the decimal mark. Only a single `.` or `,` before exactly three digits
    is open: `decimal_mark` decides it, and without one a comma groups (`1,234` is 1234) and a dot is
    `ParsedMoney.ambiguous`. A sign that several currencies share means `base_currency` when that is one of them.

    Raises MoneyError, with the text quoted, for anything that is not one finite amount.
    """
    normal = unicodedata.normalize("NFKC", text).translate(_LOOKALIKES).strip()
    if _has_superscript(text) or len(normal) > _MAX_LENGTH:
        raise _not_an_amount(text)
    bracketed = _BRACKETED.fullmatch(normal)
    match = _MONEY.fullmatch("".join(bracketed.groups()).strip() if bracketed else normal)
    number, ambiguous = plain_number(match["number"].strip(), decimal_mark) if match else (None, False)
    if match is None or number is None:
        raise _not_an_amount(text)
    minuses = [bool(bracketed), *(match[name] == "-" for name in ("minus", "inner_minus", "trailing_minus"))]
    amount = Decimal(number + (match["exponent"] or "")).scaleb(_MULTIPLES[(match["multiple"] or "").lower()])
    if sum(minuses) > 1 or amount > MAX_MINOR:
        raise _not_an_amount(text)
    return ParsedMoney(
        amount=-amount if any(minuses) else amount,
        currency=_currency_of(text, match["before"], match["after"], base_currency),
        ambiguous=ambiguous,
    )


def parse_currency(text: str, *, base_currency: str | None = None) -> str:
    """The ISO 4217 code of `eur`, `EUR` or `€`; a sign that several share means `base_currency` if that is one of them.

    Raises MoneyError, with the text quoted, when it is no currency or leaves open which.
    """
    written = unicodedata.normalize("NFKC", text).strip()
    readings = (written.upper(),) if written.upper() in CURRENCIES else SIGNS.get(written.casefold(), (None,))
    code = base_currency if base_currency in readings else readings[0]
    if code is None:
        message = f"“{text.strip()[:_MAX_LENGTH]}” is not a currency; use an ISO 4217 code such as USD or EUR"
        raise MoneyError(message)
    return code


def _currency_of(text: str, before: str | None, after: str | None, base_currency: str | None) -> str | None:
    """The currency both marks agree on: `$100 CAD` is CAD."""
    readings = [_readings(text, written) for written in (before, after) if written]
    common = [code for code in readings[-1] if all(code in others for others in readings)] if readings else [None]
    if base_currency is not None and base_currency in common:
        return base_currency
    if readings and (not common or common[0] is None):
        message = f"“{text.strip()}” leaves the currency open; name it, for instance 1234.50 SEK"
        raise MoneyError(message)
    return common[0]


def _readings(text: str, written: str) -> tuple[str | None, ...]:
    code = written.upper().rstrip(".")
    if code in CURRENCIES:
        return (code,)
    try:
        return SIGNS[written.casefold()]
    except KeyError:
        raise _not_an_amount(text) from None


def _has_superscript(text: str) -> bool:
    """NFKC would make 102 of `10²`."""
    return not text.isascii() and any(sign.isdigit() and not sign.isdecimal() for sign in text)


def _not_an_amount(text: str) -> MoneyError:
    shown = text.strip()
    shown = shown if len(shown) <= _MAX_LENGTH else shown[:_MAX_LENGTH] + "…"
    return MoneyError(f"“{shown}” is not an amount; write it like 1234.50, 1,234.50 or EUR 1.234,50")
