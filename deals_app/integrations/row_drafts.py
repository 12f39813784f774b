"""A row of a table as a deal draft, or everything that is wrong with it. Single cells are cell_values.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property, lru_cache, partial
from itertools import chain
from typing import Final, TypeVar

from deals_app.domain.dates import DateOrder, parse_date
from deals_app.domain.decimal_marks import DecimalMark
from deals_app.domain.drafts import NAME_MAX_CHARACTERS, DealDraft
from deals_app.domain.errors import FieldProblem
from deals_app.domain.lengths import LONGEST_NAME, LONGEST_TAG
from deals_app.domain.money import MoneyError, parse_currency, parse_money
from deals_app.domain.probability import parse_probability
from deals_app.domain.stages import KNOWN_ALIASES, meaning_of_status, stage_fold
from deals_app.integrations.cell_values import (
    agreed_currency,
    email_address,
    external_id,
    known_source,
    minor_units,
    plain_minor_units,
    sent_text,
)
from deals_app.integrations.csv_columns import BY_KEY, CUSTOM, IGNORE, Preset, kept_as

_REMEMBERED: Final = 8192
_cached_money = lru_cache(maxsize=_REMEMBERED)(parse_money)

Parsed = TypeVar("Parsed")


@dataclass(frozen=True)
class Reading:
    """How one table is to be read: its columns, what each means (see csv_columns.FIELDS), and how it writes figures."""

    columns: Sequence[str]
    mapping: Mapping[str, str]
    base_currency: str
    decimal_mark: DecimalMark | None = None
    date_order: DateOrder = "mdy"
    preset: Preset | None = None

    @cached_property
    def targets(self) -> tuple[tuple[str, str], ...]:
        """Each column with the key of its field; for a custom field its name instead of the column's."""
        pairs = [(column, self.mapping.get(column, CUSTOM)) for column in self.columns]
        return tuple((name, CUSTOM) if (name := kept_as(*pair)) else pair for pair in pairs)

    @cached_property
    def given(self) -> tuple[frozenset[str], ...]:
        """By the number of cells a row has: the fields of DealDraft it speaks of."""
        fills = [BY_KEY[target].fills for _, target in self.targets]
        return tuple(frozenset(chain.from_iterable(fills[:width])) for width in range(len(fills) + 1))

    @cached_property
    def date_of(self) -> Callable[[str], date]:
        """`parse_date` in this table's order; many rows share a date."""
        return lru_cache(maxsize=_REMEMBERED)(partial(parse_date, order=self.date_order))


def draft_of(cells: Sequence[str], reading: Reading) -> DealDraft | list[FieldProblem]:
    """The deal in these cells (in the order of `reading.columns`; missing ones at the end speak of nothing).

    All problems of the row come back, each under the file's own column name, its message quoting the value. A text is
    trimmed and otherwise kept as sent. A value without a currency of its own is in minor units of the base currency.
    """
    row = _Row(reading, {}, {}, reading.given[min(len(cells), len(reading.columns))], [])
    row.sort(cells)
    value_minor, currency = row.money()
    status = row.text("status")
    stage = row.stage(status)
    draft = DealDraft(
        name=row.name(),
        company=row.company(),
        value_minor=value_minor,
        currency=currency,
        stage_text=stage,
        probability=row.parsed("probability", row.as_probability),
        expected_close_on=row.date("expected_close_date") or row.date("close_date"),
        closed_on=row.closed_on(lost=stage is not None and KNOWN_ALIASES.get(stage_fold(stage)) == "closed_lost"),
        created_on=row.date("created_at"),
        owner_text=row.text("owner"),
        contact_email=row.parsed("contact_email", email_address),
        contact_name=row.text("contact_name"),
        description=row.text("description"),
        source=row.source(),
        tags=row.tags(),
        external_id=row.parsed("external_id", external_id),
        pipeline_text=row.text("pipeline"),
        loss_reason=row.text("loss_reason"),
        custom=row.custom,
        given=row.given,
    )
    return row.problems_in_order() if row.problems else draft


