"""Forms of a tenant: admins make, change and delete them, managers read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, func, insert, select, update
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.errors import Conflict, FieldProblem, Forbidden, Invalid, NotFound
from deals_app.domain.forms import DEFAULT_FIELDS, THANKS, FormField, FormInFull, checked
from deals_app.models import Form, Membership, User
from deals_app.services.audit import record
from deals_app.services.pipelines import pipeline_views
from deals_app.services.unit_of_work import UnitOfWork, reading, unit_of_work

PLACES = ("pipeline_id", "stage_id", "owner_id")


def forms(actor: Actor) -> list[FormInFull]:
    """All there are, the first one first; raises Forbidden for reps."""
    _demand_manager(actor)
    with reading(actor) as session:
        rows = session.scalars(select(Form).where(Form.deleted_at.is_(None)).order_by(Form.created_at, Form.id))
        return [_view(row) for row in rows]


def form(actor: Actor, form_id: UUID) -> FormInFull:
    """One; raises Forbidden, NotFound."""
    _demand_manager(actor)
    with reading(actor) as session:
        return _found(session, form_id)


def create_form(actor: Actor, facts: Mapping[str, Any]) -> FormInFull:
    """Make a form from facts that `domain.forms.checked` knows, and PLACES; raises Forbidden, Invalid."""
    _demand_admin(actor)
    values, problems = checked({"name": "", "fields": DEFAULT_FIELDS, "thank_you": THANKS} | dict(facts))
    with unit_of_work(actor) as work:
        values = _placed(work.session, values, problems)
        form_id = work.session.scalars(
            insert(Form).values(tenant_id=actor.tenant_id, **values).returning(Form.id)
        ).one()
        record(work, "form.created", f"form:{form_id}", {"name": values["name"]})
        return _found(work.session, form_id)


def change_form(actor: Actor, form_id: UUID, facts: Mapping[str, Any], *, version: int | None = None) -> FormInFull:
    """Set the facts that are named; raises Forbidden, NotFound, Invalid naming each field, Conflict."""
    _demand_admin(actor)
    values, problems = checked(facts)
    with unit_of_work(actor) as work:
        known = _found(work.session, form_id, hold=True)
        if version is not None and version != known.version:
            message = "Somebody else has changed this form meanwhile"
            raise Conflict(message)
        values = _placed(work.session, values, problems)
        if values:
            changed = update(Form).where(Form.id == form_id).values(values | {"version": known.version + 1})
            work.session.execute(changed)
            record(work, "form.changed", f"form:{form_id}", {"fields": sorted(values)})
        work.session.expire_all()
        return _found(work.session, form_id)


def delete_form(actor: Actor, form_id: UUID) -> None:
    """Close its page for good, until it is restored; what came in through it stays. Raises Forbidden, NotFound."""
    _set_deleted(actor, form_id, is_deleted=True)


def restore_form(actor: Actor, form_id: UUID) -> None:
    """Bring a deleted form back, under its old key; raises Forbidden, NotFound."""
    _set_deleted(actor, form_id, is_deleted=False)


def insert_first_form(work: UnitOfWork) -> None:
    """The form that every tenant starts with, inside a transaction."""
    values, _ = checked({"name": "Contact", "title": "Get in touch", "fields": DEFAULT_FIELDS, "thank_you": THANKS})
    work.session.execute(insert(Form).values(tenant_id=work.actor.tenant_id, **values))


def reader_settings(session: Session, form_id: UUID | None) -> dict[str, Any]:
    """What a source needs to read what came through a form; without one, the values of the tenant's first form.

    Read when it is worked on, so that what was held goes where the form sends things now.
    """
    chosen = Form.id == form_id if form_id else Form.deleted_at.is_(None)
    row = session.scalars(select(Form).where(chosen).order_by(Form.created_at, Form.id).limit(1)).one_or_none()
    if row is None:
        return {}
    settings: dict[str, Any] = {"company_size_values": row.company_size_values}
    if form_id is None:
        return settings
    places = {"pipeline": row.pipeline_id, "stage": row.stage_id, "owner": row.owner_id}
    return settings | {name: str(place) for name, place in places.items() if place}


def _set_deleted(actor: Actor, form_id: UUID, *, is_deleted: bool) -> None:
    _demand_admin(actor)
    with unit_of_work(actor) as work:
        found = work.session.execute(
            update(Form)
            .where(Form.id == form_id, Form.deleted_at.is_(None) if is_deleted else Form.deleted_at.is_not(None))
            .values(deleted_at=func.now() if is_deleted else None, version=Form.version + 1)
        )
        if cast("CursorResult[Any]", found).rowcount != 1:
            raise _missing()
        record(work, "form.deleted" if is_deleted else "form.restored", f"form:{form_id}", {})


def _placed(session: Session, values: dict[str, Any], problems: list[FieldProblem]) -> dict[str, Any]:
    """The values with a pipeline, stage and owner of this tenant; raises Invalid with all that was found wrong."""
    if any(values.get(name) for name in PLACES):
        placed, wrong = _places(session, values)
        values, problems = values | placed, [*problems, *wrong]
    elif "pipeline_id" in values:
        values = values | {"stage_id": None}
    if problems:
        raise Invalid(*problems)
    return values


def _places(session: Session, values: Mapping[str, Any]) -> tuple[dict[str, Any], list[FieldProblem]]:
    """A stage says its pipeline; a pipeline alone means its first open stage."""
    placed, problems = dict[str, Any](), list[FieldProblem]()
    pipeline_id, stage_id, owner_id = (values.get(name) for name in PLACES)
    if stage_id:
        stages = {stage.id: (each.id, stage) for each in pipeline_views(session) for stage in each.stages}
        found = stages.get(stage_id)
        if found is None or not found[1].is_open or pipeline_id not in {None, found[0]}:
            problems.append(FieldProblem("stage_id", "must be an open stage of the pipeline"))
        else:
            placed = {"pipeline_id": found[0], "stage_id": stage_id}
    elif pipeline_id:
        if pipeline_id not in {each.id for each in pipeline_views(session)}:
            problems.append(FieldProblem("pipeline_id", "must be the id of a pipeline"))
        placed = {"pipeline_id": pipeline_id, "stage_id": None}
    if owner_id and session.scalar(_active_member(owner_id)) is None:
        problems.append(FieldProblem("owner_id", "must be the id of somebody of the team who can sign in"))
    return placed, problems


def _active_member(user_id: UUID) -> Any:
    joined = select(Membership.user_id).join(User, User.id == Membership.user_id)
    return joined.where(Membership.user_id == user_id, User.is_active)


def _found(session: Session, form_id: UUID, *, hold: bool = False) -> FormInFull:
    wanted = select(Form).where(Form.id == form_id, Form.deleted_at.is_(None))
    row = session.scalars(wanted.with_for_update() if hold else wanted).one_or_none()
    if row is None:
        raise _missing()
    return _view(row)


def _view(row: Form) -> FormInFull:
    return FormInFull(
        id=row.id,
        form_key=row.form_key,
        name=row.name,
        title=row.title,
        intro=row.intro,
        fields=tuple(FormField(**each) for each in row.fields),
        products=tuple(row.products),
        company_size_values=row.company_size_values,
        thank_you=row.thank_you,
        consent=row.consent,
        allowed_origins=tuple(row.allowed_origins),
        version=row.version,
        pipeline_id=row.pipeline_id,
        stage_id=row.stage_id,
        owner_id=row.owner_id,
        is_active=row.is_active,
    )


def _missing() -> NotFound:
    return NotFound("There is no such form")


def _demand_manager(actor: Actor) -> None:
    if not actor.manages:
        message = "Managers and admins see the forms"
        raise Forbidden(message)


def _demand_admin(actor: Actor) -> None:
    if not actor.administers:
        message = "Only admins change forms"
        raise Forbidden(message)
