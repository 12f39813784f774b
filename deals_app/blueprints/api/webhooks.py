"""Outgoing subscriptions (CONTRACT.md section 2, "Around"): admins change them, managers see them."""

from __future__ import annotations

from flask import Response

from deals_app.blueprints.api import webhook_shapes as shapes
from deals_app.blueprints.api.answers import Answered, AnsweredStretch, Refused
from deals_app.blueprints.api.envelope import success
from deals_app.blueprints.api.idempotency import shown_once
from deals_app.blueprints.api.keys import actor
from deals_app.blueprints.api.routes import api_routes
from deals_app.services.queries.webhooks import MOST, deliveries, delivery, webhook, webhooks
from deals_app.services.webhooks.endpoints import (
    NewSecret,
    change_webhook,
    create_webhook,
    delete_webhook,
    rotate_secret,
    send_test,
)
from deals_app.services.webhooks.replaying import replay_delivery, replay_failed

Answer = tuple[Response, int]

blueprint = api_routes("webhooks", "/webhooks", "Webhooks")


@blueprint.get("", responses={200: Answered[list[shapes.WebhookAnswer]]})
def index() -> Answer:
    """List the webhooks with what waits for each."""
    return success([shapes.webhook_object(each) for each in webhooks(actor())])


@blueprint.post("", responses={201: Answered[shapes.WebhookWithSecret], 409: Refused})
def create(body: shapes.WebhookBody) -> Answer:
    """Tell a URL what happens from now on; the secret that signs is in this answer only."""
    made = create_webhook(actor(), url=body.url, description=body.description, event_types=body.event_types)
    return _with_secret(made, 201)


@blueprint.get("/<uuid:webhook_id>", responses={200: Answered[shapes.WebhookAnswer]})
def read(path: shapes.WebhookPath) -> Answer:
    """Read one webhook."""
    return success(shapes.webhook_object(webhook(actor(), path.webhook_id)))


@blueprint.patch("/<uuid:webhook_id>", responses={200: Answered[shapes.WebhookAnswer]})
def change(path: shapes.WebhookPath, body: shapes.ChangeWebhook) -> Answer:
    """Change a webhook; one that is made active again is told everything it missed."""
    change_webhook(actor(), path.webhook_id, body.model_dump(exclude_unset=True))
    return success(shapes.webhook_object(webhook(actor(), path.webhook_id)))


@blueprint.delete("/<uuid:webhook_id>", responses={204: None})
def delete(path: shapes.WebhookPath) -> Response:
    """Delete a webhook with its log."""
    delete_webhook(actor(), path.webhook_id)
    return Response(status=204)


@blueprint.post("/<uuid:webhook_id>/rotate-secret", responses={200: Answered[shapes.WebhookWithSecret], 409: Refused})
def rotate(path: shapes.WebhookPath) -> Answer:
    """Sign with a new secret; for 24 hours the one before signs too."""
    return _with_secret(rotate_secret(actor(), path.webhook_id), 200)


@blueprint.post("/<uuid:webhook_id>/test", responses={202: Answered[shapes.DeliveryAnswer], 409: Refused})
def test(path: shapes.WebhookPath) -> Answer:
    """Send a `webhook.test` message now; what came of it stands in the log."""
    delivery_id = send_test(actor(), path.webhook_id)
    return success(shapes.delivery_object(delivery(actor(), path.webhook_id, delivery_id)), 202)


@blueprint.get("/<uuid:webhook_id>/deliveries", responses={200: AnsweredStretch[list[shapes.DeliveryAnswer]]})
def log(path: shapes.WebhookPath, query: shapes.DeliveriesQuery) -> Answer:
    """List what became of each event, newest first."""
    limit = min(query.limit, MOST)
    page = deliveries(actor(), path.webhook_id, state=query.state, after=query.after, limit=limit)
    shown = [shapes.delivery_object(each) for each in page.items]
    return success(shown, pagination={"next_after": page.next_after})


@blueprint.post(
    "/<uuid:webhook_id>/deliveries/<uuid:delivery_id>/replay",
    responses={202: Answered[shapes.DeliveryAnswer], 409: Refused},
)
def replay(path: shapes.DeliveryPath) -> Answer:
    """Send one message again, under the same id, whatever became of it."""
    replay_delivery(actor(), path.webhook_id, path.delivery_id)
    return success(shapes.delivery_object(delivery(actor(), path.webhook_id, path.delivery_id)), 202)


@blueprint.post("/<uuid:webhook_id>/replay", responses={202: Answered[shapes.Replayed], 409: Refused})
def replay_since(path: shapes.WebhookPath, body: shapes.ReplayBody) -> Answer:
    """Send again every message since then that was given up."""
    return success({"replayed": replay_failed(actor(), path.webhook_id, since=body.since)}, 202)


def _with_secret(made: NewSecret, status: int) -> Answer:
    return success(shapes.webhook_object(webhook(actor(), made.endpoint_id), shown_once(made.secret)), status)
