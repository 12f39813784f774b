"""Connections to other systems (CONTRACT.md section 2, "Around"): admins change them, managers see them."""

from __future__ import annotations

from flask import Response, url_for

from deals_app.blueprints.api import connection_shapes as shapes
from deals_app.blueprints.api.answers import Answered, Refused
from deals_app.blueprints.api.envelope import success
from deals_app.blueprints.api.keys import actor
from deals_app.blueprints.api.routes import api_routes
from deals_app.domain.connections import ConnectionView
from deals_app.services.connections.editing import change_connection, create_connection, disconnect
from deals_app.services.connections.syncing import start_sync
from deals_app.services.queries import connections as queries

Answer = tuple[Response, int]

blueprint = api_routes("connections", "/connections", "Connections")


@blueprint.get("", responses={200: Answered[list[shapes.ConnectionAnswer]]})
def index() -> Answer:
    """List the connections with their mappings; no secret is among it."""
    return success([_shown(each) for each in queries.connections(actor())])


@blueprint.post("", responses={201: Answered[shapes.ConnectionAnswer], 409: Refused})
def create(body: shapes.ConnectionBody) -> Answer:
    """Connect an account; secrets are kept sealed and never told again."""
    facts = body.model_dump(exclude_unset=True, exclude={"system", "name"})
    connection_id = create_connection(actor(), system=body.system, name=body.name, facts=facts)
    return success(_shown(queries.connection(actor(), connection_id)), 201)


@blueprint.get("/<uuid:connection_id>", responses={200: Answered[shapes.ConnectionAnswer]})
def read(path: shapes.ConnectionPath) -> Answer:
    """Read one connection."""
    return success(_shown(queries.connection(actor(), path.connection_id)))


@blueprint.patch("/<uuid:connection_id>", responses={200: Answered[shapes.ConnectionAnswer], 409: Refused})
def change(path: shapes.ConnectionPath, body: shapes.ChangeConnection) -> Answer:
    """Change a connection or its mappings; what comes in from now on is read by them."""
    change_connection(actor(), path.connection_id, body.model_dump(exclude_unset=True))
    return success(_shown(queries.connection(actor(), path.connection_id)))


@blueprint.delete("/<uuid:connection_id>", responses={204: None})
def delete(path: shapes.ConnectionPath) -> Response:
    """Disconnect; its deals stay."""
    disconnect(actor(), path.connection_id)
    return Response(status=204)


@blueprint.post("/<uuid:connection_id>/sync", responses={202: Answered[shapes.StartedSync], 409: Refused})
def start(path: shapes.ConnectionPath, query: shapes.SyncQuery) -> Answer:
    """Synchronise now; while one runs it is that one."""
    sync_id = start_sync(actor(), path.connection_id, is_full=query.full)
    found = shapes.sync_object(queries.sync(actor(), path.connection_id, sync_id))
    status_url = url_for("api_connections.sync", connection_id=path.connection_id, sync_id=sync_id)
    beside = {"job_id": str(sync_id), "status_url": status_url}
    return success(found | beside, 202, **beside)


@blueprint.get("/<uuid:connection_id>/syncs", responses={200: Answered[list[shapes.SyncAnswer]]})
def syncs(path: shapes.ConnectionPath, query: shapes.SyncsQuery) -> Answer:
    """List the synchronisations, newest first."""
    return success([shapes.sync_object(each) for each in queries.syncs(actor(), path.connection_id, limit=query.limit)])


@blueprint.get("/<uuid:connection_id>/syncs/<uuid:sync_id>", responses={200: Answered[shapes.SyncAnswer]})
def sync(path: shapes.SyncPath) -> Answer:
    """Read how far one synchronisation is."""
    return success(shapes.sync_object(queries.sync(actor(), path.connection_id, path.sync_id)))


def _shown(view: ConnectionView) -> dict[str, object]:
    return shapes.connection_object(view, is_admin=actor().administers)
