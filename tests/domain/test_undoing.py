"""What goes back and what stays, as a table of cases."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from deals_app.domain.undoing import TakingBack, is_in_effect, leaves_something, merged, taking_back, undoers_of

LEAD: dict[str, Any] = {
    "name": "Rollout", "value": 100, "currency": "USD", "value_estimated": False, "stage_id": "lead", "status": "open",
    "probability": 10, "stage_entered_at": 1, "position": 0, "actual_close_date": None, "loss_reason": None,
    "competitor": None, "deleted_at": None, "health_score": None,
}  # fmt: skip
MOVED = {**LEAD, "stage_id": "proposal", "probability": 50, "stage_entered_at": 2, "position": 5}
LOST = {**MOVED, "stage_id": "lost", "status": "closed_lost", "probability": 0, "stage_entered_at": 3}
LOST |= {"actual_close_date": "2026-11-21", "competitor": "Globex", "position": 9}


def changed(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in before.items() if after[field] != value}


def undo(before: dict[str, Any], after: dict[str, Any], now: dict[str, Any]) -> TakingBack:
    return taking_back(before=changed(before, after), then=after, now=now)


STAGE = {"stage_id", "probability", "stage_entered_at", "position"}
CLOSING = STAGE | {"status", "actual_close_date"}


@pytest.mark.parametrize(
    ("before", "after", "since", "restored", "kept"),
    [
        (LEAD, MOVED, {}, STAGE, set()),
        (LEAD, MOVED, {"name": "Other", "health_score": 3}, STAGE, set()),
        (LEAD, MOVED, {"position": 7}, STAGE, set()),
        (LEAD, MOVED, {"stage_id": "won", "stage_entered_at": 4}, set(), STAGE),
        (LEAD, MOVED, {"stage_entered_at": 4}, set(), STAGE),
        (LEAD, MOVED, {"deleted_at": 5}, set(), {"deleted_at"}),
        (LEAD, {**LEAD, "position": 4}, {}, {"position"}, set()),
        (LEAD, {**LEAD, "position": 4}, {"position": 8}, set(), {"position"}),
        (LEAD, {**LEAD, "value": 7}, {"currency": "EUR"}, set(), {"value"}),
        (LEAD, {**LEAD, "value": 7, "name": "B"}, {"name": "C"}, {"value"}, {"name"}),
        (MOVED, LOST, {}, CLOSING | {"competitor"}, set()),
        (MOVED, LOST, {"loss_reason": "price"}, CLOSING | {"competitor", "loss_reason"}, set()),
        (MOVED, LOST, {"competitor": "Acme"}, CLOSING, {"competitor"}),
    ],
)
def test_fields_go_back_alone_or_together(
    before: dict[str, Any], after: dict[str, Any], since: dict[str, Any], restored: set[str], kept: set[str]
) -> None:
    back = undo(before, after, {**after, **since})
    assert (back.restored, back.kept, back.deletes) == (restored, kept, False)
    assert back.takes_version == bool(restored - {"position"})


def test_a_creation_is_undone_by_deletion_unless_it_was_changed() -> None:
    assert taking_back(before={}, then=LEAD, now={**LEAD, "position": 4}).deletes
    back = taking_back(before={}, then=LEAD, now={**LEAD, "name": "B"})
    assert (back.deletes, back.kept) == (False, {"name"})


def test_a_change_undone_and_redone_holds() -> None:
    change, undone, redone = (uuid4() for _ in range(3))
    pairs: list[tuple[UUID, UUID | None]] = [(change, None), (undone, change)]
    assert not is_in_effect(change, undoers_of(pairs))
    assert is_in_effect(change, undoers_of([*pairs, (redone, undone)]))


@pytest.mark.parametrize(
    ("fields", "since", "expected"),
    [
        ({"name"}, {"value"}, True),
        ({"name"}, {"name"}, False),
        ({"value"}, {"currency"}, False),
        ({"stage_id", "probability", "position"}, {"stage_id", "stage_entered_at"}, False),
        ({"stage_id", "value"}, {"stage_id", "stage_entered_at"}, True),
        ({"position"}, set[str](), False),
    ],
)
def test_an_undo_is_offered_where_something_is_left(fields: set[str], since: set[str], expected: bool) -> None:  # noqa: FBT001 (a case of the table)
    assert leaves_something(fields, since) is expected


def test_several_changes_of_one_operation_are_one() -> None:
    before, after = merged([({"name": "a", "value": 1}, {"name": "b", "value": 2}), ({"name": "b"}, {"name": "c"})])
    assert (before, after) == ({"name": "a", "value": 1}, {"name": "c", "value": 2})
