"""What is said after a change: a toast in htmx's answer, a flashed message after a redirect; its undo beside it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict
from uuid import UUID

from flask import Response, flash, make_response, render_template, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from deals_app.blueprints.web import back_to, is_htmx

# Whatever shows deals listens for this and asks for itself again.
CHANGED = "deals-changed"


class Notice(TypedDict):
    """A toast as base.html and `_toasts.html` show it."""

    text: str
    tone: str
    undo_url: str | None
    redo_url: str | None


def notice(text: str, tone: str = "good", *, undo: UUID | None = None, redo: UUID | None = None) -> Notice:
    """A message; `undo` is the operation its button takes back, `redo` the undo that it takes back."""
    return Notice(
        text=text,
        tone=tone,
        undo_url=url_for("undo.one", operation=undo) if undo else None,
        redo_url=url_for("undo.one", operation=redo) if redo else None,
    )


def changed(*notices: Notice, endpoint: str, **values: object) -> Response | WerkzeugResponse:
    """The answer to a change that may show in many places: they ask for themselves again; a plain form goes back."""
    if not is_htmx():
        flash_all(notices)
        return back_to(endpoint, **values)
    answer = make_response(render_template("notices/_toasts.html", notices=notices))
    answer.headers["HX-Trigger"] = CHANGED
    return answer


def flash_all(notices: Iterable[Notice]) -> None:
    """For the page that is shown next."""
    for each in notices:
        flash(each, each["tone"])  # type: ignore[arg-type]  # (Flask keeps whatever JSON can hold)
