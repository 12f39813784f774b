"""The doors through which deals come in from outside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from deals_app.domain.errors import NotFound
from deals_app.domain.inbound import SourceField
from deals_app.integrations.sources import Source, sources

API = "/api/sales/deals"
# Files have columns and no object of fields.
UPLOAD = "upload"
# People of the team type it in themselves; whatever else is sent from the page is a trial, for managers.
TYPED = "typed"


@dataclass(frozen=True, kw_only=True)
class Door:
    """A way in, as its tab on `/ingest` shows it; `path` is below the ingestion API, `example` is what is sent."""

    key: str
    label: str
    description: str
    kind: str
    path: str
    fields: tuple[SourceField, ...] = ()
    example: Mapping[str, Any] | None = None

    @property
    def endpoint(self) -> str:
        """Where other systems send to."""
        return API + self.path

    @property
    def is_upload(self) -> bool:
        """Whether it takes files."""
        return self.kind == UPLOAD

    @property
    def is_typed(self) -> bool:
        """Whether every member may use it on the page."""
        return self.kind == TYPED

    @property
    def has_form(self) -> bool:
        """Whether people can fill its fields in; the objects of other systems are JSON."""
        return self.kind in {TYPED, "form", "mail"}

    @property
    def example_json(self) -> str:
        """The example as it is sent."""
        return json.dumps(self.example, indent=2, ensure_ascii=False, default=str)


def doors() -> list[Door]:
    """All there are, files first."""
    return sorted((_door(each) for each in sources()), key=lambda door: (not door.is_upload, door.label))


def object_doors() -> list[Door]:
    """Those that take one object at a time."""
    return [door for door in doors() if not door.is_upload]


def object_door(key: str) -> Door:
    """The one of this key; raises NotFound."""
    found = next((door for door in object_doors() if door.key == key), None)
    if found is None:
        message = "There is no such way in"
        raise NotFound(message)
    return found


def _door(each: Source) -> Door:
    shown = Door(key=each.key, label=each.label, description=each.says, kind=each.kind, path=each.path)
    if shown.is_upload:
        return shown
    return replace(shown, fields=tuple(each.FIELDS), example=each.EXAMPLE[0])