def stage_text(stage: str | None, status: str | None) -> tuple[str | None, str | None]:
    """Which stage a row means, and what is wrong with its status.

    Won and lost are said by the status where there is one: Pipedrive's won deals stay in their last stage.
    """
    if status is None:
        return stage, None
    meaning = meaning_of_status(status)
    if meaning == "open":
        return stage, None
    if meaning == "gone":
        return stage, f"“{status}”: the deal is {status.lower()} in the other system"
    if meaning is not None:
        return meaning, None
    if stage is not None:
        return stage, f"“{status}” is not a status; it is open, won or lost"
    return status, None


@dataclass(slots=True)
class _Row:
    reading: Reading
    texts: dict[str, str]
    custom: dict[str, str]
    given: frozenset[str]
    problems: list[FieldProblem]

    def sort(self, cells: Sequence[str]) -> None:
        texts = self.texts
        for (column, target), cell in zip(self.reading.targets, cells, strict=False):
            if not cell or target == IGNORE or not (text := sent_text(cell)):
                continue
            if target == CUSTOM:
                self.custom[column] = text
            else:
                texts[target] = text

    def refuse(self, target: str, message: str) -> None:
        self.problems.append(FieldProblem(self.column(target), message))

    def column(self, target: str) -> str:
        return next((column for column, key in self.reading.targets if key == target), target)

    def problems_in_order(self) -> list[FieldProblem]:
        """Each once, from the first column to the last."""
        position = {column: index for index, column in enumerate(self.reading.columns)}
        return sorted(dict.fromkeys(self.problems), key=lambda problem: position.get(problem.field, -1))

    def text(self, target: str) -> str | None:
        return self.texts.get(target)

    def parsed(self, target: str, parse: Callable[[str], Parsed]) -> Parsed | None:
        text = self.texts.get(target)
        if not text:
            return None
        try:
            return parse(text)
        except ValueError as error:
            self.refuse(target, str(error))
            return None

    def date(self, target: str) -> date | None:
        return self.parsed(target, self.reading.date_of) if target in self.texts else None

    def name(self) -> str:
        name = self.texts.get("name", "")
        if not name:
            self.refuse("name", "is empty; every deal needs a name")
        elif len(name) > NAME_MAX_CHARACTERS:
            self.refuse("name", f"“{name[:40]}…” has {len(name)} characters; at most {NAME_MAX_CHARACTERS} are allowed")
        return name

    def company(self) -> str | None:
        company = self.texts.get("company")
        if company and len(company) > LONGEST_NAME:
            self.refuse(
                "company", f"“{company[:40]}…” has {len(company)} characters; at most {LONGEST_NAME} are allowed"
            )
        return company

    def money(self) -> tuple[int | None, str | None]:
        """Minor units and the currency the row names, if any."""
        base, texts = self.reading.base_currency, self.texts
        stated = self.parsed("currency", partial(parse_currency, base_currency=base)) if "currency" in texts else None
        text = texts.get("value")
        if not text:
            return None, stated
        if (plain := plain_minor_units(text, stated or base)) is not None:
            return plain, stated
        try:
            money = _cached_money(text, decimal_mark=self.reading.decimal_mark, base_currency=stated or base)
            currency = agreed_currency(text, money, stated)
            minor = minor_units(text, money, currency or base)
        except MoneyError as error:
            self.refuse("value", str(error))
            return None, stated
        if money.currency:
            self.given |= {"currency"}
        return minor, currency

    def as_probability(self, text: str) -> Decimal:
        return parse_probability(text, of_one=self.reading.preset == "hubspot")

    def stage(self, status: str | None) -> str | None:
        stage, problem = stage_text(self.text("stage"), status)
        if problem:
            self.refuse("status", problem)
        return stage

    def closed_on(self, *, lost: bool) -> date | None:
        own = self.date("lost_date" if lost else "won_date")
        return own or self.date("actual_close_date") or self.date("close_date")

    def source(self) -> str | None:
        """Ours for the sources that other systems offer; any other text is kept as a custom field."""
        text = self.text("source")
        source = known_source(text) if text else None
        if text and source != text:
            self.custom[self.column("source")] = text
        return source

    def tags(self) -> tuple[str, ...]:
        text = self.texts.get("tags")
        if text is None:
            return ()
        parts = [part.strip() for part in text.replace(";", ",").split(",")]
        for part in parts:
            if len(part) > LONGEST_TAG:
                self.refuse("tags", f"“{part[:40]}…” has {len(part)} characters; a tag has at most {LONGEST_TAG}")
        return tuple(dict.fromkeys(part for part in parts if part))
