"""What strangers do with a form: find it by its key, and send it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from deals_app.domain.actor import Actor, Role
from deals_app.domain.forms import FormField, FormView
from deals_app.services.ingesting.inbox import Raw
from deals_app.services.ingesting.processing import Outcome
from deals_app.services.ingesting.receiving import receive
from deals_app.services.lookups import look_up

SOURCE = "web_form"
LONGEST_KEY = 64


@dataclass(frozen=True, kw_only=True)
class PublicForm:
    """A form that takes answers, and who writes what comes through it."""

    form: FormView
    actor: Actor

    def admits(self, origin: str) -> bool:
        """Whether a page of this site may send it from the browser."""
        return origin in self.form.allowed_origins


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """How something came, for whoever decides whether it looks like spam."""

    honeypot: str = ""
    shown_at: datetime | None = None
    is_often: bool = False
    """More came from this address within a minute than people send."""
    consent: str = ""
    """What was agreed to, word for word."""

    def as_context(self, form: FormView) -> dict[str, Any]:
        """For the item, so that a worker decides as the web process would have."""
        said: dict[str, Any] = {
            "sent_at": datetime.now(UTC).isoformat(),
            "shown_at": self.shown_at.isoformat() if self.shown_at else None,
            "honeypot": self.honeypot.replace("\x00", "")[:200],
            "is_often": self.is_often,
            "consent": self.consent,
        }
        kept = {name: value for name, value in said.items() if value}
        return {"form": {"id": str(form.id), "name": form.name, "version": form.version}, "arrival": kept}


def public_form(form_key: str, *, request_id: str) -> PublicForm | None:
    """The form of this key, if it is open; raises Unavailable."""
    if not form_key.isascii() or not form_key.isalnum() or len(form_key) > LONGEST_KEY:
        return None
    row = look_up("SELECT * FROM form_of_key(%s)", form_key)
    if row is None:
        return None
    form = FormView(
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
    )
    actor = Actor(
        tenant_id=row.tenant_id,
        reference=f"form:{form.id}",
        role=Role.INGEST,
        door=SOURCE,
        name=form.name,
        tenant_name=row.tenant_name,
        time_zone=row.time_zone,
        base_currency=row.base_currency,
        request_id=request_id,
    )
    return PublicForm(form=form, actor=actor)


def origin_is_known(origin: str) -> bool:
    """Whether any form may be sent from this site; raises Unavailable."""
    row = look_up("SELECT * FROM form_origin_known(%s)", origin)
    return row is not None and row.is_known


def receive_form(found: PublicForm, body: bytes, arrival: Arrival, *, content_type: str) -> Outcome:
    """Keep what was sent and work on it; what looks like spam is held. Raises Unavailable."""
    raw = Raw(body=body, content_type=content_type, context=arrival.as_context(found.form))
    return receive(found.actor, SOURCE, raw)


def answered(outcome: Outcome, form: FormView) -> Mapping[str, str]:
    """All that a stranger learns: not whether we knew them already."""
    action = "queued" if outcome.action == "held" else "created"
    return {"status": "success", "action": action, "thank_you": form.thank_you}
