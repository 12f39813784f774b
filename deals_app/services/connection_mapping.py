"""How a connection's objects are read: the mappings people made over what the vendor itself says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from deals_app.models import Connection


def with_mapping(session: Session, context: Mapping[str, Any]) -> Mapping[str, Any]:
    """The context of something that came in; through a connection, with its mappings as `settings`.

    They are those of now and not of when it came: what is replayed is read as it is mapped today.
    """
    if "connection_id" not in context:
        return context
    found = session.execute(
        select(Connection.known, Connection.fields, Connection.stages, Connection.owners, Connection.pipelines).where(
            Connection.id == UUID(context["connection_id"])
        )
    ).one_or_none()
    if found is None:
        return context
    return {**context, "settings": settings_of(*found)}


def settings_of(
    known: Mapping[str, Any],
    fields: Mapping[str, str],
    stages: Mapping[str, str],
    owners: Mapping[str, str],
    pipelines: Mapping[str, str],
) -> dict[str, Mapping[str, str]]:
    """The vendor's word -> ours, for `Surroundings.settings`: what people say goes before what can be guessed."""
    guessed = {each["id"]: each["guess"] for each in known.get("stages", ()) if each["guess"]}
    return {
        "fields": fields,
        "stages": {**guessed, **stages},
        "owners": {**known.get("owners", {}), **owners},
        "pipelines": {**known.get("pipelines", {}), **pipelines},
    }
