"""What the clock asks for: a synchronisation of every active connection each ten minutes, and tokens forgotten."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from deals_app.domain.connections import UNDO_LASTS
from deals_app.extensions import db
from deals_app.services.connections.syncing import JOB, TOPIC
from deals_app.services.doorbell import Ring
from deals_app.services.unit_of_work import database_errors

CONNECTIONS_AT_ONCE = 100

# Two schedulers at once must not begin the same one twice.
ONE_SCHEDULER = text("SELECT pg_advisory_xact_lock(hashtext('connection.sync'))")
DUE = text("""
    WITH due AS (
        SELECT c.tenant_id, c.id FROM connections c
        WHERE c.state = 'active' AND NOT EXISTS (
            SELECT FROM connection_syncs s WHERE s.tenant_id = c.tenant_id AND s.connection_id = c.id
            AND (s.finished_at IS NULL OR s.created_at > now() - interval '10 minutes'))
        ORDER BY c.last_synced_at NULLS FIRST LIMIT :most),
    rung AS (
        INSERT INTO outbox (tenant_id, topic, payload, job)
        SELECT tenant_id, :topic, jsonb_build_object('connection_id', id), :job FROM due
        RETURNING tenant_id, id, payload)
    INSERT INTO connection_syncs (tenant_id, id, connection_id, actor)
    SELECT tenant_id, id, (payload ->> 'connection_id')::uuid, 'system:schedule' FROM rung
    RETURNING tenant_id, id
""")
FORGET = text("""
    UPDATE connections SET access_token = NULL, refresh_token = NULL, client_secret = NULL, sign_in = NULL
    WHERE state = 'disconnected' AND disconnected_at < now() - make_interval(secs => :seconds)
      AND (access_token IS NOT NULL OR refresh_token IS NOT NULL OR client_secret IS NOT NULL)
""")


def begin_due_syncs() -> list[Ring]:
    """For the schedule, over all tenants: begin what is due, and say whom to ring."""
    with database_errors(), Session(db.engines["admin"]) as session, session.begin():
        session.execute(ONE_SCHEDULER)
        session.execute(FORGET, {"seconds": UNDO_LASTS.total_seconds()})
        rows = session.execute(DUE, {"topic": TOPIC, "job": JOB, "most": CONNECTIONS_AT_ONCE}).all()
    return [Ring(job=JOB, tenant_id=row.tenant_id, outbox_id=row.id, attempt=0) for row in rows]
