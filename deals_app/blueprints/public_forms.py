"""Public forms by their key: a page of their own without the application around it, or inside somebody's site.

Plain forms without script and without a cookie: a signed token stands for the session.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound as NoSuchPage
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response as WerkzeugResponse

from deals_app.blueprints.form_tokens import Shown, read_token, token_for
from deals_app.blueprints.post_rate import FLOOD, comes_often
from deals_app.blueprints.web import allow_frames_of, request_id
from deals_app.domain.errors import FieldProblem, Unavailable
from deals_app.domain.form_answers import CONSENT, answer_problems, answers_to, longest
from deals_app.extensions import csrf
from deals_app.services.ingesting.processing import Outcome
from deals_app.services.public_forms import Arrival, PublicForm, public_form, receive_form

blueprint = Blueprint("public_forms", __name__, url_prefix="/f")
csrf.exempt(blueprint)

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
# Named like what programs look for; people neither see nor hear it.
HONEYPOT = "homepage"
TOKEN = "form_token"  # noqa: S105 (a field's name)
TOO_OLD = "This page was open for a long time. Please look through what you wrote and send it once more."


@blueprint.get("/<form_key>")
def form(form_key: str) -> Response:
    """The form, or thanks to who has just sent it."""
    found = _found(form_key)
    if "sent" in request.args:
        return _page("public_forms/sent.html", found)
    came_from = {name: request.args.get(name, "") for name in UTM} | {"referrer": request.referrer or ""}
    return _form(found, came_from=came_from)


@blueprint.post("/<form_key>")
def send(form_key: str) -> Response | WerkzeugResponse:
    """Take what was filled in, or show it again with what is wrong."""
    found = _found(form_key)
    sent = request.form.get(TOKEN, "")
    shown = read_token(sent, found.form.id)
    answers = answers_to(found.form, request.form)
    problems = answer_problems(found.form, answers, has_consented=CONSENT in request.form)
    # Its own token again where it is good: who puts a word right at once is no program.
    again = partial(_form, found, token=sent if shown.at else "", came_from=shown.came_from, status=422)
    if problems or shown.at is None:
        return again(problems=problems, notice="" if shown.at or problems else TOO_OLD)
    outcome = _received(found, shown, answers)
    if not outcome.is_good:
        return again(problems=outcome.problems)
    return redirect(url_for("public_forms.form", form_key=form_key, sent=1, embed=_embed()), code=303)


def _received(found: PublicForm, shown: Shown, answers: Mapping[str, str]) -> Outcome:
    """Kept as a program would have sent it, with what led here; TooManyRequests for a flood."""
    arrival = Arrival(
        honeypot=request.form.get(HONEYPOT, ""),
        shown_at=shown.at,
        is_often=comes_often(found.form.form_key),
        consent=found.form.consent,
    )
    body = json.dumps({**shown.came_from, **answers}, ensure_ascii=False).encode("utf-8", "replace")
    return receive_form(found, body, arrival, content_type="application/json")


@blueprint.errorhandler(TooManyRequests)
@blueprint.errorhandler(Unavailable)
def refused(error: TooManyRequests | Unavailable) -> Response:
    """What passes by itself; what was typed is there when the sender goes back."""
    is_flood = isinstance(error, TooManyRequests)
    said = FLOOD if is_flood else "We cannot take your message right now. Please try again in a minute."
    answer = make_response(render_template("public_forms/refused.html", said=said), 429 if is_flood else 503)
    answer.headers["Retry-After"] = "60" if is_flood else "5"
    return answer


@blueprint.errorhandler(NoSuchPage)
def closed(_error: NoSuchPage) -> tuple[str, int]:
    """A form that was closed or never was."""
    return render_template("public_forms/closed.html"), 404


def _found(form_key: str) -> PublicForm:
    found = public_form(form_key, request_id=request_id())
    named = request.args.get("tenant_id")
    if found is None or (named is not None and named.lower() != str(found.actor.tenant_id)):
        raise NoSuchPage
    return found


def _form(
    found: PublicForm,
    *,
    came_from: Mapping[str, str] | None = None,
    token: str = "",
    problems: tuple[FieldProblem, ...] | list[FieldProblem] = (),
    notice: str = "",
    status: int = 200,
) -> Response:
    answer = _page(
        "public_forms/form.html",
        found,
        token=token or token_for(found.form.id, came_from or {}),
        answers=request.form,
        problems={problem.field: problem.message for problem in problems},
        notice=notice,
        longest=longest,
    )
    answer.status_code = status
    return answer


def _page(template: str, found: PublicForm, **shown: object) -> Response:
    """Only sites that the form names may show it inside themselves; a token is nobody else's to keep."""
    answer = make_response(render_template(template, form=found.form, is_embedded=bool(_embed()), **shown))
    allow_frames_of(found.form.allowed_origins)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _embed() -> str | None:
    return "1" if request.args.get("embed") == "1" else None
