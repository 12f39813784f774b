"""Deals as a file: those of a list, in its order, as they were at one moment."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.formulas import disarmed
from deals_app.domain.matching import fold
from deals_app.domain.money import from_minor
from deals_app.domain.stages import find_stage
from deals_app.domain.views import DealView, PipelineView
from deals_app.models import Customer, Deal, User
from deals_app.services.deal_rows import as_deal_view, deals, in_full
from deals_app.services.exporting.streams import Sent, batches, one_moment, to_the_end
from deals_app.services.exporting.tables import Cell, Column, Table, Writer
from deals_app.services.pipelines import pipeline_views
from deals_app.services.queries.deal_list import NEWEST, Conditions
from deals_app.services.queries.filters import DealFilter, Sort, conditions, sort_of
from deals_app.services.queries.totals import rates_to
from deals_app.services.statements import AnyRow, AnySelect

# Under these names an import of ours takes every column for what it is, and finds each deal again by its id.
COLUMNS: Final = (
    Column("ID", 38), Column("Name", 36), Column("Company", 28), Column("Value", 15), Column("Currency", 10),
    Column("Pipeline", 18), Column("Stage", 16), Column("Status", 9), Column("Probability", 12), Column("Owner", 26),
    Column("Expected close date", 20), Column("Actual close date", 18), Column("Source", 11), Column("Tags", 22),
    Column("Loss reason", 24), Column("Contact e-mail", 26), Column("Contact name", 22), Column("Description", 40),
    Column("Created on", 12),
)  # fmt: skip
STATUSES: Final = {"open": "open", "closed_won": "won", "closed_lost": "lost"}


@dataclass(frozen=True, kw_only=True)
class DealsWanted:
    """Which deals, in which order of SORTS."""

    filter: DealFilter
    sort: str = NEWEST
    descending: bool = True


def deals_table(actor: Actor, wanted: DealsWanted, write: Writer) -> Sent:
    """The deals as a table for people, custom fields with a column each; an import of it changes nothing.

    Values are in major units, dates in the tenant's zone. Close what comes back. Raises Unavailable, and what `write`
    raises.
    """
    return Sent(_table(actor, wanted, write))


def deals_lines(actor: Actor, wanted: DealsWanted, as_line: Callable[[DealView], str]) -> Sent:
    """The deals one by one, each as `as_line` writes it on a line of its own. Close what comes back."""
    return Sent(_lines(actor, wanted, as_line))


def _table(actor: Actor, wanted: DealsWanted, write: Writer) -> Generator[bytes]:
    with ExitStack() as opened:
        session = opened.enter_context(one_moment(actor))
        matching, order = _asked(session, actor, wanted)
        keys = _custom_keys(session, matching)
        row = _Rows(actor, pipeline_views(session), keys).row
        rows = ([*map(row, batch)] for batch in batches(session, _statement(matching, order)))
        columns = (*COLUMNS, *(Column(key, 18) for key in keys))
        yield from write(Table("Deals", columns, to_the_end(opened, rows)))


def _lines(actor: Actor, wanted: DealsWanted, as_line: Callable[[DealView], str]) -> Generator[bytes]:
    with one_moment(actor) as session:
        matching, order = _asked(session, actor, wanted)
        # An empty file begins as well.
        yield b""
        for batch in batches(session, in_full(deals).where(*matching).order_by(*order.order())):
            yield "".join(f"{as_line(as_deal_view(actor, row))}\n" for row in batch).encode()


def _asked(session: Session, actor: Actor, wanted: DealsWanted) -> tuple[Conditions, Sort]:
    base, rates = actor.base_currency, rates_to(session, actor.base_currency)
    order = sort_of(wanted.sort, descending=wanted.descending, base_currency=base, rates=rates)
    return conditions(wanted.filter, today=actor.today, base_currency=base, rates=rates), order


def _custom_keys(session: Session, matching: Conditions) -> list[str]:
    """The names of the custom fields, where a column can have them: blank, or alike but for case, it cannot.

    JSON Lines has them all.
    """
    asked = select(func.jsonb_object_keys(Deal.custom_fields).label("key")).where(*matching).distinct()
    taken = {fold(column.header) for column in COLUMNS}
    keys: list[str] = []
    for key in sorted(session.scalars(asked)):
        if fold(key) not in taken and key == key.strip() == disarmed(key):
            taken.add(fold(key))
            keys.append(key)
    return keys


def _statement(matching: Conditions, order: Sort) -> AnySelect:
    custom = select(func.jsonb_object_agg(text("key"), text("value"))).select_from(
        func.jsonb_each_text(Deal.custom_fields).alias("custom")
    )
    return (
        select(
            Deal.id, Deal.name, Customer.name.label("company"), Deal.value, Deal.currency, Deal.stage_id, Deal.status,
            Deal.probability, User.email.label("owner"), Deal.expected_close_date, Deal.actual_close_date, Deal.source,
            Deal.tags, Deal.loss_reason, Deal.extra.label("extra"), Deal.created_at,
            custom.correlate(Deal).scalar_subquery().label("custom"),
        )
        .outerjoin(Customer, Customer.id == Deal.customer_id)
        .outerjoin(User, User.id == Deal.assigned_to)
        .where(*matching)
        .order_by(*order.order())
    )  # fmt: skip


class _Rows:
    """From a row of the statement to the cells of the table."""

    def __init__(self, actor: Actor, pipelines: Sequence[PipelineView], keys: Sequence[str]) -> None:
        self._keys = keys
        self._zone = ZoneInfo(actor.time_zone)
        self._stages = {stage_id: words for pipeline in pipelines for stage_id, words in _words_of_stages(pipeline)}

    def row(self, row: AnyRow) -> list[Cell]:
        """In the order of COLUMNS, the custom fields behind."""
        pipeline, stage, status = self._stages[row.stage_id]
        extra: dict[str, Any] = row.extra
        custom: dict[str, str] = row.custom or {}
        return [
            str(row.id),
            row.name,
            row.company,
            None if row.value is None else from_minor(row.value, row.currency),
            row.currency,
            pipeline,
            stage,
            status,
            _percent(row.probability),
            row.owner,
            row.expected_close_date,
            row.actual_close_date,
            row.source,
            ", ".join(row.tags) or None,
            row.loss_reason,
            _text(extra.get("contact_email")),
            _text(extra.get("contact_name")),
            _text(extra.get("description")),
            row.created_at.astimezone(self._zone).date(),
            *(custom.get(key) for key in self._keys),
        ]


def _words_of_stages(pipeline: PipelineView) -> Iterator[tuple[UUID, tuple[str, str, str | None]]]:
    """By stage: pipeline, stage and status, in words by which an import finds that same stage.

    Of several won stages an import would take "won" for one, so there the status is left to the stage.
    """
    statuses = [stage.status for stage in pipeline.stages]
    for stage in pipeline.stages:
        found = find_stage(stage.name, pipeline.stages)
        name = stage.name if found is not None and found.id == stage.id else stage.key
        is_clear = stage.is_open or statuses.count(stage.status) == 1
        yield stage.id, (pipeline.name, name, STATUSES[stage.status] if is_clear else None)


def _percent(probability: Decimal) -> Cell:
    """0 to 100. Below 1 with its sign, as 0.5 may mean 50 % elsewhere."""
    plain = Decimal(f"{probability.normalize():f}")
    return f"{plain} %" if 0 < plain < 1 else plain


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
