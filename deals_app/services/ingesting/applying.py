"""A draft becomes a deal, or changes the one it is about: the columns that are set, by the rules of every door.

A change is one entry of the ledger, whatever it touches. What a draft does not speak of stays; an estimated value
never takes the place of one that somebody named; a closed deal is not opened by what comes in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from deals_app.domain.actor import Role
from deals_app.domain.drafts import DealDraft
from deals_app.domain.errors import FieldProblem, Invalid, NotFound
from deals_app.domain.inbound import Understood
from deals_app.domain.matching import match_key
from deals_app.domain.rank import position_between
from deals_app.domain.stages import StageStatus
from deals_app.domain.views import PipelineView, StageView
from deals_app.models import Customer, Deal, ExternalRef
from deals_app.services.accounts import member_views, owner_ids_by_text
from deals_app.services.customers import customer_named
from deals_app.services.editing import money_problems, tag_problems
from deals_app.services.locking import locked_deal
from deals_app.services.pipelines import chosen_stage
from deals_app.services.placing import top_of
from deals_app.services.stage_transition import Closing, arrival, closing_values
from deals_app.services.statements import AnyRow
from deals_app.services.unit_of_work import UnitOfWork
from deals_app.services.writing import ON_TOP, write_deal


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What became of a draft: created, updated or unchanged; `changed` are columns, `notes` are for people."""

    deal_id: UUID
    outcome: str
    changed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    is_newest: bool = True


def make_deal(work: UnitOfWork, understood: Understood, draft: DealDraft, pipeline: PipelineView) -> Applied:
    """A new deal on top of its stage; raises Invalid naming what is wrong for this tenant."""
    stage = chosen_stage(pipeline, draft.stage_text)
    currency = draft.currency or work.actor.base_currency
    owner_id, notes = _owner(work, draft)
    if problems := [*money_problems(draft.value_minor, currency), *tag_problems(draft.tags)]:
        raise Invalid(*problems)
    values: dict[str, Any] = {
        "tenant_id": work.actor.tenant_id,
        "name": draft.name,
        "match_key": match_key(draft.name),
        "customer_id": customer_named(work, draft.company) if draft.company else None,
        "assigned_to": owner_id,
        "value": draft.value_minor,
        "currency": currency,
        "value_estimated": understood.value_estimated and draft.value_minor is not None,
        "pipeline_id": pipeline.id,
        "stage_id": stage.id,
        "status": stage.status,
        "probability": stage.probability,
        "source": draft.source or "inbound",
        "ingested_from": work.actor.door,
        "expected_close_date": draft.expected_close_on if stage.is_open else None,
        "tags": list(draft.tags),
        "custom_fields": dict(draft.custom),
        "extra": dict(understood.metadata),
        "position": position_between(None, top_of(work.session, stage.id)),
    }
    if stage.is_open:
        values |= {} if draft.probability is None else {"probability": draft.probability}
    else:
        values |= closing_values(work.session, work.actor, stage, _closing(draft))
    deal_id = work.session.scalars(insert(Deal).values(values).returning(Deal.id)).one()
    return Applied(deal_id=deal_id, outcome="created", notes=notes)


def change_deal(
    work: UnitOfWork, understood: Understood, draft: DealDraft, deal_id: UUID, pipelines: Sequence[PipelineView]
) -> Applied:
    """The deal with what the draft says of it, in one change; raises Invalid, Forbidden (another's, for a rep)."""
    try:
        locked = _held(work, deal_id) if work.actor.role is Role.INGEST else locked_deal(work, deal_id)
    except NotFound:
        message = "this deal was deleted here; restore it first"
        raise Invalid(FieldProblem("external_id" if draft.external_id else "name", message)) from None
    deal = work.session.execute(select(Deal).where(Deal.id == deal_id)).scalar_one()
    values, notes = _facts(work, understood, draft, deal)
    pipeline = next(each for each in pipelines if each.id == locked.pipeline_id)
    staged, more = _stage_values(work, draft, deal, pipeline)
    said = {name: value for name, value in (values | staged).items() if not isinstance(value, ColumnElement)}
    changed = {name: value for name, value in said.items() if getattr(deal, name) != value}
    if not changed:
        return Applied(deal_id=deal_id, outcome="unchanged", notes=(*notes, *more))
    written: dict[str, Any] = changed | {
        name: value for name, value in staged.items() if isinstance(value, ColumnElement)
    }
    if "value" in changed:
        written["value_estimated"] = understood.value_estimated
    if "extra" in changed:
        written["metadata"] = written.pop("extra")
    write_deal(work, deal_id, written | {"version": locked.version + 1})
    shown = tuple("metadata" if name == "extra" else name for name in changed if name != "match_key")
    return Applied(deal_id=deal_id, outcome="updated", changed=shown, notes=(*notes, *more))


