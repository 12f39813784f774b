"""The columns page of a draft: how its file is read, what each column is taken for, and what it asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from deals_app.domain.actor import Actor
from deals_app.domain.dates import parse_date
from deals_app.domain.import_choices import questions_about
from deals_app.domain.left_out import LeftOutView, left_out_view
from deals_app.domain.views import MemberView, PipelineView
from deals_app.integrations.sources import csv_file
from deals_app.integrations.sources.csv_file import FileShape
from deals_app.models import Import
from deals_app.services.accounts import member_views
from deals_app.services.importing.choices import questions_of
from deals_app.services.importing.intake import import_before
from deals_app.services.importing.questions import Questions, UnknownText
from deals_app.services.pipelines import chosen_pipeline, pipeline_views
from deals_app.services.queries.imports import found_import
from deals_app.services.unit_of_work import reading

SHOWN_VALUES: Final = 3
_SHOWN_CHARACTERS: Final = 60

Option = tuple[str, str]

DELIMITER_NAMES: Final[Mapping[str, str]] = {",": "Comma", ";": "Semicolon", "\t": "Tab", "|": "Vertical bar"}
QUOTE_NAMES: Final[Mapping[str, str]] = {'"': "Quotation marks", "'": "Apostrophes"}
ENCODING_NAMES: Final[Mapping[str, str]] = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "cp1252": "Western European (Windows-1252)",
    "iso8859-1": "Western European (ISO 8859-1)",
    "iso8859-15": "Western European (ISO 8859-15)",
    "cp850": "Western European (DOS 850)",
    "cp437": "American (DOS 437)",
    "mac-roman": "Western European (Macintosh)",
    "cp1250": "Central European (Windows-1250)",
    "cp852": "Central European (DOS 852)",
    "iso8859-2": "Central European (ISO 8859-2)",
    "cp1251": "Cyrillic (Windows-1251)",
    "koi8-r": "Cyrillic (KOI8-R)",
    "cp1253": "Greek (Windows-1253)",
    "cp1254": "Turkish (Windows-1254)",
    "cp1255": "Hebrew (Windows-1255)",
    "cp1256": "Arabic (Windows-1256)",
    "shift_jis": "Japanese (Shift JIS)",
    "gb18030": "Chinese (GB 18030)",
    "big5": "Chinese (Big5)",
    "euc_kr": "Korean (EUC-KR)",
}
_OTHER_SPELLINGS: Final[Mapping[str, str]] = {
    "utf-8-sig": "utf-8",
    "latin-1": "iso8859-1",
    "mac_roman": "mac-roman",
    "utf-16-le": "utf-16",
    "utf-16-be": "utf-16",
    "utf-8+cp1252": "utf-8",
}
PRESET_NAMES: Final[Mapping[str, str]] = {
    "hubspot": "HubSpot",
    "salesforce": "Salesforce",
    "pipedrive": "Pipedrive",
    "generic": "Another program",
}


@dataclass(frozen=True, kw_only=True)
class MappedColumn:
    """A column of the file: what it is taken for (the custom field's name where it is another), and its first values.

    `by_values` when its name said nothing and its values did.
    """

    header: str
    target: str
    custom_name: str
    samples: tuple[str, ...]
    by_values: bool


@dataclass(frozen=True, kw_only=True)
class LayoutView:
    """How the file is read, in words; `said` is what a person said of it, `preset` whose export it was found to be."""

    words: str
    encoding: str
    delimiter: str
    quote: str
    header_line: int
    sheet: str | None
    sheets: tuple[str, ...]
    said: Mapping[str, str | int]
    preset: str


@dataclass(frozen=True, kw_only=True)
class Answered:
    """An unknown text with the answer that is chosen, the id of a stage or a person; "" for none."""

    text: str
    rows: int
    chosen: str


@dataclass(frozen=True, kw_only=True)
class OpenDate:
    """A date of the file that reads both ways, as both; `chosen` is dmy or mdy."""

    text: str
    day_first: date
    month_first: date
    chosen: str


@dataclass(frozen=True, kw_only=True)
class ColumnsView:
    """Everything the columns page shows. `rows` were looked at, all of them when `is_whole`."""

    columns: tuple[MappedColumn, ...]
    layout: LayoutView
    remarks: tuple[str, ...]
    left_out: LeftOutView | None
    rows: int
    is_whole: bool
    read_as_on: date | None
    open_date: OpenDate | None
    stages: tuple[Answered, ...]
    owners: tuple[Answered, ...]
    more_stages: int
    more_owners: int
    questions: int
    asked: str
    pipeline: PipelineView
    pipelines: tuple[PipelineView, ...]
    people: tuple[MemberView, ...]


def columns_view(actor: Actor, import_id: UUID) -> ColumnsView:
    """The columns page of an import; raises NotFound, Invalid when its workbook is damaged."""
    asked = questions_of(actor, import_id)
    with reading(actor) as session:
        found = found_import(session, import_id)
        before = import_before(session, found.header_key, other_than=import_id) if found.header_key else None
        shape = FileShape.from_json(found.shape)
        return ColumnsView(
            columns=tuple(_columns(shape, found.mapping)),
            layout=_layout(shape),
            remarks=shape.remarks,
            left_out=asked.left_out,
            rows=asked.rows,
            is_whole=asked.is_whole,
            read_as_on=_day_of(before, actor) if before is not None else None,
            open_date=_open_date(asked, shape),
            stages=_answered(asked.stages, found.stage_map),
            owners=_answered(asked.owners, found.owner_map),
            more_stages=asked.more_stages,
            more_owners=asked.more_owners,
            questions=asked.number,
            asked=questions_about(found.mapping, found.pipeline_id),
            pipeline=chosen_pipeline(session, str(found.pipeline_id)),
            pipelines=tuple(view for view in pipeline_views(session) if view.is_active),
            people=tuple(person for person in member_views(session) if person.is_active),
        )


def left_out_of(actor: Actor, import_id: UUID) -> LeftOutView | None:
    """Which lines of a file that was read are no rows; None when there are none. Raises NotFound."""
    with reading(actor) as session:
        return left_out_view(_shape(found_import(session, import_id)).left_out)


def mapping_targets() -> list[Option]:
    """What a column can be taken for: (key, label)."""
    return [(field.key, field.label) for field in csv_file.FIELDS]


def _day_of(before: Import, actor: Actor) -> date:
    return before.created_at.astimezone(ZoneInfo(actor.time_zone)).date()


def _shape(found: Import) -> FileShape:
    return FileShape.from_json(found.shape)


def _columns(shape: FileShape, mapping: Mapping[str, str]) -> list[MappedColumn]:
    by_name = csv_file.guess_mapping(shape.header, shape.preset)
    by_values = csv_file.guess_by_values(shape.header, shape.first_rows, by_name)
    shown: list[MappedColumn] = []
    for position, header in enumerate(shape.header):
        target = mapping.get(header, csv_file.CUSTOM)
        kept_as = csv_file.kept_as(header, target)
        values = (row[position].strip()[:_SHOWN_CHARACTERS] for row in shape.first_rows if position < len(row))
        shown.append(
            MappedColumn(
                header=header,
                target=target if kept_as is None else csv_file.CUSTOM,
                custom_name="" if kept_as in {None, header} else str(kept_as),
                samples=tuple(dict.fromkeys(filter(None, values)))[:SHOWN_VALUES],
                by_values=target == by_values[header] != by_name[header],
            )
        )
    return shown


def _layout(shape: FileShape) -> LayoutView:
    encoding = _OTHER_SPELLINGS.get(shape.encoding, shape.encoding)
    where = f"names in line {shape.header_line}" if shape.header_line else "no line with names"
    if shape.sheet is not None:
        words = f"Sheet “{shape.sheet}”, {where}"
    else:
        delimiter = DELIMITER_NAMES.get(shape.delimiter, f"“{shape.delimiter}”").lower()
        words = f"{ENCODING_NAMES.get(encoding, encoding)}, separated by {delimiter}, {where}"
    if shape.preset:
        words += f", an export of {PRESET_NAMES[shape.preset]}"
    return LayoutView(
        words=words,
        encoding=ENCODING_NAMES.get(encoding, encoding),
        delimiter=DELIMITER_NAMES.get(shape.delimiter, shape.delimiter),
        quote=QUOTE_NAMES.get(shape.quote, shape.quote),
        header_line=shape.header_line,
        sheet=shape.sheet,
        sheets=shape.sheets,
        said=shape.said,
        preset=PRESET_NAMES[csv_file.guess_preset(shape.header) or "generic"],
    )


def _open_date(asked: Questions, shape: FileShape) -> OpenDate | None:
    text = asked.open_date
    if text is None:
        return None
    return OpenDate(
        text=text,
        day_first=parse_date(text, order="dmy"),
        month_first=parse_date(text, order="mdy"),
        chosen="dmy" if shape.date_order == "dmy" else "mdy",
    )


def _answered(texts: Sequence[UnknownText], chosen: Mapping[str, str | None]) -> tuple[Answered, ...]:
    return tuple(Answered(text=each.text, rows=each.rows, chosen=chosen.get(each.text) or "") for each in texts)
