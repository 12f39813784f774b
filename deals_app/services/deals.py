"""Deals made, taken, deleted and restored. Their facts change in `editing.py`, their stage in `stage_transition.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from deals_app.domain.actor import Actor, Role
from deals_app.domain.errors import FieldProblem, Forbidden, Invalid, RuleBroken, StageAsks
from deals_app.domain.matching import is_blank, match_key
from deals_app.domain.rank import position_between
from deals_app.domain.stages import unanswered
from deals_app.models import Deal
from deals_app.services.customers import bring_back_customers, customer_named
from deals_app.services.editing import (
    Edited,
    money_problems,
    name_problems,
    reference_problems,
    source_problems,
    tag_problems,
)
from deals_app.services.locking import check_version, locked_deal
from deals_app.services.pipelines import chosen_pipeline, chosen_stage
from deals_app.services.placing import top_of
from deals_app.services.unit_of_work import unit_of_work
from deals_app.services.writing import CHANGE_TIME, write_deal


@dataclass(frozen=True, kw_only=True)
class NewDeal:
    """A deal to be made. Either `customer_id` or `customer_name` may be given; `value` is in minor units."""

    name: str
    currency: str
    customer_id: UUID | None = None
    customer_name: str | None = None
    assigned_to: UUID | None = None
    value: int | None = None
    value_estimated: bool = False
    expected_close_date: date | None = None
    source: str = "inbound"
    tags: tuple[str, ...] = ()
    pipeline: str | None = None
    stage: str | None = None
    custom_fields: Mapping[str, Any] = field(default_factory=dict[str, Any])
    ingested_from: str = "manual"


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
    if new.expected_close_date is not None and new.expected_close_date <= actor.today:
        problems.append(FieldProblem("expected_close_date", "must be after today"))
    with unit_of_work(actor) as work:
        problems += reference_problems(work.session, new.customer_id, new.assigned_to)
        if problems:
            raise Invalid(*problems)
        pipeline = chosen_pipeline(work.session, new.pipeline)
        stage = chosen_stage(pipeline, new.stage)
        if not stage.is_open:
            raise Invalid(FieldProblem("stage", "a new deal starts in an open stage"))
        customer_id = new.customer_id
        if customer_id is None and new.customer_name and not is_blank(new.customer_name):
            customer_id = customer_named(work, new.customer_name)
        known = {"value": new.value, "customer_id": customer_id, "assigned_to": new.assigned_to}
        if asked := unanswered(stage, known | {"expected_close_date": new.expected_close_date}):
            raise StageAsks(*asked)
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
                value_estimated=new.value_estimated,
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


def take_deal(actor: Actor, deal_id: UUID) -> Edited:
    """Make an unowned deal one's own; raises NotFound, Forbidden, also when somebody was quicker."""
    with unit_of_work(actor) as work:
        deal = locked_deal(work, deal_id)
        if deal.assigned_to is not None:
            message = "Somebody else has taken this deal"
            raise Forbidden(message)
        written = write_deal(work, deal_id, {"assigned_to": actor.user_id, "version": deal.version + 1})
        return Edited(deal=written, operation=work.operation)


def delete_deal(actor: Actor, deal_id: UUID, *, version: int | None = None) -> Edited:
    """Take a deal out of every list and figure; it can be restored. Raises NotFound, Forbidden, Conflict."""
    with unit_of_work(actor) as work:
        deal = locked_deal(work, deal_id)
        check_version(deal, version)
        written = write_deal(work, deal_id, {"deleted_at": CHANGE_TIME, "version": deal.version + 1})
        return Edited(deal=written, operation=work.operation)


def restore_deal(actor: Actor, deal_id: UUID) -> Edited:
    """Bring a deleted deal back as it was; raises NotFound, Forbidden, RuleBroken RESTORE_FAILED for a live one."""
    with unit_of_work(actor) as work:
        deal = locked_deal(work, deal_id, deleted=True)
        if deal.deleted_at is None:
            message = "cannot restore a deal that is not deleted"
            raise RuleBroken(message, code="RESTORE_FAILED")
        written = write_deal(work, deal_id, {"deleted_at": None, "version": deal.version + 1})
        bring_back_customers(work.session, [deal_id])
        return Edited(deal=written, operation=work.operation)