def refer(work: UnitOfWork, deal_id: UUID, names: list[tuple[str, str]], changed_at: datetime | None) -> None:
    """The deal is known by these names from now on; the first one's source last changed then."""
    for place, (system, known_as) in enumerate(names):
        row = {"tenant_id": work.actor.tenant_id, "system": system, "external_id": known_as, "deal_id": deal_id}
        statement = upsert(ExternalRef).values(row | {"source_updated_at": changed_at if place == 0 else None})
        newer = {"source_updated_at": statement.excluded.source_updated_at}
        keys = ["tenant_id", "system", "external_id"]
        if place == 0 and changed_at is not None:
            statement = statement.on_conflict_do_update(index_elements=keys, set_=newer)
        else:
            statement = statement.on_conflict_do_nothing(index_elements=keys)
        work.session.execute(statement)


def _facts(
    work: UnitOfWork, understood: Understood, draft: DealDraft, deal: Deal
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The columns a draft sets on a deal, its stage aside."""
    given, values = draft.given, dict[str, Any]()
    notes: tuple[str, ...] = ()
    if "name" in given:
        values |= {"name": draft.name, "match_key": match_key(draft.name)}
    if "company" in given:
        values["customer_id"] = _customer(work, draft.company, deal.customer_id)
    if ("value_minor" in given or "currency" in given) and not (understood.value_estimated and deal.value is not None):
        values |= _money(work, draft, deal)
    if "owner_text" in given:
        owner_id, notes = _owner(work, draft)
        values |= {"assigned_to": owner_id} if owner_id else {}
    if "source" in given and draft.source:
        values["source"] = draft.source
    if "tags" in given:
        if problems := tag_problems(draft.tags):
            raise Invalid(*problems)
        values["tags"] = list(draft.tags)
    if draft.custom:
        values["custom_fields"] = deal.custom_fields | dict(draft.custom)
    if understood.metadata:
        values["extra"] = deal.extra | dict(understood.metadata)
    return values, notes


def _money(work: UnitOfWork, draft: DealDraft, deal: Deal) -> dict[str, Any]:
    if "value_minor" in draft.given:
        value, currency = draft.value_minor, draft.currency or work.actor.base_currency
    else:
        value, currency = deal.value, draft.currency or deal.currency
    if problems := money_problems(value, currency):
        raise Invalid(*problems)
    return {"value": value, "currency": currency}


def _stage_values(
    work: UnitOfWork, draft: DealDraft, deal: Deal, stages: PipelineView
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Stage, probability and dates; the same rules as a move by hand."""
    target: StageView = next(stage for stage in stages.stages if stage.id == deal.stage_id)
    if "stage_text" in draft.given and draft.stage_text:
        target = chosen_stage(stages, draft.stage_text)
    if deal.status != StageStatus.OPEN:
        if target.id != deal.stage_id:
            return {}, ("its stage stays: a closed deal is opened again by a manager only",)
        dated = {"actual_close_date": draft.closed_on} if draft.closed_on else {}
        return dated | _lost(draft, target), ()
    values: dict[str, Any] = {}
    if target.id != deal.stage_id:
        values |= arrival(target) | {"position": ON_TOP}
        if target.status != StageStatus.OPEN:
            return values | closing_values(work.session, work.actor, target, _closing(draft)), ()
    if "expected_close_on" in draft.given:
        values["expected_close_date"] = draft.expected_close_on
    if draft.probability is not None:
        values["probability"] = draft.probability
    return values, ()


def _lost(draft: DealDraft, target: StageView) -> dict[str, Any]:
    is_told = target.status == StageStatus.CLOSED_LOST and draft.loss_reason
    return {"loss_reason": draft.loss_reason} if is_told else {}


def _closing(draft: DealDraft) -> Closing:
    return Closing(on=draft.closed_on, reason=draft.loss_reason)


def _customer(work: UnitOfWork, company: str | None, present: UUID | None) -> UUID | None:
    """The customer that a company's name means; of several alike the one that the deal has already."""
    if not company:
        return None
    same = select(Customer.id).where(Customer.id == present, Customer.match_key == match_key(company))
    if present is not None and work.session.scalar(same) is not None:
        return present
    return customer_named(work, company)


def _owner(work: UnitOfWork, draft: DealDraft) -> tuple[UUID | None, tuple[str, ...]]:
    """Whom the owner's name or address means here, and a word when it is nobody."""
    if not draft.owner_text:
        return None, ()
    found = owner_ids_by_text(member_views(work.session)).get(draft.owner_text.casefold())
    return found, () if found else (f"nobody here is called {draft.owner_text[:100]!r}",)


def _held(work: UnitOfWork, deal_id: UUID) -> AnyRow:
    """For a key that may only bring deals in: it may change what it brings, whosever it is."""
    columns = (Deal.id, Deal.pipeline_id, Deal.version, Deal.deleted_at)
    row = work.session.execute(select(*columns).where(Deal.id == deal_id).with_for_update()).one_or_none()
    if row is None or row.deleted_at is not None:
        message = "There is no such deal"
        raise NotFound(message)
    return row
