"""A check as its page shows it: how far it is, its counts, and its rows by what would become of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.import_checks import (
    Amount,
    CheckedRow,
    CheckProgress,
    CheckView,
    FieldChange,
    Likeness,
    RowProblem,
    Shown,
    Tab,
)
from deals_app.integrations.sources.csv_file import FileShape
from deals_app.models import Deal, ImportRow, Stage
from deals_app.services.accounts import member_views
from deals_app.services.queries.imports import found_import
from deals_app.services.unit_of_work import reading

ROWS_PER_STRETCH = 25
LONGEST_VALUE = 80
VERDICTS = ("create", "update", "unchanged", "reject")
LABELS = {
    "name": "Name",
    "company": "Company",
    "value": "Value",
    "stage": "Stage",
    "owner": "Owner",
    "expected_close_date": "Expected close",
    "actual_close_date": "Closed on",
    "probability": "Probability",
    "source": "Source",
    "tags": "Tags",
    "loss_reason": "Loss reason",
    "metadata.contact_email": "Contact e-mail",
    "metadata.contact_name": "Contact",
    "metadata.description": "Description",
    "metadata.owner_name": "Owner in the file",
    "metadata.created_on": "Created on",
}
ORDER = {field: place for place, field in enumerate(LABELS)}


def check_progress(actor: Actor, import_id: UUID) -> CheckProgress:
    """How far the check is; raises NotFound."""
    with reading(actor) as session:
        found = found_import(session, import_id)
        is_reading = found.staged_at is None
        began = found.plan.get("began_at") if is_reading else found.staged_at
        last_line = select(func.max(ImportRow.line)).where(ImportRow.import_id == import_id)
        rows = session.scalar(last_line) or 0 if is_reading else sum(found.plan.get(each, 0) for each in VERDICTS)
    since = datetime.fromisoformat(began) if isinstance(began, str) else began
    seconds = (datetime.now(UTC) - since).total_seconds() if since else 0
    rate = max(1, int(rows / seconds)) if rows and seconds > 0 else None
    left = None if is_reading or rate is None else -(-(found.total - rows) // rate)
    return CheckProgress(is_reading=is_reading, rows=rows, total=found.total, rows_per_second=rate, seconds_left=left)


def check_view(actor: Actor, import_id: UUID) -> CheckView:
    """The counts of a finished check; raises NotFound."""
    with reading(actor) as session:
        plan = found_import(session, import_id).plan
        out = session.execute(
            select(ImportRow.verdict, ImportRow.review.is_not(None).label("is_likely"), func.count().label("rows"))
            .where(ImportRow.import_id == import_id, ImportRow.decision == "skip")
            .group_by(ImportRow.verdict, ImportRow.review.is_not(None))
        ).all()
    left_out: dict[Tab, int] = dict.fromkeys(("new", "updates", "unchanged", "duplicates", "rejected"), 0)
    for row in out:
        left_out[_tab(row.verdict, is_likely=row.is_likely)] += row.rows
    create, update, unchanged, reject = (plan.get(verdict, 0) for verdict in VERDICTS)
    review = plan.get("review", 0)
    return CheckView(
        counts={
            "new": create - review,
            "updates": update,
            "unchanged": unchanged,
            "duplicates": review,
            "rejected": reject,
        },
        left_out=left_out,
    )


def checked_rows(actor: Actor, import_id: UUID, tab: Tab, after: int = 0) -> tuple[tuple[CheckedRow, ...], int | None]:
    """A stretch of a tab's rows after a line, in their order, and the line to go on after; raises NotFound."""
    with reading(actor) as session:
        rows = _rows(session, import_id, *_of_tab(tab), ImportRow.line > after)
    items = rows[:ROWS_PER_STRETCH]
    return items, items[-1].line if len(rows) > ROWS_PER_STRETCH else None


def checked_row(actor: Actor, import_id: UUID, line: int) -> CheckedRow | None:
    """One row, or None where there is none of that line; raises NotFound without the import."""
    with reading(actor) as session:
        return next(iter(_rows(session, import_id, ImportRow.line == line)), None)


