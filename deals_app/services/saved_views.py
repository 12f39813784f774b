"""Views that people and programs save, for themselves or the team. What an address may say is its page's to know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exc, func, insert, or_, select, update

from deals_app.domain.actor import Actor
from deals_app.domain.around_views import SavedViewView
from deals_app.domain.errors import AlreadyExists, FieldProblem, Forbidden, Invalid, NotFound, RuleBroken
from deals_app.domain.matching import is_blank
from deals_app.models import SavedView
from deals_app.services.audit import record
from deals_app.services.queries.names import ActorNames
from deals_app.services.unit_of_work import UnitOfWork, reading, unit_of_work

PAGES = ("deals", "board")
LONGEST = 100
MOST = 200


def saved_views(actor: Actor, page: str | None = None) -> list[SavedViewView]:
    """One's own views and those shared with the team, one's own first, by name; of one page or of all."""
    of_page = [] if page is None else [SavedView.page == page]
    is_own = SavedView.owner == actor.reference
    with reading(actor) as session:
        rows = session.scalars(
            select(SavedView)
            .where(SavedView.deleted_at.is_(None), _seen_by(actor), *of_page)
            .order_by(is_own.desc(), func.lower(SavedView.name), SavedView.id)
            .limit(MOST * 5)
        ).all()
        names = ActorNames(session)
        return [_view(actor, row, names) for row in rows]


def saved_view(actor: Actor, view_id: UUID) -> SavedViewView:
    """One of them; raises NotFound."""
    with reading(actor) as session:
        found = session.scalars(
            select(SavedView).where(SavedView.id == view_id, SavedView.deleted_at.is_(None), _seen_by(actor))
        ).one_or_none()
        if found is None:
            raise _missing()
        return _view(actor, found, ActorNames(session))


def save_view(actor: Actor, *, name: str, page: str, words: Mapping[str, str], is_shared: bool = False) -> UUID:
    """Save a page's words, checked by the page, under a name; returns the view's id.

    Raises Invalid, AlreadyExists for a name that one has for that page, RuleBroken TOO_MANY_VIEWS.
    """
    name = _checked_name(name)
    if page not in PAGES:
        raise Invalid(FieldProblem("page", f"must be one of {', '.join(PAGES)}"))
    with unit_of_work(actor) as work:
        own = select(func.count()).select_from(SavedView)
        there = own.where(SavedView.owner == actor.reference, SavedView.deleted_at.is_(None))
        if (work.session.scalar(there) or 0) >= MOST:
            message = f"One may save {MOST} views; delete one first"
            raise RuleBroken(message, code="TOO_MANY_VIEWS")
        row = {"tenant_id": actor.tenant_id, "owner": actor.reference, "page": page, "name": name}
        saving = insert(SavedView).values(**row, words=dict(words), is_shared=is_shared).returning(SavedView.id)
        try:
            view_id = work.session.scalars(saving).one()
        except exc.IntegrityError as error:
            raise _name_taken(name) from error
        record(work, "view.saved", f"view:{view_id}", {"name": name, "page": page, "is_shared": is_shared})
    return view_id


def change_view(actor: Actor, view_id: UUID, facts: Mapping[str, Any]) -> None:
    """Set `name`, `words` or `is_shared`. Raises NotFound, Forbidden, Invalid, AlreadyExists."""
    values = {fact: facts[fact] for fact in ("name", "words", "is_shared") if fact in facts}
    if "name" in values:
        values["name"] = _checked_name(values["name"])
    with unit_of_work(actor) as work:
        found = _own(work, view_id)
        if values:
            _write(work, found, values)
            record(work, "view.changed", f"view:{view_id}", {fact: str(value) for fact, value in values.items()})


def delete_view(actor: Actor, view_id: UUID) -> str:
    """Delete a view; `restore_view` brings it back. Returns its name. Raises NotFound, Forbidden."""
    with unit_of_work(actor) as work:
        found = _own(work, view_id)
        name = found.name
        _write(work, found, {"deleted_at": func.change_time()})
        record(work, "view.deleted", f"view:{view_id}", {"name": name})
        return name


def restore_view(actor: Actor, view_id: UUID) -> str:
    """Bring a deleted view back; returns its name. Raises NotFound, Forbidden, AlreadyExists."""
    with unit_of_work(actor) as work:
        found = _own(work, view_id, deleted=True)
        name = found.name
        if found.deleted_at is not None:
            _write(work, found, {"deleted_at": None})
            record(work, "view.restored", f"view:{view_id}", {"name": name})
        return name


def _seen_by(actor: Actor) -> ColumnElement[bool]:
    return or_(SavedView.is_shared, SavedView.owner == actor.reference)


def _may_change(actor: Actor, row: SavedView) -> bool:
    return row.owner == actor.reference or (row.is_shared and actor.manages)


def _own(work: UnitOfWork, view_id: UUID, *, deleted: bool = False) -> SavedView:
    """A view that the actor may change, locked; one that they cannot see is not there."""
    live = [] if deleted else [SavedView.deleted_at.is_(None)]
    found = work.session.scalars(
        select(SavedView).where(SavedView.id == view_id, _seen_by(work.actor), *live).with_for_update()
    ).one_or_none()
    if found is None:
        raise _missing()
    if not _may_change(work.actor, found):
        message = "This view is another person's; they or a manager may change it"
        raise Forbidden(message)
    return found


def _write(work: UnitOfWork, found: SavedView, values: Mapping[str, Any]) -> None:
    name = str(values.get("name", found.name))
    try:
        work.session.execute(update(SavedView).where(SavedView.id == found.id).values(**values))
    except exc.IntegrityError as error:
        raise _name_taken(name) from error


def _checked_name(name: str) -> str:
    name = name.strip()
    if is_blank(name) or len(name) > LONGEST:
        raise Invalid(FieldProblem("name", f"must have 1 to {LONGEST} characters"))
    return name


def _view(actor: Actor, row: SavedView, names: ActorNames) -> SavedViewView:
    return SavedViewView(
        id=row.id,
        name=row.name,
        page=row.page,
        words=row.words,
        is_shared=row.is_shared,
        is_own=row.owner == actor.reference,
        may_change=_may_change(actor, row),
        owner=names.of(row.owner),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _name_taken(name: str) -> AlreadyExists:
    return AlreadyExists(f"You have a view called {name} already")


def _missing() -> NotFound:
    return NotFound("There is no such view")
