"""Who an actor's reference in the ledger is, in words."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from deals_app.models import ApiKey, Form
from deals_app.services.accounts import member_views


class ActorNames:
    """The people, keys and forms of a tenant, read at once; two statements."""

    def __init__(self, session: Session) -> None:
        self.people = {str(member.id): member.name for member in member_views(session)}
        named = select(ApiKey.id, ApiKey.name).union_all(select(Form.id, Form.name))
        self._keys_and_forms = {str(row.id): row.name for row in session.execute(named)}

    def of(self, reference: str) -> str:
        """A person's, key's or form's name; our own jobs are Deals."""
        kind, _, name = reference.partition(":")
        if kind == "user":
            return self.people.get(name, "A former member")
        if kind == "key":
            return f"API key {self._keys_and_forms.get(name, name)}"
        if kind == "form":
            return f"Form {self._keys_and_forms.get(name, name)}"
        return "E-mail" if kind == "mailbox" else "Deals"
