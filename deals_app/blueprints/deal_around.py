"""What surrounds a deal on its page: files, people beside its owner, competitors. Each removal can be taken back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from deals_app.blueprints.downloads import download
from deals_app.blueprints.notices import changed, notice
from deals_app.blueprints.refusals import refused
from deals_app.blueprints.web import actor, signed_in
from deals_app.domain.errors import AlreadyExists, FieldProblem, Invalid, RuleBroken, TooLarge
from deals_app.services import attachments, collaborators, competitors
from deals_app.services.accounts import members

blueprint = Blueprint("around", __name__, url_prefix="/<uuid:deal_id>")


@blueprint.post("/attachments")
@signed_in
def attach(deal_id: UUID) -> ResponseReturnValue:
    """Attach a file."""
    try:
        attachments.attach_file(actor(), deal_id, **_chosen_file())
    except TooLarge as error:
        return _refused(deal_id, Invalid(FieldProblem("file", error.message)))
    except (Invalid, RuleBroken) as error:
        return _refused(deal_id, error)
    return _done(deal_id, "The file is attached.")


@blueprint.get("/attachments/<uuid:attachment_id>")
@signed_in
def read_file(deal_id: UUID, attachment_id: UUID) -> Response:
    """Download a file."""
    return download(*attachments.attached_file(actor(), deal_id, attachment_id))


@blueprint.post("/attachments/<uuid:attachment_id>/remove")
@signed_in
def remove_file(deal_id: UUID, attachment_id: UUID) -> ResponseReturnValue:
    """Take a file off."""
    name = attachments.remove_attachment(actor(), deal_id, attachment_id)
    back = url_for("deals.around.restore_file", deal_id=deal_id, attachment_id=attachment_id)
    return _done(deal_id, f"{name} was removed.", undo_url=back)


@blueprint.post("/attachments/<uuid:attachment_id>/restore")
@signed_in
def restore_file(deal_id: UUID, attachment_id: UUID) -> ResponseReturnValue:
    """Bring a file back."""
    try:
        name = attachments.restore_attachment(actor(), deal_id, attachment_id)
    except RuleBroken as error:
        return _refused(deal_id, error)
    return _done(deal_id, f"{name} is back.")


@blueprint.post("/collaborators")
@signed_in
def add_person(deal_id: UUID) -> ResponseReturnValue:
    """Put a person beside the owner."""
    try:
        person = _chosen_person()
        collaborators.add_collaborator(actor(), deal_id, person, role=request.form.get("role", "collaborator"))
    except (Invalid, RuleBroken) as error:
        return _refused(deal_id, error)
    return _done(deal_id, f"{_name_of(person)} was added.")


@blueprint.post("/collaborators/<uuid:user_id>/remove")
@signed_in
def remove_person(deal_id: UUID, user_id: UUID) -> ResponseReturnValue:
    """Take a person off."""
    role = collaborators.remove_collaborator(actor(), deal_id, user_id)
    back = url_for("deals.around.restore_person", deal_id=deal_id, user_id=user_id, role=role)
    return _done(deal_id, f"{_name_of(user_id)} was removed.", undo_url=back)


@blueprint.post("/collaborators/<uuid:user_id>/restore")
@signed_in
def restore_person(deal_id: UUID, user_id: UUID) -> ResponseReturnValue:
    """Put a person back as what they were."""
    try:
        collaborators.add_collaborator(actor(), deal_id, user_id, role=request.args.get("role", "collaborator"))
    except (Invalid, RuleBroken) as error:
        return _refused(deal_id, error)
    return _done(deal_id, f"{_name_of(user_id)} is back.")


@blueprint.post("/competitors")
@signed_in
def add_rival(deal_id: UUID) -> ResponseReturnValue:
    """Name a competitor."""
    name, strength, note = (request.form.get(word) or None for word in ("name", "strength", "note"))
    try:
        competitors.add_competitor(actor(), deal_id, name=name or "", strength=strength, note=note)
    except (Invalid, RuleBroken, AlreadyExists) as error:
        return _refused(deal_id, error)
    return _done(deal_id, f"{name} was added.")


@blueprint.post("/competitors/<uuid:competitor_id>/remove")
@signed_in
def remove_rival(deal_id: UUID, competitor_id: UUID) -> ResponseReturnValue:
    """Take a competitor off the list."""
    name = competitors.remove_competitor(actor(), deal_id, competitor_id)
    back = url_for("deals.around.restore_rival", deal_id=deal_id, competitor_id=competitor_id)
    return _done(deal_id, f"{name} was removed.", undo_url=back)


@blueprint.post("/competitors/<uuid:competitor_id>/restore")
@signed_in
def restore_rival(deal_id: UUID, competitor_id: UUID) -> ResponseReturnValue:
    """Bring a competitor back."""
    try:
        name = competitors.restore_competitor(actor(), deal_id, competitor_id)
    except AlreadyExists as error:
        return _refused(deal_id, error)
    return _done(deal_id, f"{name} is back.")


def _chosen_file() -> dict[str, Any]:
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Invalid(FieldProblem("file", "choose a file first"))
    return {"filename": file.filename, "content_type": file.content_type, "stream": file.stream}


def _chosen_person() -> UUID:
    person = request.form.get("person", type=UUID)
    if person is None:
        raise Invalid(FieldProblem("person", "choose whom to add"))
    return person


def _done(deal_id: UUID, said: str, *, undo_url: str | None = None) -> Any:
    return changed(notice(said, undo_url=undo_url), endpoint="deals.page", deal_id=deal_id)


def _refused(deal_id: UUID, error: Invalid | RuleBroken | AlreadyExists) -> Any:
    return refused(error, endpoint="deals.page", deal_id=deal_id)


def _name_of(user_id: UUID) -> str:
    return next((person.name for person in members(actor()) if person.id == user_id), "A former member")
