"""Deals from a CSV file or a workbook: any system's export. Reading it is file_sniffing.py and csv_reading.py."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final, cast, get_args

from deals_app.domain.drafts import DealDraft
from deals_app.domain.errors import FieldProblem
from deals_app.integrations.csv_columns import (
    CUSTOM,
    FIELDS,
    LONGEST_CUSTOM_NAME,
    Field,
    MappingProblem,
    Preset,
    guess_mapping,
    guess_preset,
    kept_as,
    known_target,
    without_reasons,
)
from deals_app.integrations.csv_reading import LeftOut, RawRow, rows
from deals_app.integrations.csv_shape import FileShape
from deals_app.integrations.file_kinds import Unreadable
from deals_app.integrations.file_layout import DELIMITERS, QUOTES, Said
from deals_app.integrations.file_sniffing import figure_columns, judged, sniff
from deals_app.integrations.row_drafts import Reading, draft_of, stage_text
from deals_app.integrations.value_guesses import guess_by_values

__all__ = [
    "CUSTOM",
    "DELIMITERS",
    "EXAMPLE",
    "FIELDS",
    "LONGEST_CUSTOM_NAME",
    "QUOTES",
    "Field",
    "FileShape",
    "LeftOut",
    "MappingProblem",
    "Preset",
    "RawRow",
    "Reading",
    "Said",
    "Unreadable",
    "figure_columns",
    "guess_by_values",
    "guess_mapping",
    "guess_preset",
    "judged",
    "kept_as",
    "key",
    "kind",
    "known_target",
    "label",
    "normalise",
    "preset_named",
    "reading_of",
    "rows",
    "sniff",
    "stage_text",
    "without_reasons",
]

key: Final = "csv"
label: Final = "CSV file"
kind: Final = "upload"

# A file and the drafts of its rows in a tenant whose base currency is USD.
EXAMPLE: Final[tuple[bytes, tuple[DealDraft, ...]]] = (
    (
        b"Deal Name,Company,Value,Stage,Probability,Expected Close Date,Contact Email\r\n"
        b'Enterprise License,Acme Inc.,"120,000.50",proposal,60%,2026-06-01,ceo@acme.example\r\n'
    ),
    (
        DealDraft(
            name="Enterprise License",
            company="Acme Inc.",
            value_minor=12_000_050,
            stage_text="proposal",
            probability=Decimal(60),
            expected_close_on=date(2026, 6, 1),
            contact_email="ceo@acme.example",
            given=frozenset(
                {"name", "company", "value_minor", "stage_text", "probability", "expected_close_on", "contact_email"}
            ),
        ),
    ),
)


def preset_named(name: str) -> Preset | None:
    """The preset of this name; None for "generic"."""
    return cast("Preset", name) if name in get_args(Preset) else None


def reading_of(shape: FileShape, mapping: Mapping[str, str], base_currency: str) -> Reading:
    """How the rows of a file are to be read; `mapping` is what `guess_mapping` made."""
    return Reading(
        columns=shape.header,
        mapping=mapping,
        base_currency=base_currency,
        decimal_mark=shape.decimal_mark,
        date_order=shape.date_order,
        preset=shape.preset,
    )


def normalise(row: RawRow, reading: Reading) -> DealDraft | list[FieldProblem]:
    """The row as a draft, or all that is wrong with it, each problem under the file's own column name.

    A row that could not even be read has one problem, whose field is empty.
    """
    if row.problem:
        return [FieldProblem("", row.problem)]
    return draft_of(row.cells, reading)
