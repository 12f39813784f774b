"""Public forms over the management API: admins change them, managers read them."""

from __future__ import annotations

from flask import Response

from deals_app.blueprints.api import form_shapes as shapes
from deals_app.blueprints.api.answers import Answered, Refused
from deals_app.blueprints.api.envelope import success
from deals_app.blueprints.api.keys import actor
from deals_app.blueprints.api.routes import api_routes
from deals_app.services import forms

blueprint = api_routes("forms", "/forms", "Forms")

Answer = tuple[Response, int]


@blueprint.post("", responses={201: Answered[shapes.FormAnswer], 409: Refused})
def create(body: shapes.FormBody) -> Answer:
    """Make a form; its key is made with it."""
    return success(shapes.form_object(forms.create_form(actor(), body.facts())), 201)


@blueprint.get("", responses={200: Answered[list[shapes.FormAnswer]]})
def index() -> Answer:
    """List the forms, the first one first."""
    return success([shapes.form_object(each) for each in forms.forms(actor())])


@blueprint.get("/<uuid:form_id>", responses={200: Answered[shapes.FormAnswer]})
def read(path: shapes.FormPath) -> Answer:
    """Get a form."""
    return success(shapes.form_object(forms.form(actor(), path.form_id)))


@blueprint.patch("/<uuid:form_id>", responses={200: Answered[shapes.FormAnswer], 409: Refused})
def change(path: shapes.FormPath, body: shapes.ChangeForm) -> Answer:
    """Change what is named."""
    return success(shapes.form_object(forms.change_form(actor(), path.form_id, body.facts(), version=body.version)))


@blueprint.delete("/<uuid:form_id>", responses={204: None})
def delete(path: shapes.FormPath) -> Response:
    """Delete a form: its page is closed, and what came in through it stays."""
    forms.delete_form(actor(), path.form_id)
    return Response(status=204)
