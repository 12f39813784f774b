"""What a key may be narrowed to: reading or writing one part of the API. Which part a route is of is its tag."""

from __future__ import annotations

from collections.abc import Iterable

from deals_app.domain.actor import Actor
from deals_app.domain.errors import FieldProblem, Forbidden

# By the tags of the OpenAPI document, the ingestion API's imports among them.
PARTS = (
    "deals", "customers", "pipelines", "users", "events", "api-keys", "imports", "webhooks", "forms", "connections",
    "saved-views", "leads",
)  # fmt: skip
ACTIONS = ("read", "write")
SCOPES = tuple(f"{part}:{action}" for part in PARTS for action in ACTIONS)
READING = frozenset({"GET", "HEAD", "OPTIONS"})


def part_of(tag: str) -> str:
    """`API keys` is `api-keys`."""
    return tag.lower().replace(" ", "-")


def scope_of(tag: str, verb: str) -> str:
    """The scope that a verb needs at a route with that tag; one does not include the other."""
    return f"{part_of(tag)}:{'read' if verb in READING else 'write'}"


def demand_scope(actor: Actor, scope: str) -> None:
    """Raises Forbidden naming the scope that a key lacks; whoever has no scopes may all that their role may."""
    if actor.scopes is not None and scope not in actor.scopes:
        message = f"This key lacks the scope {scope}"
        raise Forbidden(message, code="SCOPE_MISSING")


def scope_problems(actor: Actor, wanted: Iterable[str] | None) -> list[FieldProblem]:
    """What is wrong with the scopes of a key that this actor makes: it must not be able to do more than its maker."""
    if wanted is None:
        message = f"must be given, of those that this key has itself: {', '.join(sorted(actor.scopes or ()))}"
        return [] if actor.scopes is None else [FieldProblem("scopes", message)]
    if not (scopes := set(wanted)):
        return [FieldProblem("scopes", "name at least one, or leave them out for all that the role may")]
    if unknown := scopes - set(SCOPES):
        known = f"{', '.join(sorted(unknown))}: there is no such scope; known are {', '.join(SCOPES)}"
        return [FieldProblem("scopes", known)]
    if actor.scopes is not None and (missing := scopes - actor.scopes):
        return [FieldProblem("scopes", f"this key has no {', '.join(sorted(missing))} to give away")]
    return []
