"""What of an operation can be taken back when others may have changed the deal since, field by field.

A field goes back when it still is what the operation made of it. Some fields make sense only together: a value with its
currency, and all that came with a stage (status, probability, entry time, place, closing date and loss reason). What
somebody changed afterwards is kept, and said.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

State = Mapping[str, Any]

OWN_CHANGES_FOR = timedelta(days=1)
MONEY = frozenset({"value", "currency", "value_estimated"})
# Where a deal stands and since when: another visit to the same stage is another visit.
VISIT = frozenset({"stage_id", "stage_entered_at"})
CAME_WITH_STAGE = VISIT | {"pipeline_id", "status", "probability", "position", "actual_close_date", "loss_reason"}
ONLY_OF_CLOSED = ("actual_close_date", "loss_reason")
# No edit of anybody: these take no version.
UNTOLD = frozenset({"version", "updated_at", "match_key"})
SILENT = frozenset({"position", "health_score", "risk_level", "insights", "win_probability", "predicted_close_date"})


@dataclass(frozen=True, kw_only=True)
class TakingBack:
    """Which fields return to what they were, and which stay as somebody made them since."""

    restored: frozenset[str]
    kept: frozenset[str]
    deletes: bool = False

    @property
    def takes_version(self) -> bool:
        """Whether this is an edit of the deal, and not only a card's place."""
        return self.deletes or bool(self.restored - SILENT)


def taking_back(*, before: State, then: State, now: State) -> TakingBack:
    """What undoing a change of the fields in `before` does to a deal that was `then` right after it and is `now`.

    An empty `before` is a deal's creation, whose undoing is its deletion, unless it was changed since.
    """
    changed_since = {field for field in then.keys() | now.keys() if then.get(field) != now.get(field)} - UNTOLD
    if now.get("deleted_at") is not None and "deleted_at" not in before:
        return TakingBack(restored=frozenset(), kept=frozenset({"deleted_at"}))
    if not before:
        touched = changed_since - SILENT
        return TakingBack(restored=frozenset(), kept=frozenset(touched), deletes=not touched)
    kept = before.keys() & changed_since
    if before.keys() & MONEY and changed_since & MONEY:
        kept |= before.keys() & MONEY
    if "stage_id" in before:
        stage = before.keys() & CAME_WITH_STAGE
        kept = kept | stage if changed_since & VISIT else kept - stage
    back = before.keys() - kept
    if "status" in back and before["status"] == "open":
        # An open deal has neither, whoever wrote it meanwhile.
        back |= set(ONLY_OF_CLOSED)
    restored = frozenset(field for field in back if before.get(field) != now.get(field))
    return TakingBack(restored=restored, kept=frozenset(field for field in kept if before[field] != now.get(field)))


def leaves_something(fields: Collection[str], changed_since: Collection[str]) -> bool:
    """Whether a change of `fields` can still be worth undoing when later changes that hold were of `changed_since`."""
    left = set(fields) - set(changed_since)
    if not MONEY.isdisjoint(changed_since):
        left -= MONEY
    if not VISIT.isdisjoint(changed_since):
        left -= CAME_WITH_STAGE
    return bool(left - SILENT)


def is_in_effect(operation: UUID, undoers: Mapping[UUID, Collection[UUID]]) -> bool:
    """Whether an operation still holds: nothing undoes it, or what undid it has been undone in turn."""
    return not any(is_in_effect(undoer, undoers) for undoer in undoers.get(operation, ()))


def undoers_of(pairs: Iterable[tuple[UUID, UUID | None]]) -> dict[UUID, set[UUID]]:
    """From (operation, what it undoes) pairs: by operation, those that undo it."""
    found: dict[UUID, set[UUID]] = {}
    for operation, undone in pairs:
        if undone is not None:
            found.setdefault(undone, set()).add(operation)
    return found


def merged(changes: Sequence[tuple[State, State]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Several (before, after) of one deal, oldest first, as one."""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for was, became in changes:
        before = {**was, **before}
        after |= became
    return before, after
