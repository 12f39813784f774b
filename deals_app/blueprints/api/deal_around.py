"""What surrounds a deal over the management API: files, people beside its owner, competitors."""

from __future__ import annotations

from typing import Any, cast

from flask import Response

from deals_app.blueprints.api import around_shapes as shapes
from deals_app.blueprints.api.answers import Answered, Refused
from deals_app.blueprints.api.envelope import success
from deals_app.blueprints.api.keys import actor
from deals_app.blueprints.api.routes import api_routes
from deals_app.blueprints.downloads import download
from deals_app.domain.around_views import AttachmentView, CollaboratorView, CompetitorView
from deals_app.services import attachments, collaborators, competitors
from deals_app.services.queries.around import around
from deals_app.services.stored_files import LARGEST_BYTES

blueprint = api_routes("deal_around", "/deals/<uuid:deal_id>", "Deals")

Answer = tuple[Response, int] | Response
# Beside the file, an upload has its boundaries and headers.
UPLOAD_BYTES = LARGEST_BYTES + 64 * 1024


@blueprint.get("/attachments", responses={200: Answered[list[shapes.AttachmentAnswer]]})
def files(path: shapes.DealPath) -> Answer:
    """List a deal's files, the newest first."""
    return success([_file(each) for each in around(actor(), path.deal_id).attachments])


@blueprint.post("/attachments", responses={201: Answered[shapes.AttachmentAnswer], 409: Refused})
def attach(path: shapes.DealPath, form: shapes.Upload) -> Answer:
    """Attach a file, as multipart field `file`: up to 25 MB, and up to 50 of them at a deal."""
    attachment_id = attachments.attach_file(
        actor(),
        path.deal_id,
        filename=form.file.filename or "",
        content_type=form.file.content_type,
        stream=cast("Any", form.file.stream),
    )
    found = around(actor(), path.deal_id).attachments
    return success(_file(next(each for each in found if each.id == attachment_id)), 201)


@blueprint.get("/attachments/<uuid:attachment_id>", responses={200: {"content": shapes.FILE}})
def read_file(path: shapes.AttachmentPath) -> Answer:
    """Download a file."""
    return download(*attachments.attached_file(actor(), path.deal_id, path.attachment_id))


@blueprint.delete("/attachments/<uuid:attachment_id>", responses={204: None})
def remove_file(path: shapes.AttachmentPath) -> Answer:
    """Take a file off the deal; it can be restored."""
    attachments.remove_attachment(actor(), path.deal_id, path.attachment_id)
    return Response(status=204)


@blueprint.post(
    "/attachments/<uuid:attachment_id>/restore", responses={200: Answered[shapes.AttachmentAnswer], 409: Refused}
)
def restore_file(path: shapes.AttachmentPath) -> Answer:
    """Bring a removed file back."""
    attachments.restore_attachment(actor(), path.deal_id, path.attachment_id)
    found = around(actor(), path.deal_id).attachments
    return success(_file(next(each for each in found if each.id == path.attachment_id)))


@blueprint.get("/collaborators", responses={200: Answered[list[shapes.CollaboratorAnswer]]})
def people(path: shapes.DealPath) -> Answer:
    """List the people beside the owner, by name."""
    return success([_person(each) for each in around(actor(), path.deal_id).collaborators])


@blueprint.post("/collaborators", responses={201: Answered[list[shapes.CollaboratorAnswer]], 409: Refused})
def add_person(path: shapes.DealPath, body: shapes.AddCollaborator) -> Answer:
    """Put a person beside the owner, or give one who is there another role; answers all of them."""
    collaborators.add_collaborator(actor(), path.deal_id, body.user_id, role=body.role)
    return success([_person(each) for each in around(actor(), path.deal_id).collaborators], 201)


@blueprint.delete("/collaborators/<uuid:user_id>", responses={204: None})
def remove_person(path: shapes.CollaboratorPath) -> Answer:
    """Take a person off."""
    collaborators.remove_collaborator(actor(), path.deal_id, path.user_id)
    return Response(status=204)


@blueprint.get("/competitors", responses={200: Answered[list[shapes.CompetitorAnswer]]})
def rivals(path: shapes.DealPath) -> Answer:
    """List who else bids for the deal, in the order they came up."""
    return success([_rival(each) for each in around(actor(), path.deal_id).competitors])


@blueprint.post("/competitors", responses={201: Answered[shapes.CompetitorAnswer], 409: Refused})
def add_rival(path: shapes.DealPath, body: shapes.AddCompetitor) -> Answer:
    """Name a competitor; 409 for one who is named already, however it is spelt."""
    return _one_rival(path, competitors.add_competitor(actor(), path.deal_id, **body.model_dump()), 201)


@blueprint.patch("/competitors/<uuid:competitor_id>", responses={200: Answered[shapes.CompetitorAnswer], 409: Refused})
def change_rival(path: shapes.CompetitorPath, body: shapes.ChangeCompetitor) -> Answer:
    """Change name, strength or note."""
    facts = body.model_dump(include=body.model_fields_set)
    competitors.change_competitor(actor(), path.deal_id, path.competitor_id, facts)
    return _one_rival(path, path.competitor_id)


@blueprint.delete("/competitors/<uuid:competitor_id>", responses={204: None})
def remove_rival(path: shapes.CompetitorPath) -> Answer:
    """Take a competitor off the list; it can be restored."""
    competitors.remove_competitor(actor(), path.deal_id, path.competitor_id)
    return Response(status=204)


@blueprint.post(
    "/competitors/<uuid:competitor_id>/restore", responses={200: Answered[shapes.CompetitorAnswer], 409: Refused}
)
def restore_rival(path: shapes.CompetitorPath) -> Answer:
    """Bring a removed competitor back."""
    competitors.restore_competitor(actor(), path.deal_id, path.competitor_id)
    return _one_rival(path, path.competitor_id)


def _one_rival(path: shapes.DealPath, competitor_id: object, status: int = 200) -> Answer:
    found = around(actor(), path.deal_id).competitors
    return success(_rival(next(each for each in found if each.id == competitor_id)), status)


def _file(view: AttachmentView) -> dict[str, Any]:
    return shapes.AttachmentAnswer.model_validate(view).model_dump(mode="json")


def _person(view: CollaboratorView) -> dict[str, Any]:
    return shapes.CollaboratorAnswer.model_validate(view).model_dump(mode="json")


def _rival(view: CompetitorView) -> dict[str, Any]:
    return shapes.CompetitorAnswer.model_validate(view).model_dump(mode="json")
