"""Deals made and edited by people and by `/api/v1`. Changes of stage are `stage_transition.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor, Role
from deals_app.domain.calendar import today_in
from deals_app.domain.errors import FieldProblem, Forbidden, Invalid
from deals_app.domain.lengths import LONGEST_NAME, LONGEST_NOTE, LONGEST_TAG
from deals_app.domain.matching import is_blank, match_key
from deals_app.domain.money import CURRENCIES, MAX_MINOR
from deals_app.domain.rank import position_between
from deals_app.models import Customer, Deal, Membership
from deals_app.services.customers import customer_named
from deals_app.services.pipelines import chosen_pipeline, chosen_stage
from deals_app.services.stage_transition import add_note, check_version, locked_deal, top_of
from deals_app.services.unit_of_work import UnitOfWork, unit_of_work

SOURCES = ("inbound", "outbound", "referral", "partner")


@dataclass(frozen=True, kw_only=True)
class NewDeal:
    """A deal to be made. Either `customer_id` or `customer_name` may be given; `value` is in minor units."""

    name: str
    currency: str
    customer_id: UUID | None = None
    customer_name: str | None = None
    assigned_to: UUID | None = None
    value: int | None = None
    expected_close_date: date | None = None
    source: str = "inbound"
    tags: tuple[str, ...] = ()
    pipeline: str | None = None
    stage: str | None = None
    custom_fields: Mapping[str, Any] = field(default_factory=dict[str, Any])
    ingested_from: str = "manual"


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


def create_deal(actor: Actor, new: NewDeal) -> UUID:
    """Make a deal on top of its pipeline's first open stage, or of the open stage given; returns its id.

    Raises Invalid naming every wrong field, NotFound for the pipeline, Forbidden for ingest keys.
    """
    if actor.role is Role.INGEST:
        message = "An ingest key makes deals through the ingestion API only"
        raise Forbidden(message)
    problems = [
        *name_problems(new.name),
        *money_problems(new.value, new.currency),
        *source_problems(new.source),
        *tag_problems(new.tags),
    ]
    if new.expected_close_date is not None and new.expected_close_date <= today_in(actor.time_zone):
        problems.append(FieldProblem("expected_close_date", "must be after today"))
    with unit_of_work(actor) as work:
        problems += _reference_problems(work.session, new.customer_id, new.assigned_to)
        if problems:
            raise Invalid(*problems)
        pipeline = chosen_pipeline(work.session, new.pipeline)
        stage = chosen_stage(pipeline, new.stage)
        if not stage.is_open:
            raise Invalid(FieldProblem("stage", "a new deal starts in an open stage"))
        customer_id = new.customer_id
        if customer_id is None and new.customer_name and not is_blank(new.customer_name):
            customer_id = customer_named(work, new.customer_name)
        return work.session.scalars(
            insert(Deal)
            .values(
                tenant_id=actor.tenant_id,
                name=new.name.strip(),
                match_key=match_key(new.name),
                customer_id=customer_id,
                assigned_to=new.assigned_to,
                value=new.value,
                currency=new.currency,
                pipeline_id=pipeline.id,
                stage_id=stage.id,
                status=stage.status,
                probability=stage.probability,
                source=new.source,
                ingested_from=new.ingested_from,
                expected_close_date=new.expected_close_date,
                tags=list(new.tags),
                custom_fields=dict(new.custom_fields),
                position=position_between(None, top_of(work.session, stage.id)),
            )
            .returning(Deal.id)
        ).one()


def edit_deal(actor: Actor, deal_id: UUID, edit: DealEdit, *, version: int | None = None) -> int:
    """Change a deal's facts; returns its version, which is unchanged when nothing differs.

    Raises NotFound, Forbidden, Conflict (stale version), Invalid naming every wrong field.
    """
    with unit_of_work(actor) as work:
        locked = locked_deal(work, deal_id)
        check_version(locked, version)
        _check_edit(work, edit, locked.currency, locked.value)
        values = _edited_values(work, edit)
        deal = work.session.execute(select(Deal).where(Deal.id == deal_id)).scalar_one()
        changed = {key: value for key, value in values.items() if getattr(deal, key) != value}
        if not changed:
            return deal.version
        if "value" in changed:
            changed["value_estimated"] = False
        changed["version"] = deal.version + 1
        work.session.execute(update(Deal).where(Deal.id == deal_id).values(**changed))
        return changed["version"]


def note_deal(actor: Actor, deal_id: UUID, body: str) -> UUID:
    """Write a note on a deal's timeline; raises NotFound, Forbidden, Invalid."""
    if is_blank(body) or len(body) > LONGEST_NOTE:
        raise Invalid(FieldProblem("body", "must have 1 to 20,000 characters"))
    with unit_of_work(actor) as work:
        locked_deal(work, deal_id)
        return add_note(work, deal_id, body)


def take_deal(actor: Actor, deal_id: UUID) -> int:
    """Make an unowned deal one's own; raises NotFound, Forbidden, Conflict when somebody was quicker."""
    with unit_of_work(actor) as work:
        deal = locked_deal(work, deal_id)
        if deal.assigned_to is not None:
            message = "Somebody else has taken this deal"
            raise Forbidden(message)
        work.session.execute(
            update(Deal).where(Deal.id == deal_id).values(assigned_to=actor.user_id, version=deal.version + 1)
        )
        return deal.version + 1


def delete_deal(actor: Actor, deal_id: UUID, *, version: int | None = None) -> None:
    """Take a deal out of every list and figure; it can be restored. Raises NotFound, Forbidden, Conflict."""
    with unit_of_work(actor) as work:
        deal = locked_deal(work, deal_id)
        check_version(deal, version)
        work.session.execute(
            update(Deal).where(Deal.id == deal_id).values(deleted_at=func.now(), version=deal.version + 1)
        )


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


def _reference_problems(
    session: Session, customer_id: UUID | None, assigned_to: UUID | Unset | None
) -> list[FieldProblem]:
    """References to nobody are named, instead of failing on the foreign key."""
    problems: list[FieldProblem] = []
    if customer_id is not None and not session.scalar(select(Customer.id).where(Customer.id == customer_id)):
        problems.append(FieldProblem("customer_id", "there is no such customer"))
    if isinstance(assigned_to, UUID) and not session.scalar(
        select(Membership.user_id).where(Membership.user_id == assigned_to)
    ):
        problems.append(FieldProblem("assigned_to", "there is no such person in this team"))
    return problems


def _check_edit(work: UnitOfWork, edit: DealEdit, currency: str, value: int | None) -> None:
    problems = _reference_problems(work.session, None, edit.assigned_to)
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


def _edited_values(work: UnitOfWork, edit: DealEdit) -> dict[str, Any]:
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
