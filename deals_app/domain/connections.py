"""Connections to other systems: which there are, their mappings, and how they look to those who watch them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

# By key, as its door is called.
SYSTEMS: Final[Mapping[str, str]] = {"hubspot": "HubSpot", "salesforce": "Salesforce"}
MAPPINGS: Final = ("fields", "stages", "owners", "pipelines")
MOST_MAPPED: Final = 1000
LONGEST_MAPPED: Final = 300
# A look back beyond the last synchronisation: clocks differ, and what changes while it is asked for may come too late.
OVERLAP: Final = timedelta(minutes=10)
# One who has left for the vendor's sign-in is back by then, or begins again.
SIGN_IN_LASTS: Final = timedelta(minutes=15)
# How long a disconnected one keeps its tokens, for the undo.
UNDO_LASTS: Final = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class TheirStage:
    """A stage of theirs: what it is called there, and what we take it for when nobody has said so."""

    id: str
    name: str
    pipeline_id: str
    pipeline_name: str
    guess: str | None


@dataclass(frozen=True, kw_only=True)
class SyncView:
    """How far a synchronisation is; the counts are of what has been worked on."""

    id: UUID
    connection_id: UUID
    state: str
    is_full: bool
    fetched: int
    created: int
    updated: int
    unchanged: int
    failed: int
    waits_for: str | None
    problem: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def is_finished(self) -> bool:
        """Whether nothing more happens by itself."""
        return self.finished_at is not None

    @property
    def processed(self) -> int:
        """All that has been worked on."""
        return self.created + self.updated + self.unchanged + self.failed


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """Something that came and could not be taken: its name there, its id there, and why."""

    name: str
    external_id: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ConnectionView:
    """A connection without its secrets. `path` is where an organisation's messages go; only Salesforce has one."""

    id: UUID
    system: str
    name: str
    portal_id: str | None
    organization_id: str | None
    state: str
    client_id: str | None
    fields: Mapping[str, str]
    stages: Mapping[str, str]
    owners: Mapping[str, str]
    pipelines: Mapping[str, str]
    known: Mapping[str, Any]
    path: str | None
    last_synced_at: datetime | None
    last_error: str | None
    last_error_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def label(self) -> str:
        """The system's name."""
        return SYSTEMS[self.system]

    @property
    def is_active(self) -> bool:
        """Whether it can be asked for deals."""
        return self.state == "active"

    @property
    def their_stages(self) -> Sequence[TheirStage]:
        """The stages of theirs that we know of, in order."""
        return [TheirStage(**each) for each in self.known.get("stages", ())]

    @property
    def their_pipelines(self) -> Mapping[str, str]:
        """Their pipelines by id."""
        return self.known.get("pipelines", {})

    @property
    def their_owners(self) -> Mapping[str, str]:
        """The e-mail addresses of their people by id."""
        return self.known.get("owners", {})
