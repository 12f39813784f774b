"""What is sent from the page of a source: through the same pipeline as everything else, or only looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deals_app.domain.actor import Actor, Role
from deals_app.domain.errors import FieldProblem, Forbidden, Invalid
from deals_app.domain.inbound import Understood
from deals_app.integrations.sources import source
from deals_app.services.ingesting.inbox import Raw
from deals_app.services.ingesting.processing import Outcome
from deals_app.services.ingesting.receiving import receive
from deals_app.services.ingesting.understanding import parsed, read_object
from deals_app.services.ingestion import object_door

# What of a draft is shown, by the name that people know.
SHOWN = {
    "name": "Deal", "company": "Company", "stage_text": "Stage", "probability": "Probability",
    "expected_close_on": "Expected close", "contact_name": "Contact", "contact_email": "E-mail",
    "external_id": "Id there", "description": "Words",
}  # fmt: skip
LONGEST_SHOWN = 200


@dataclass(frozen=True, kw_only=True)
class Look:
    """What would be understood of an object, and what is wrong with it; amounts are minor units of `currency`."""

    problems: tuple[FieldProblem, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    value: int | None = None
    currency: str = ""
    is_estimated: bool = False
    set_aside: str = ""


def send(actor: Actor, key: str, body: bytes) -> Outcome:
    """Take one object of a source for real; what is wrong with it stands in the outcome.

    Raises NotFound, Unavailable, and Forbidden for reps where the source is another system.
    """
    _demand(actor, key)
    return receive(actor, key, Raw(body=body))


def look(actor: Actor, key: str, body: bytes) -> Look:
    """What the source would understand; nothing is kept. Raises NotFound, Forbidden as `send` does."""
    _demand(actor, key)
    reader = source(key)
    if reader is None:
        raise AssertionError
    try:
        return _seen(actor, read_object(actor, reader, parsed(body)))
    except Invalid as error:
        return Look(problems=error.problems)


def _demand(actor: Actor, key: str) -> None:
    door = object_door(key)
    if not actor.manages and not (door.is_typed and actor.role is Role.REP):
        message = "Trying a source out is for managers and admins"
        raise Forbidden(message)


def _seen(actor: Actor, understood: Understood) -> Look:
    draft = understood.draft
    if draft is None:
        return Look(set_aside=understood.set_aside or "There is no deal in it")
    return Look(
        facts=tuple((label, _short(value)) for name, label in SHOWN.items() if (value := getattr(draft, name))),
        value=draft.value_minor,
        currency=draft.currency or actor.base_currency,
        is_estimated=understood.value_estimated,
        set_aside=understood.set_aside or "",
    )


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
