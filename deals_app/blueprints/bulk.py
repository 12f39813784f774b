"""Many deals changed at once from the list: what is selected, or all that its filter lets through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, make_response, render_template, request
from flask.typing import ResponseReturnValue

from deals_app.blueprints.deal_forms import tags_in
from deals_app.blueprints.filters import asked_filter
from deals_app.blueprints.notices import CHANGED, changed, notice
from deals_app.blueprints.refusals import refused
from deals_app.blueprints.web import actor, is_htmx, local_path, signed_in
from deals_app.domain.errors import FieldProblem, Invalid
from deals_app.services.bulk import (
    BulkOutcome,
    Seen,
    bulk_assign,
    bulk_close,
    bulk_delete,
    bulk_move,
    bulk_tag,
)
from deals_app.services.queries.matching import seen_by

blueprint = Blueprint("bulk", __name__, url_prefix="/bulk")

# So many deals that were left alone are named in the message itself; more of them in a list.
NAMED_IN_MESSAGE = 3
NOBODY = "nobody"


@blueprint.post("")
@signed_in
def change() -> ResponseReturnValue:
    """Change the selected deals, or all that the address lets through; the answer says what was left alone and why."""
    action = request.form.get("action", "")
    try:
        return _told(action, CHANGES.get(action, _nothing)(_seen()))
    except Invalid as error:
        return refused(error, endpoint="deals.index")


def _seen() -> Seen:
    """Each deal with the version that the person saw when selecting it; of all that match, the version now."""
    if "all" in request.form:
        return seen_by(actor(), asked_filter(actor()).wanted)
    pairs = [text.partition(":") for text in request.form.getlist("deal")]
    try:
        return {UUID(deal_id): int(version) for deal_id, _, version in pairs}
    except ValueError as error:
        raise Invalid(FieldProblem("deal", "select the deals anew")) from error


def _move(seen: Seen) -> BulkOutcome:
    stage = request.form.get("stage", type=UUID)
    if stage is None:
        raise Invalid(FieldProblem("stage", "choose the stage to move them to"))
    return bulk_move(actor(), seen, stage=stage)


def _assign(seen: Seen) -> BulkOutcome:
    owner = request.form.get("owner", type=UUID)
    if owner is None and request.form.get("owner") != NOBODY:
        raise Invalid(FieldProblem("owner", "choose whom to give them to"))
    return bulk_assign(actor(), seen, owner=owner)


def _tag(seen: Seen) -> BulkOutcome:
    add, remove = (tags_in(request.form.get(name)) for name in ("add", "remove"))
    return bulk_tag(actor(), seen, add=add, remove=remove)


def _win(seen: Seen) -> BulkOutcome:
    return bulk_close(actor(), seen, won=True)


def _lose(seen: Seen) -> BulkOutcome:
    reason, competitor = (request.form.get(name) for name in ("loss_reason", "competitor"))
    return bulk_close(actor(), seen, won=False, reason=reason, competitor=competitor)


def _nothing(_seen: Seen) -> BulkOutcome:
    raise Invalid(FieldProblem("action", "choose what is to be done"))


def _delete(seen: Seen) -> BulkOutcome:
    return bulk_delete(actor(), seen)


CHANGES: Mapping[str, Callable[[Seen], BulkOutcome]] = {
    "move": _move, "assign": _assign, "tag": _tag, "win": _win, "lose": _lose, "delete": _delete,
}  # fmt: skip
DONE = {
    "move": "moved", "assign": "assigned", "tag": "tagged", "win": "won", "lose": "lost", "delete": "deleted",
}  # fmt: skip


def _told(action: str, outcome: BulkOutcome) -> Any:
    is_listed = len(outcome.left) > NAMED_IN_MESSAGE
    said = [notice(_words(action, outcome), "warn" if outcome.left else "good", undo=outcome.operation)]
    if not is_htmx() and not is_listed:
        return changed(*said, endpoint="deals.index")
    template = "deals/_bulk_done.html" if is_htmx() else "deals/left_alone.html"
    left = outcome.left if is_listed else ()
    back = local_path(request.form.get("next"))
    answer = make_response(render_template(template, notices=said, left=left, back=back))
    answer.headers["HX-Trigger"] = CHANGED
    return answer


def _words(action: str, outcome: BulkOutcome) -> str:
    said = f"{_deals(outcome.changed)} {DONE[action]}." if outcome.changed else "Nothing was changed."
    if not outcome.left:
        return said
    if len(outcome.left) > NAMED_IN_MESSAGE:
        return f"{said} {_deals(len(outcome.left))} left alone."
    named = "; ".join(f"{left.name or 'a deal'} {left.why}" for left in outcome.left)
    return f"{said} Left alone: {named}."


def _deals(number: int) -> str:
    return f"{number:,} deal{'' if number == 1 else 's'}"
