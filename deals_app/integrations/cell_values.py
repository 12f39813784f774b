"""What a single cell says, whatever its column is called. Several cells together are row_drafts.py."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from deals_app.domain.email_address import is_email_address
from deals_app.domain.lengths import LONGEST_EXTERNAL_ID
from deals_app.domain.matching import fold, is_blank
from deals_app.domain.money import MoneyError, ParsedMoney, from_minor, minor_digits, round_to_minor

# Our exports put an apostrophe before these, so that no spreadsheet takes the text for a formula.
_DISARMED: Final = re.compile(r"'(?='*[=+\-@\t\r])")
# What a spreadsheet leaves of a long id: the last digits are gone, and many rows share the rest.
_ID_CUT_BY_SPREADSHEET: Final = re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+[0-9]{2,}")

_DIGITS_OF_A_GROUP: Final = 3
# Nothing to be guessed: no sign, no groups, and too few decimals to be one.
_PLAIN_AMOUNT: Final = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,2}))?")

_SOURCES: Final[Mapping[str, str]] = {
    fold(written): source
    for source, spellings in {
        "inbound": ("inbound", "web", "website", "phone inquiry", "organic search"),
        "outbound": ("outbound", "cold call", "purchased list"),
        "referral": ("referral", "employee referral", "external referral"),
        "partner": ("partner", "partner referral"),
    }.items()
    for written in spellings
}


def sent_text(cell: str) -> str:
    """The cell trimmed, without the apostrophe of our exports; empty when a reader would see nothing."""
    text = cell.strip()
    if text.startswith("'") and _DISARMED.match(text):
        text = text[1:].strip()
    return text if text.isascii() or not is_blank(text) else ""


def plain_minor_units(text: str, currency: str) -> int | None:
    """`1234` and `1234.50` as whole minor units; None for what `parse_money` has to look at.

    Most of a file is written like this, and reading an amount in every way it could be meant was a third of the time
    that a row took.
    """
    found = _PLAIN_AMOUNT.fullmatch(text)
    if found is None:
        return None
    whole, decimals = found.groups(default="")
    surplus = minor_digits(currency) - len(decimals)
    return int(whole + decimals) * 10**surplus if surplus >= 0 else None


def agreed_currency(text: str, money: ParsedMoney, stated: str | None) -> str | None:
    """The currency of a value's own sign, or the one stated beside it. Raises MoneyError when they differ."""
    if stated and money.currency not in {None, stated}:
        message = f"“{text}” does not agree with the currency {stated} of its row"
        raise MoneyError(message)
    return stated or money.currency


def minor_units(text: str, money: ParsedMoney, currency: str) -> int:
    """A value as whole minor units, float noise rounded away.

    Raises MoneyError, with the text quoted, for a negative one and one that could mean a thousand times as much.
    """
    if money.amount < 0:
        message = f"“{text}” is negative; a value is 0 or more"
        raise MoneyError(message)
    minor = round_to_minor(money.amount, currency)
    if money.ambiguous and minor_digits(currency) < _DIGITS_OF_A_GROUP:
        message = f"“{text}” may be {text.replace('.', '')} or {from_minor(minor, currency)}; write it as one of them"
        raise MoneyError(message)
    return minor


def email_address(text: str) -> str:
    """The address as sent. Raises ValueError, with the text quoted, when it is none."""
    if not is_email_address(text):
        message = f"“{text[:60]}” is not an e-mail address; write it like name@company.com"
        raise ValueError(message)
    return text


def external_id(text: str) -> str:
    """The id as sent. Raises ValueError when it is too long, or when a spreadsheet has made a rounded number of it."""
    if len(text) > LONGEST_EXTERNAL_ID:
        message = f"“{text[:40]}…” has {len(text)} characters; an id has at most {LONGEST_EXTERNAL_ID}"
        raise ValueError(message)
    if _ID_CUT_BY_SPREADSHEET.fullmatch(text):
        message = f"“{text}” is an id that a spreadsheet has shortened; format the column as text and export again"
        raise ValueError(message)
    return text


def known_source(text: str) -> str | None:
    """Our word for where a deal came from: for ours and for the lead sources that other systems offer; else None."""
    return _SOURCES.get(fold(text))