def _rows(session: Session, import_id: UUID, *conditions: ColumnElement[bool]) -> tuple[CheckedRow, ...]:
    imported = found_import(session, import_id)
    header = FileShape.from_json(imported.shape).header
    named_in = next((header.index(each) for each, target in imported.mapping.items() if target == "name"), 0)
    found = session.execute(
        select(ImportRow, Stage.name.label("stage_name"))
        .outerjoin(Stage, Stage.id == ImportRow.stage_id)
        .where(ImportRow.import_id == import_id, *conditions)
        .order_by(ImportRow.line)
        .limit(ROWS_PER_STRETCH + 1)
    ).all()
    rows = [each.ImportRow for each in found]
    ids = {each["deal_id"] for row in rows for each in row.review or () if "deal_id" in each}
    ids |= {str(row.deal_id) for row in rows if row.deal_id}
    shown = select(Deal.id, Deal.name, Deal.value, Deal.currency).where(Deal.id.in_(map(UUID, ids)))
    deals = {deal.id: deal for deal in session.execute(shown)} if ids else {}
    people = {str(member.id): member.name for member in member_views(session)}
    return tuple(
        CheckedRow(
            line=row.line,
            tab=_tab(row.verdict, is_likely=row.review is not None),
            name=deals[row.deal_id].name if row.deal_id in deals else row.name or _cell(row.cells, named_in),
            company=row.company,
            amount=Amount(value=row.value, currency=row.currency) if row.currency else None,
            stage_name=each.stage_name,
            deal_id=row.deal_id,
            changes=_changes(row.changes or {}, people),
            likely=tuple(_likeness(like, deals) for like in row.review or ()),
            problems=tuple(_problem(problem, row.cells, header) for problem in row.problems or ()),
            is_left_out=row.decision == "skip",
        )
        for row, each in zip(rows, found, strict=True)
    )


def _changes(changes: dict[str, list[Any]], people: dict[str, str]) -> tuple[FieldChange, ...]:
    return tuple(
        FieldChange(label=_label(field), before=_shown(field, before, people), after=_shown(field, after, people))
        for field, (before, after) in sorted(changes.items(), key=lambda change: ORDER.get(change[0], len(ORDER)))
    )


def _of_tab(tab: Tab) -> tuple[ColumnElement[bool], ...]:
    return {
        "new": (ImportRow.verdict == "create", ImportRow.review.is_(None)),
        "updates": (ImportRow.verdict == "update",),
        "unchanged": (ImportRow.verdict == "unchanged",),
        "duplicates": (ImportRow.verdict == "create", ImportRow.review.is_not(None)),
        # Said twice, as the index speaks of the problems only.
        "rejected": (ImportRow.verdict == "reject", ImportRow.problems.is_not(None)),
    }[tab]


def _tab(verdict: str | None, *, is_likely: bool) -> Tab:
    if verdict == "create":
        return "duplicates" if is_likely else "new"
    return {"update": "updates", "unchanged": "unchanged"}.get(verdict or "", "rejected")  # type: ignore[return-value]


def _label(field: str) -> str:
    return LABELS.get(field) or field.partition(".")[2]


def _shown(field: str, value: Any, people: dict[str, str]) -> Shown:
    """A value of `import_rows.changes` as people read it."""
    if value is None or value in ([], ""):
        return None
    if field == "value":
        return Amount(value=value["value"], currency=value["currency"])
    if field in {"expected_close_date", "actual_close_date"}:
        return date.fromisoformat(value)
    if field == "owner":
        return people.get(value, "A former member")
    if field == "probability":
        return f"{value}%"
    return ", ".join(map(str, cast("list[Any]", value))) if isinstance(value, list) else str(value)


def _likeness(found: dict[str, Any], deals: Mapping[UUID, Any]) -> Likeness:
    deal_id = UUID(found["deal_id"]) if "deal_id" in found else None
    deal = deals.get(deal_id) if deal_id else None
    return Likeness(
        why=found["why"],
        line=found.get("line"),
        deal_id=deal_id,
        deal_name=deal.name if deal else None,
        amount=Amount(value=deal.value, currency=deal.currency) if deal else None,
    )


def _problem(found: dict[str, str], cells: list[str], header: tuple[str, ...]) -> RowProblem:
    """With the cell it is about, if the row has one there."""
    column = found["field"]
    value = _cell(cells, header.index(column)) if column in header else ""
    return RowProblem(column=column, value=value, reason=found["message"])


def _cell(cells: list[str], place: int) -> str:
    """Ragged rows have none there."""
    return "".join(cells[place : place + 1])[:LONGEST_VALUE]
