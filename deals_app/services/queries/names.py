"""Who an actor's reference in the ledger is, in words."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from deals_app.models import ApiKey
from deals_app.services.accounts import member_views


class ActorNames:
    """The people and keys of a tenant, read at once; two statements."""

    def __init__(self, session: Session) -> None:
        self.people = {str(member.id): member.name for member in member_views(session)}
        self._keys = {str(row.id): row.name for row in session.execute(select(ApiKey.id, ApiKey.name))}

    def of(self, reference: str) -> str:
        """A person's or key's name; our own jobs are Deals."""
        kind, _, name = reference.partition(":")
        if kind == "user":
            return self.people.get(name, "A former member")
        if kind == "key":
            return f"API key {self._keys.get(name, name)}"
        return "Deals"
