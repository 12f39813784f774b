"""The doors through which deals come in from outside."""

from __future__ import annotations

from dataclasses import dataclass

from deals_app.integrations.sources import Source, sources

API = "/api/sales/deals"


@dataclass(frozen=True, kw_only=True)
class Door:
    """A way in, as its tab on `/ingest` shows it; `path` is below the ingestion API."""

    key: str
    label: str
    description: str
    kind: str
    path: str

    @property
    def endpoint(self) -> str:
        """Where other systems send to."""
        return API + self.path


def doors() -> list[Door]:
    """All there are, files first."""
    return sorted((_door(each) for each in sources()), key=lambda door: (door.kind != "upload", door.label))


def object_doors() -> list[Door]:
    """Those that take one object at a time."""
    return [door for door in doors() if door.kind != "upload"]


def _door(each: Source) -> Door:
    return Door(key=each.key, label=each.label, description=each.says, kind=each.kind, path=each.path)
