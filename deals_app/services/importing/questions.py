"""What only a person can say of a file: its unknown stages and owners, and dates that read both ways."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, Final

from deals_app.domain.left_out import LeftOutLines, LeftOutView, left_out_view
from deals_app.domain.stages import find_stage, stage_fold
from deals_app.domain.views import MemberView, PipelineView
from deals_app.integrations.sources import csv_file
from deals_app.integrations.sources.csv_file import FileShape
from deals_app.services.accounts import owner_ids_by_text

# A larger file is asked about by its first rows: the page must not wait for it.
WHOLE_BYTES: Final = 20 * 1024 * 1024
FIRST_ROWS: Final = 20_000
SHOWN_TEXTS: Final = 50
# A column with more different texts is not one of stages; neither are long texts.
_REMEMBERED_TEXTS: Final = 5_000
_LONGEST_TEXT: Final = 200


@dataclass(frozen=True, kw_only=True)
class UnknownText:
    """A text of the file that means nothing here yet, and how many rows say it."""

    text: str
    rows: int


@dataclass(frozen=True, kw_only=True)
class Questions:
    """What the file asks. `rows` were looked at, all of the file's when `is_whole`; at most 50 texts of each kind."""

    rows: int
    is_whole: bool
    stages: tuple[UnknownText, ...]
    owners: tuple[UnknownText, ...]
    more_stages: int
    more_owners: int
    open_date: str | None
    left_out: LeftOutView | None

    @property
    def number(self) -> int:
        """How many kinds of questions there are."""
        return sum(map(bool, (self.open_date, self.stages, self.owners)))


def read_questions(
    stream: BinaryIO,
    size_bytes: int,
    shape: FileShape,
    mapping: Mapping[str, str],
    *,
    pipeline: PipelineView,
    people: Sequence[MemberView],
) -> Questions:
    """Read as much of the file as can be waited for. Raises Unreadable for a damaged workbook."""
    at = {target: position for position, column in enumerate(shape.header) if (target := mapping.get(column))}
    asks = (at.get("stage"), at.get("status"), at.get("owner"))
    is_short = size_bytes <= WHOLE_BYTES and shape.sheet is None
    left_out, said, rows_read = LeftOutLines(), Counter[tuple[str, ...]](), 0
    rows = csv_file.rows(stream, shape, left_out.add)
    for row in rows if is_short else islice(rows, FIRST_ROWS):
        rows_read += 1
        if row.problem is None:
            texts = tuple(_cell(row.cells, position) for position in asks)
            if texts in said or len(said) < _REMEMBERED_TEXTS:
                said[texts] += 1
    stages, owners = _stages(said, pipeline), _owners(said, people)
    return Questions(
        rows=rows_read,
        is_whole=is_short or rows_read < FIRST_ROWS,
        stages=stages[:SHOWN_TEXTS],
        owners=owners[:SHOWN_TEXTS],
        more_stages=max(len(stages) - SHOWN_TEXTS, 0),
        more_owners=max(len(owners) - SHOWN_TEXTS, 0),
        open_date=shape.open_date,
        left_out=left_out_view(left_out.as_json()),
    )


def _cell(cells: list[str], position: int | None) -> str:
    if position is None or position >= len(cells):
        return ""
    return cells[position].strip()[:_LONGEST_TEXT]


def _stages(said: Counter[tuple[str, ...]], pipeline: PipelineView) -> tuple[UnknownText, ...]:
    meant: Counter[str] = Counter()
    for (stage, status, _), rows in said.items():
        text, problem = csv_file.stage_text(stage or None, status or None)
        if text and not problem:
            meant[text] += rows
    return _unknown(meant, lambda text: find_stage(text, pipeline.stages) is not None, stage_fold)


def _owners(said: Counter[tuple[str, ...]], people: Sequence[MemberView]) -> tuple[UnknownText, ...]:
    known = owner_ids_by_text(people)
    meant: Counter[str] = Counter()
    for (_, _, owner), rows in said.items():
        if owner:
            meant[owner] += rows
    return _unknown(meant, lambda text: text.casefold() in known, str.casefold)


def _unknown(
    meant: Counter[str], is_known: Callable[[str], bool], folded: Callable[[str], str]
) -> tuple[UnknownText, ...]:
    """Those nobody knows, the most frequent first; spellings that fold to the same are one."""
    spelled: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for text, rows in meant.most_common():
        if not is_known(text):
            counts[spelled.setdefault(folded(text), text)] += rows
    return tuple(UnknownText(text=text, rows=rows) for text, rows in counts.most_common())
