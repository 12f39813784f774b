"""Who asks, for which tenant, through which door. Made by the edge, carried by every service call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from deals_app.domain.calendar import today_in


class Role(StrEnum):
    """Roles of people; INGEST and SYSTEM are for keys and for our own jobs."""

    REP = "rep"
    MANAGER = "manager"
    ADMIN = "admin"
    INGEST = "ingest"
    SYSTEM = "system"


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Everything a service needs to know of the caller.

    `reference` goes into the ledger (`user:<id>`, `key:<id>`, `system:<what>`), `door` says how the change came in
    (`page`, `api`, `import`, `cli`, `demo`). `as_of` back-dates what is done: only our own generator of histories sets
    it, and the database takes it from the schema's owner alone.
    """

    tenant_id: UUID
    reference: str
    role: Role
    door: str
    user_id: UUID | None = None
    name: str = ""
    email: str = ""
    tenant_name: str = ""
    time_zone: str = "UTC"
    base_currency: str = "USD"
    request_id: str = ""
    as_of: datetime | None = None

    @property
    def today(self) -> date:
        """Which day it is for the caller's tenant."""
        return today_in(self.time_zone, self.as_of)

    @property
    def manages(self) -> bool:
        """Managers, admins and our own jobs may do what reps may only do to their own deals."""
        return self.role in {Role.MANAGER, Role.ADMIN, Role.SYSTEM}

    @property
    def administers(self) -> bool:
        """Users, keys and pipelines are theirs."""
        return self.role in {Role.ADMIN, Role.SYSTEM}

    def may_change(self, owner_id: UUID | None) -> bool:
        """Reps change their own and unassigned deals (CONTRACT.md section 4)."""
        if self.role is Role.REP:
            return owner_id is None or owner_id == self.user_id
        return self.manages
