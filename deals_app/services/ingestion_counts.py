"""How often each source came to what: counted when it happens, and read by operators over all tenants."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, text
from sqlalchemy.dialects.postgresql import insert as upsert

from deals_app.models import IngestionCount
from deals_app.services.unit_of_work import UnitOfWork, before_tenant

SLOTS = 8
ALL_TENANTS = text("SELECT source, outcome, number FROM ingested_deals()")


@dataclass(frozen=True, kw_only=True)
class Ingested:
    """How often what came by a source came to an outcome, since ever, in all tenants together."""

    source: str
    outcome: str
    number: int


def count_outcome(work: UnitOfWork, source: str, outcome: str, number: int = 1) -> None:
    """Add to a count, as the last thing inside a transaction: whoever counts at the same slot waits for its end."""
    slot = func.pg_backend_pid() % SLOTS
    values = {"tenant_id": work.actor.tenant_id, "source": source, "outcome": outcome, "slot": slot, "number": number}
    work.session.execute(
        upsert(IngestionCount)
        .values(values)
        .on_conflict_do_update(
            index_elements=["tenant_id", "source", "outcome", "slot"], set_={"number": IngestionCount.number + number}
        )
    )


def ingested_deals() -> list[Ingested]:
    """For operators; raises Unavailable."""
    with before_tenant() as connection:
        return [Ingested(**row) for row in connection.execute(ALL_TENANTS).mappings()]
