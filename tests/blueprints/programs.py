"""Other programs at the management API: what they send, and what an answer must look like."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient

from deals_app.domain.calendar import today_in
from deals_app.services.customers import create_customer
from tests.people import People

URL = "/api/v1/customer-mgmt/deals"
TODAY = today_in("UTC")
SOON = (TODAY + timedelta(days=30)).isoformat()
# An id that nothing has.
NOBODY = "01900000-0000-7000-8000-000000000000"
DEAL_FIELDS = {
    "id", "customer_id", "assigned_to", "name", "value", "currency", "value_estimated", "pipeline_id", "stage",
    "stage_id", "status", "probability", "source", "ingested_from", "expected_close_date", "actual_close_date",
    "loss_reason", "competitor", "tags", "custom_fields", "metadata", "health_score", "risk_level", "insights",
    "is_at_risk", "version", "created_at", "updated_at",
}  # fmt: skip


class Api:
    """A program with a key."""

    def __init__(self, client: FlaskClient, headers: dict[str, str]) -> None:
        self.client = client
        self.headers = headers

    def __call__(self, method: str, path: str = "", body: Any = None, **kwargs: Any) -> Any:
        if body is not None:
            kwargs |= {"data": body if isinstance(body, (str, bytes)) else json.dumps(body)}
            kwargs.setdefault("content_type", "application/json")
        url = path if path.startswith("/api") else URL + path
        return self.client.open(url, method=method, headers=self.headers, **kwargs)


def new_deal_body(people: People) -> dict[str, Any]:
    """What makes a deal."""
    return {
        "customer_id": str(create_customer(people.ada, name="Acme Inc.")),
        "assigned_to": str(people.alice.user_id),
        "name": "Rollout",
        "value": 120_000,
        "currency": "USD",
        "expected_close_date": SOON,
    }


def made(api: Api, body: dict[str, Any], **changes: Any) -> dict[str, Any]:
    answer = api("POST", body=body | changes)
    assert answer.status_code == 201, answer.json
    return answer.json["data"]


def data(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.json["status"] == "success"
    return answer.json["data"]


def refused(answer: Any, status: int, code: str, field: str | None = None) -> str:
    """The message of a refusal in the API's own shape; `field` must be named."""
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.mimetype == "application/json"
    assert answer.json["status"] == "error"
    error = answer.json["error"]
    assert error["code"] == code, error
    if field is not None:
        assert field in {detail["field"] for detail in error["details"]}, error
        assert all(detail["message"] for detail in error["details"])
    return error["message"]
