"""The amount that a text names: "budget around $45,000", "75.000 € HT", "300万円". Reading one amount is money.py."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from deals_app.domain.currencies import CURRENCIES, SIGNS
from deals_app.domain.money import MoneyError, minor_digits, parse_currency, parse_money, round_to_minor


@dataclass(frozen=True)
class NamedAmount:
    """Minor units of `currency` (None: the base currency), and the words they were read from."""

    value_minor: int
    currency: str | None
    words: str


_MAX_LENGTH: Final = 200_000
_MOST_CANDIDATES: Final = 200
_LONGEST_LINE: Final = 2_000

_WORDS: Final = {
    "dollars": "USD", "dollar": "USD", "euros": "EUR", "euro": "EUR", "pounds": "GBP", "pound": "GBP",
    "yen": "JPY", "francs": "CHF", "franken": "CHF", "rupees": "INR",
}  # fmt: skip
_SIGNS: Final = sorted((sign for sign in SIGNS if not sign.isascii() or "$" in sign), key=len, reverse=True)
_SIGN: Final = "|".join(re.escape(sign) for sign in [*_SIGNS, "kr."])
_CODE: Final = "|".join([*CURRENCIES, *_WORDS, "kr", "Rs"])
_MULTIPLES: Final = {
    "million": 6, "millions": 6, "millionen": 6, "millones": 6, "milioni": 6, "milhões": 6, "miljoen": 6,
    "thousand": 3, "tausend": 3, "mille": 3, "mila": 3, "duizend": 3, "万": 4, "億": 8, "亿": 8, "lakh": 5, "crore": 7,
}  # fmt: skip
# Every quantifier is bounded, so that no text takes long.
_AMOUNT: Final = re.compile(
    rf"""
    (?<![\w+\#/.,]) (?<![^0-9kK€$]-) (?:(?P<before>{_SIGN}|(?:{_CODE})\b)\s{{0,2}})?
    (?<![0-9]) (?P<number>[0-9]{{1,3}}(?:[.,'’  ][0-9]{{3}}){{1,4}}(?:[.,][0-9]{{1,2}})?(?![0-9])
       | [0-9]{{1,15}}(?:[.,][0-9]{{1,3}})?(?![0-9])) (?:[.,]--?)?
    (?:\s?(?P<multiple>(?:k|tsd|mio|mn|mrd|m|bn|{"|".join(_MULTIPLES)})(?![^\W万億亿円元])\.?))?
    (?:\s{{0,2}}(?P<after>{_SIGN}|(?:{_CODE})\b))?
    """,
    re.VERBOSE | re.IGNORECASE,
)
_BUDGET: Final = re.compile(
    r"budget|bugdet|預算|予算|预算|presupuesto|orçamento|begroting|spend|deal value|contract value|worth|auftragswert"
    r"|auftragsvolumen|volumen|montant|importe|importo|price|preis|prix|precio|prezzo|total|gesamt|amount|offer|angebot",
    re.IGNORECASE,
)
_STRONG_BUDGET: Final = re.compile(r"budget|bugdet|予算|预算|預算|presupuesto|orçamento|begroting", re.IGNORECASE)
# What stands behind a price of one piece, or behind something that is no money.
_PER_UNIT: Final = re.compile(
    r"\s{0,2}(?:/|a\b|an\b|each\b|apiece\b|(?:per|pro|je|par|por|al?|/)\s{0,2}(?:user|seat|licen[cs]e|person|head|month|mo\b|"
    r"nutzer|benutzer|platz|lizenz|monat|utilisateur|poste|mois|usuario|mes\b|utente|mese|hour|hr\b|stunde|day|tag\b|stück))",
    re.IGNORECASE,
)
_NO_MONEY: Final = re.compile(
    r"\s{0,2}(?:%|percent|prozent|users?\b|seats?\b|licen[cs]es?\b|lizenzen|people|persons?\b|employees|mitarbeiter|nutzer|"
    r"stück|pieces|pcs\b|units?\b|utilisateurs|usuarios|utenti|hours?\b|days?\b|tage\b|weeks?\b|months?\b|years?\b|jahre?\b"
    r"|km\b|kg\b|am\b|pm\b|uhr\b|[-/.:][0-9])",
    re.IGNORECASE,
)
_BEFORE: Final = 40
_YEARS: Final = range(1900, 2101)
_FEWEST_WITHOUT_CURRENCY: Final = 100


def find_amount(text: str, base_currency: str) -> NamedAmount | None:
    """The amount a text most likely means by what a deal is worth; None when it names none.

    An amount has a currency beside it, or stands right behind a word such as "budget". One behind such a word comes
    first, then the larger. Prices of one piece ("$20 per user"), phone numbers, dates, percentages and quantities are
    none. Quoted lines (`>`) are skipped.
    """
    best: tuple[int, Decimal] | None = None
    found: NamedAmount | None = None
    for index, (rank, amount, currency, words) in enumerate(_candidates(text[:_MAX_LENGTH], base_currency)):
        if index >= _MOST_CANDIDATES:
            break
        if best is not None and (rank, amount) <= best:
            continue
        try:
            minor = round_to_minor(amount, currency or base_currency)
        except MoneyError:
            continue
        if minor > 0:
            best, found = (rank, amount), NamedAmount(minor, currency, words)
    return found


def _candidates(text: str, base_currency: str) -> Iterator[tuple[int, Decimal, str | None, str]]:
    for line in text.splitlines():
        if line.lstrip().startswith((">", "|")) or not any(map(str.isdecimal, line)):
            continue
        shown = unicodedata.normalize("NFKC", line[:_LONGEST_LINE])
        for match in _AMOUNT.finditer(shown):
            if (read := _read(match, shown, base_currency)) is not None:
                yield read


def _read(match: re.Match[str], line: str, base_currency: str) -> tuple[int, Decimal, str | None, str] | None:
    ahead, behind = line[max(0, match.start() - _BEFORE) : match.start()], line[match.end() : match.end() + _BEFORE]
    mark = match["before"] or match["after"]
    if _PER_UNIT.match(behind) or _NO_MONEY.match(behind):
        return None
    rank = 4 if _STRONG_BUDGET.search(ahead) else 2 if _BUDGET.search(ahead) else 0
    if mark is None and not (rank == 4 and _follows_directly(ahead, match)):  # noqa: PLR2004 (the strong words)
        return None
    try:
        currency = _currency(mark, base_currency) if mark else None
        amount = _amount(match, currency or base_currency)
    except MoneyError:
        return None
    if mark is None and (amount < _FEWEST_WITHOUT_CURRENCY or (amount in _YEARS and not match["multiple"])):
        return None
    return rank + (1 if mark else 0), amount, currency, match[0].strip()


def _follows_directly(ahead: str, match: re.Match[str]) -> bool:
    """A bare number belongs to the budget when only words stand between: no other number, no end of a sentence."""
    words = list(_STRONG_BUDGET.finditer(ahead))
    between = ahead[words[-1].end() :]
    return match["number"][0] != "0" and not re.search(r"[0-9;!?]|\.\s", between) and "+" not in between


def _currency(mark: str, base_currency: str) -> str:
    return _WORDS.get(mark.casefold()) or parse_currency(mark, base_currency=base_currency)


def _amount(match: re.Match[str], currency: str) -> Decimal:
    word = (match["multiple"] or "").casefold().rstrip(".")
    zeros = _MULTIPLES.get(word)
    written = match["number"] if zeros is not None else match["number"] + word
    money = parse_money(written)
    # "75.000 €": nobody writes thousandths of a euro in a mail.
    thousand = money.ambiguous and not word and minor_digits(currency) < 3  # noqa: PLR2004 (decimals of a dinar)
    return money.amount.scaleb((3 if thousand else 0) + (zeros or 0))
