"""How a deal's page is shown: by its routes at rest, by those of its parts when they have something to ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import make_response, render_template
from wtforms import Field

from deals_app.blueprints.deal_forms import (
    STEP_LABELS,
    CloseForm,
    CustomerForm,
    FactForm,
    NameForm,
    NoteForm,
    OwnerForm,
    StepForm,
    TagsForm,
    ValueForm,
)
from deals_app.blueprints.notices import CHANGED
from deals_app.blueprints.web import actor, is_htmx
from deals_app.domain.deal_views import DealPage
from deals_app.domain.views import StageView
from deals_app.services.queries.changes import Since
from deals_app.services.queries.deal import deal_page


@dataclass(frozen=True, kw_only=True)
class FactKind:
    """A fact that can be changed in place: its name within a sentence, its form, its columns in the ledger."""

    label: str
    form: type[FactForm]
    columns: tuple[str, ...]


FACTS = {
    "name": FactKind(label="the name", form=NameForm, columns=("name",)),
    "value": FactKind(label="the value", form=ValueForm, columns=("value", "currency")),
    "customer": FactKind(label="the customer", form=CustomerForm, columns=("customer_id",)),
    "owner": FactKind(label="the owner", form=OwnerForm, columns=("assigned_to",)),
    "expected_close": FactKind(label="the expected close", form=CloseForm, columns=("expected_close_date",)),
    "tags": FactKind(label="the tags", form=TagsForm, columns=("tags",)),
}


@dataclass(frozen=True, kw_only=True)
class Clash:
    """Who changed a fact while somebody was writing, to what, and what that person wrote."""

    who: str
    at: datetime
    theirs: str
    mine: str


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A fact as the page shows it: at rest, `saved`, with an `error`, or in `conflict`."""

    key: str
    label: str
    form: FactForm
    state: str = ""
    message: str = ""
    clash: Clash | None = None


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a change of stage wants to know (422), or how the deal has changed since (409); either asks to send again.

    `fields` are to be filled in; `sent` are words of the request that go with them.
    """

    stage: StageView | None
    text: str
    fields: tuple[Field, ...] = ()
    sent: tuple[tuple[str, str], ...] = ()
    since: Since | None = None


def fact_at_rest(page: DealPage, key: str, state: str = "") -> Fact:
    """A fact of the deal as it is."""
    kind = FACTS[key]
    form = kind.form(formdata=None)
    form.offer(page.people)
    form.show(page.deal)
    form.since.data = page.deal.version
    return Fact(key=key, label=kind.label, form=form, state=state)


def show_page(deal_id: UUID, *, status: int = 200, **parts: Any) -> Any:
    """The whole page, with a `fact`, a `question`, a `note_form` or a `step_form` as it stands; raises NotFound."""
    page = deal_page(actor(), deal_id)
    fact: Fact | None = parts.pop("fact", None)
    facts = {key: fact_at_rest(page, key) for key in FACTS} | ({fact.key: fact} if fact else {})
    forms = {"note_form": NoteForm(formdata=None), "step_form": StepForm(formdata=None)}
    parts = {"facts": facts, "step_labels": STEP_LABELS} | forms | parts
    return render_template("deals/page.html", **_context(page), **parts), status


def show_part(deal_id: UUID, template: str, *, status: int = 200, changed: bool = False, **parts: Any) -> Any:
    """A part of the page where a script asked for it, else the whole page with that part as it stands.

    `changed` tells whatever shows deals to ask for itself again.
    """
    if not is_htmx():
        return show_page(deal_id, status=status, **parts)
    page = deal_page(actor(), deal_id)
    answer = make_response(render_template(template, **_context(page), **parts), status)
    if changed:
        answer.headers["HX-Trigger"] = CHANGED
    return answer


def _context(page: DealPage) -> dict[str, Any]:
    deal = page.deal
    return {"page": page, "deal": deal, "stages": page.stages, "may_change": actor().may_change(deal.assigned_to)}
