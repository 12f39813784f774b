"""What a column holds, by its first values, where its name says nothing. Names are csv_columns.py.

Only for a person to confirm: a birthday is a date too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from deals_app.domain.currencies import CURRENCIES
from deals_app.domain.dates import parse_date
from deals_app.domain.email_address import is_email_address
from deals_app.domain.money import parse_money
from deals_app.domain.stages import DEFAULT_STAGES, KNOWN_ALIASES, stage_fold
from deals_app.integrations.csv_columns import CUSTOM, known_target

_PERCENT: Final = re.compile(r"[0-9]{1,3}(?:[.,][0-9]+)?\s?%")
# A sign or code of a currency, or cents: plain numbers may be anything.
_LIKE_MONEY: Final = re.compile(r"[^\d\s.,'+-]|[.,][0-9]{2}$")
_STAGES: Final = frozenset([*KNOWN_ALIASES, *(stage_fold(stage.key) for stage in DEFAULT_STAGES)])


def guess_by_values(
    header: Sequence[str], first_rows: Sequence[Sequence[str]], mapping: Mapping[str, str]
) -> dict[str, str]:
    """`mapping` with what the values of columns kept as custom fields say.

    A field is guessed only when nothing in the file has it, or means nearly the same, and one column alone fits it.
    """
    taken = set(mapping.values())
    values = {
        column: [row[position].strip() for row in first_rows if position < len(row) and row[position].strip()]
        for position, column in enumerate(header)
        if mapping.get(column) == CUSTOM and known_target(column) is None
    }
    guessed = dict(mapping)
    for target, rivals, fits in _KINDS:
        if taken & {target, *rivals}:
            continue
        fitting = [
            column
            for column, texts in values.items()
            if guessed[column] == CUSTOM and texts and all(fits(text) for text in texts)
        ]
        if len(fitting) == 1:
            guessed[fitting[0]] = target
    return guessed


def _is_date(text: str) -> bool:
    """Digits alone may be an id."""
    if text.isdigit():
        return False
    return any(_reads(lambda order=order: parse_date(text, order=order)) for order in ("dmy", "mdy"))


def _is_money(text: str) -> bool:
    return bool(_LIKE_MONEY.search(text)) and _reads(lambda: parse_money(text, base_currency="USD"))


def _reads(parse: Callable[[], object]) -> bool:
    try:
        parse()
    except ValueError:
        return False
    return True


# Field, the fields that would make it a second one, and what every value must be.
_KINDS: Final[tuple[tuple[str, tuple[str, ...], Callable[[str], bool]], ...]] = (
    ("contact_email", (), is_email_address),
    ("probability", (), lambda text: bool(_PERCENT.fullmatch(text))),
    ("currency", (), lambda text: text.upper() in CURRENCIES),
    ("stage", ("status",), lambda text: stage_fold(text) in _STAGES),
    ("close_date", ("expected_close_date", "actual_close_date"), _is_date),
    ("value", (), _is_money),
)
