"""Reading whole CSV files in tests, the way an import does."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from deals_app.domain.drafts import DealDraft
from deals_app.domain.errors import FieldProblem
from deals_app.integrations.sources.csv_file import FileShape, RawRow, guess_mapping, normalise, reading_of, rows, sniff


@dataclass
class ReadFile:
    """Everything an import would learn of a file."""

    shape: FileShape
    rows: list[RawRow]
    drafts: list[DealDraft] = field(default_factory=list[DealDraft])
    problems: dict[int, list[FieldProblem]] = field(default_factory=dict[int, list[FieldProblem]])


def read(source: bytes | str | Path, *, base_currency: str = "USD", chosen: dict[str, str] | None = None) -> ReadFile:
    """The file read to its end; `problems` by line."""
    stream: BinaryIO = io.BytesIO(
        source.encode() if isinstance(source, str) else source.read_bytes() if isinstance(source, Path) else source
    )
    shape = sniff(stream, chosen=chosen)
    mapping = guess_mapping(shape.header, shape.preset, chosen=chosen)
    found = ReadFile(shape, list(rows(stream, shape)))
    reading = reading_of(shape, mapping, base_currency)
    for row in found.rows:
        outcome = normalise(row, reading)
        if isinstance(outcome, DealDraft):
            found.drafts.append(outcome)
        else:
            found.problems[row.line] = outcome
    return found


def only(source: str, *, base_currency: str = "USD") -> DealDraft:
    """The one draft of a file that has one row."""
    found = read(source, base_currency=base_currency)
    assert not found.problems, found.problems
    (draft,) = found.drafts
    return draft
