"""What a person says of a file to import: how it is laid out, and what its columns and texts mean."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from deals_app.domain.dates import DateOrder

# Fields whose values may be unknown or open, so that the page asks about them.
_ASKED: Final = frozenset(
    {
        "stage",
        "status",
        "owner",
        "close_date",
        "expected_close_date",
        "actual_close_date",
        "won_date",
        "lost_date",
        "created_at",
    }
)


@dataclass(frozen=True, kw_only=True)
class ImportChoices:
    """The answers of the columns page; what is None was not said and stays as it is.

    `mapping` is column -> field; `stage_map` and `owner_map` are text of the file -> id, None for "refuse these rows"
    and "nobody". `asked` is `questions_about` what the page showed: with it, `save_choices` tells whether other
    columns ask something new.
    """

    mapping: Mapping[str, str] = field(default_factory=dict[str, str])
    stage_map: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    owner_map: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    date_order: DateOrder | None = None
    pipeline: str | None = None
    asked: str | None = None


@dataclass(frozen=True, kw_only=True)
class SaidOfFile:
    """How to read a file; None is found out.

    `header_line` 0 says that no line has names, `preset` "generic" that it is nobody's export.
    """

    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    header_line: int | None = None
    sheet: str | None = None
    preset: str | None = None


def questions_about(mapping: Mapping[str, str], pipeline_id: UUID) -> str:
    """The same for the same columns with stages, owners and dates, and the same pipeline: then a page asks the same."""
    asked = sorted((target, column) for column, target in mapping.items() if target in _ASKED)
    return hashlib.sha256(repr((asked, str(pipeline_id))).encode()).hexdigest()[:16]
