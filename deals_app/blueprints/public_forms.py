"""Public forms by their key. A key that is not there is a page that says so, without the application around it."""

from __future__ import annotations

from flask import Blueprint, render_template

blueprint = Blueprint("public_forms", __name__)


@blueprint.get("/f/<form_key>")
def form(form_key: str) -> tuple[str, int]:
    """A form that was closed or never was."""
    return render_template("public_forms/closed.html", form_key=form_key), 404
