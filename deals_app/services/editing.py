"""A deal's facts, changed by people and by `/api/v1`; what a fact may be is decided here for new deals too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.errors import Conflict, FieldProblem, Invalid
from deals_app.domain.lengths import LONGEST_NAME, LONGEST_TAG
from deals_app.domain.matching import is_blank, match_key
from deals_app.domain.money import CURRENCIES, MAX_MINOR
from deals_app.domain.views import DealView
from deals_app.models import Customer, Deal, DealEvent, Membership
from deals_app.services.customers import customer_named
from deals_app.services.deal_rows import deal_view
from deals_app.services.locking import check_version, locked_deal
from deals_app.services.unit_of_work import UnitOfWork, unit_of_work
from deals_app.services.writing import write_deal

SOURCES = ("inbound", "outbound", "referral", "partner")


class Unset:
    """What an edit does not speak of; None would mean "empty it"."""


UNSET = Unset()


@dataclass(frozen=True, kw_only=True)
class DealEdit:
    """Changes to a deal; fields left UNSET stay as they are."""

    name: str | Unset = UNSET
    value: int | Unset | None = UNSET
    currency: str | Unset = UNSET
    expected_close_date: date | Unset | None = UNSET
    assigned_to: UUID | Unset | None = UNSET
    customer_name: str | Unset | None = UNSET
    tags: tuple[str, ...] | Unset = UNSET
    custom_fields: Mapping[str, Any] | Unset = UNSET


@dataclass(frozen=True, kw_only=True)
class Edited:
    """The deal as it is now, and the operation that can be undone; None when nothing differed."""

    deal: DealView
    operation: UUID | None


def edit_deal(
    actor: Actor, deal_id: UUID, edit: DealEdit, *, version: int | None = None, since: int | None = None
) -> Edited:
    """Change a deal's facts. `version` is the only one this edit is meant for; `since` is the one the person saw.

    With `since`, what others did to other fields does not matter: only a field that is edited here and was changed
    after that version is a conflict. Raises NotFound, Forbidden, Conflict, Invalid naming every wrong field.
    """
    with unit_of_work(actor) as work:
        locked = locked_deal(work, deal_id)
        check_version(locked, version)
        check_edit(work, edit, locked.currency, locked.value)
        values = edited_values(work, edit)
        if since is not None and since < locked.version:
            _check_fields(work.session, deal_id, since, values.keys())
        deal = work.session.execute(select(Deal).where(Deal.id == deal_id)).scalar_one()
        changed = {key: value for key, value in values.items() if getattr(deal, key) != value}
        if not changed:
            return Edited(deal=deal_view(work.connection, actor, deal_id), operation=None)
        if "value" in changed:
            changed["value_estimated"] = False
        changed["version"] = locked.version + 1
        return Edited(deal=write_deal(work, deal_id, changed), operation=work.operation)


def name_problems(name: str) -> list[FieldProblem]:
    """1 to 200 characters, and not only blanks."""
    if is_blank(name):
        return [FieldProblem("name", "must not be empty")]
    if len(name.strip()) > LONGEST_NAME:
        return [FieldProblem("name", f"must have at most {LONGEST_NAME} characters, this one has {len(name.strip())}")]
    return []


def money_problems(value: int | None, currency: str) -> list[FieldProblem]:
    """A currency that exists, and an amount that can be stored."""
    problems: list[FieldProblem] = []
    if currency not in CURRENCIES:
        problems.append(FieldProblem("currency", f"{currency[:20]!r} is not an ISO 4217 currency such as USD or EUR"))
    if value is not None and not 0 <= value <= MAX_MINOR:
        problems.append(FieldProblem("value", "must not be negative" if value < 0 else "is too large to be stored"))
    return problems


def tag_problems(tags: Sequence[str]) -> list[FieldProblem]:
    """Short and not blank: they stand on cards and in an index."""
    if any(is_blank(tag) or len(tag) > LONGEST_TAG for tag in tags):
        return [FieldProblem("tags", f"each must have 1 to {LONGEST_TAG} characters")]
    return []


def source_problems(source: str) -> list[FieldProblem]:
    """One of the four ways a deal comes about."""
    return [] if source in SOURCES else [FieldProblem("source", f"must be one of {', '.join(SOURCES)}")]


def reference_problems(
    session: Session, customer_id: UUID | None, assigned_to: UUID | Unset | None
) -> list[FieldProblem]:
    """References to nobody are named, instead of failing on the foreign key."""
    problems: list[FieldProblem] = []
    if customer_id is not None and not session.scalar(
        select(Customer.id)
        .where(Customer.id == customer_id, Customer.deleted_at.is_(None))
        .with_for_update(read=True, key_share=True)
    ):
        problems.append(FieldProblem("customer_id", "there is no such customer"))
    if isinstance(assigned_to, UUID) and not session.scalar(
        select(Membership.user_id).where(Membership.user_id == assigned_to)
    ):
        problems.append(FieldProblem("assigned_to", "there is no such person in this team"))
    return problems


def check_edit(work: UnitOfWork, edit: DealEdit, currency: str, value: int | None) -> None:
    """Raises Invalid naming every field of an edit that is wrong for a deal with this currency and value."""
    problems = reference_problems(work.session, None, edit.assigned_to)
    if not isinstance(edit.name, Unset):
        problems += name_problems(edit.name)
    if not isinstance(edit.tags, Unset):
        problems += tag_problems(edit.tags)
    problems += money_problems(
        value if isinstance(edit.value, Unset) else edit.value,
        currency if isinstance(edit.currency, Unset) else edit.currency,
    )
    if problems:
        raise Invalid(*problems)


def edited_values(work: UnitOfWork, edit: DealEdit) -> dict[str, Any]:
    """The columns an edit sets, inside a transaction; a customer that is new by name is made."""
    values: dict[str, Any] = {}
    if not isinstance(edit.name, Unset):
        values |= {"name": edit.name.strip(), "match_key": match_key(edit.name)}
    if not isinstance(edit.customer_name, Unset):
        named = edit.customer_name
        values["customer_id"] = customer_named(work, named) if named and not is_blank(named) else None
    if not isinstance(edit.tags, Unset):
        values["tags"] = list(edit.tags)
    if not isinstance(edit.custom_fields, Unset):
        values["custom_fields"] = dict(edit.custom_fields)
    for key in ("value", "currency", "expected_close_date", "assigned_to"):
        given = getattr(edit, key)
        if not isinstance(given, Unset):
            values[key] = given
    return values


def _check_fields(session: Session, deal_id: UUID, since: int, fields: Iterable[str]) -> None:
    """Raises Conflict naming the fields that somebody has changed after that version."""
    newer = session.scalars(select(DealEvent.after).where(DealEvent.deal_id == deal_id, DealEvent.version > since))
    touched = {field for after in newer for field in after}
    if both := [field for field in fields if field in touched]:
        message = f"Somebody has changed {', '.join(both)} meanwhile"
        raise Conflict(message, fields=tuple(both))
