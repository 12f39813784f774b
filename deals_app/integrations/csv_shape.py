"""What was found out about a file before its rows are read, as a value to show, to keep and to overrule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from deals_app.domain.dates import DateOrder
from deals_app.domain.decimal_marks import DecimalMark
from deals_app.integrations.csv_columns import Preset
from deals_app.integrations.csv_records import Dialect
from deals_app.integrations.file_layout import Layout


@dataclass(frozen=True)
class FileShape:
    """How to read one file. `header` has no blank and no two equal names; trailing empty columns are cut off.

    `header_line` is the physical line the header starts in, the first being 1; rows are below it. `first_line` is that
    of the first row, `first_rows` are some to be shown (long cells are cut). `decimal_mark` None means that nothing
    settles it (see `money.parse_money`). `date_order` is how dates with slashes are read throughout the file.

    `sheet` is None for a file of text; for one of the `sheets` of a workbook, `encoding`, `delimiter` and `quote` are
    empty. `remarks` are sentences about what the reader should know. To overrule it: `sniff(…, said=Said(…))`; `said`
    is what was overruled so. `open_date` is a date of the file that reads both ways, when none settles `date_order`.
    `left_out` is what reading the rows has added: see domain/left_out.py.
    """

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    header_line: int
    decimal_mark: DecimalMark | None
    date_order: DateOrder
    preset: Preset | None
    quote: str = '"'
    escape: str | None = None
    sheet: str | None = None
    sheets: tuple[str, ...] = ()
    first_line: int | None = None
    first_rows: tuple[tuple[str, ...], ...] = ()
    remarks: tuple[str, ...] = ()
    said: Mapping[str, str | int] = field(default_factory=dict[str, str | int])
    open_date: str | None = None
    left_out: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def layout(self) -> Layout:
        """How to open it."""
        return Layout(self.encoding, Dialect(self.delimiter, self.quote, self.escape), self.sheet)

    def as_json(self) -> dict[str, Any]:
        """Plain types, for storing beside the import; `from_json` is the way back."""
        return {
            **asdict(self),
            "header": list(self.header),
            "sheets": list(self.sheets),
            "first_rows": [list(cells) for cells in self.first_rows],
            "remarks": list(self.remarks),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> FileShape:
        """The shape that `as_json` made."""
        fields: dict[str, Any] = {
            **stored,
            "header": tuple(stored["header"]),
            "sheets": tuple(stored.get("sheets", ())),
            "first_rows": tuple(tuple(cells) for cells in stored.get("first_rows", ())),
            "remarks": tuple(stored.get("remarks", ())),
        }
        return cls(**fields)
