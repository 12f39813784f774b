"""Examples of the OpenAPI document, by operation: what deal-management.txt prints, in full deals.

A body without an example here gets one made from its schema (`document.py`).
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

CREATE: Json = {
    "customer_id": "019b72b7-0636-79b5-b8fe-28b439ec801d",
    "assigned_to": "019b72b6-e679-7635-a86d-ac29a7923f3d",
    "name": "Enterprise Software License",
    "value": 50000000,
    "currency": "USD",
    "expected_close_date": "2026-03-31",
}
DEAL: Json = {
    "id": "019b72b7-339c-73ca-850c-8459913f2cde",
    **CREATE,
    "value_estimated": False,
    "pipeline_id": "019b72b6-e600-7b1f-9f43-52a6cf3a4a10",
    "stage": "lead",
    "stage_id": "019b72b6-e601-7c55-8b0e-0f1d4e2a6b31",
    "status": "open",
    "probability": 10,
    "source": "inbound",
    "ingested_from": "api",
    "actual_close_date": None,
    "loss_reason": None,
    "competitor": None,
    "tags": [],
    "custom_fields": {},
    "metadata": {},
    "health_score": None,
    "risk_level": None,
    "insights": [],
    "is_at_risk": False,
    "version": 1,
    "created_at": "2025-12-31T06:42:47+02:00",
    "updated_at": "2025-12-31T06:42:47+02:00",
}


def _changed(at: str, **changes: Any) -> Json:
    """The deal after a change, as an answer."""
    return _answered(DEAL | changes | {"version": 2, "updated_at": f"2025-12-31T{at}:00+02:00"})


def _answered(data: Any, **beside: Any) -> Json:
    return {"status": "success", "data": data, **beside}


def _refused(code: str, message: str, *details: Json) -> Json:
    error = {"code": code, "message": message, "details": list(details)}
    return {"status": "error", "error": error, "request_id": "019b72b73f0a7e53"}


CLOSED: Json = {"probability": 0, "status": "closed_lost", "stage_id": "019b72b6-e606-7f0a-8d2c-3b9a1c5e7f42"}

BODIES: dict[str, Json] = {
    "deals_create": CREATE,
    "deals_change_basic_info": {"name": "Enterprise License + Support", "expected_close_date": "2026-04-30"},
    "deals_change_value": {"value": 75000000, "currency": "USD"},
    "deals_move": {"stage": "qualified"},
    "deals_win": {"close_date": "2025-12-31"},
    "deals_lose": {"close_date": "2025-12-31", "reason": "Lost to competitor - pricing"},
    "deals_reopen": {"reason": "They called back"},
    "deal_life_note": {"body": "Signed contract attached"},
    "customers_create": {"name": "Acme Inc.", "kind": "company", "domain": "acme.example", "churn_risk": 0.2},
    "customers_change": {"churn_risk": 0.7},
    "pipelines_create": {
        "name": "Enterprise Sales",
        "stages": [
            {"name": "Prospecting", "order": 1, "probability": 10.0, "status": "open"},
            {"name": "Negotiation", "order": 2, "probability": 50.0, "status": "open"},
            {"name": "Closed Won", "order": 3, "probability": 100.0, "status": "closed_won"},
        ],
    },
    "pipelines_change": {"description": "Deals over 100,000"},
    "pipelines_add_stage": {"name": "Legal review", "order": 2, "probability": 60},
    "pipelines_change_stage": {"probability": 65},
}

ANSWERS: dict[tuple[str, str], Json] = {
    ("deals_create", "201"): _answered(DEAL),
    ("deals_create", "400"): _refused(
        "VALIDATION_FAILED", "Some fields are wrong", {"field": "value", "message": "Input should be greater than 0"}
    ),
    ("deals_read", "200"): _answered(DEAL),
    ("deals_read", "404"): _refused("NOT_FOUND", "There is no such deal"),
    ("deals_index", "200"): _answered(
        [DEAL], pagination={"total": 45, "page": 1, "page_size": 20, "total_pages": 3}
    ),
    ("deals_change_basic_info", "200"): _changed("06:45", **BODIES["deals_change_basic_info"]),
    ("deals_change_value", "200"): _changed("06:46", **BODIES["deals_change_value"]),
    ("deals_move", "200"): _changed("06:47", stage="qualified", probability=25),
    ("deals_move", "400"): _refused("MOVE_STAGE_FAILED", "cannot move from terminal stage closed_won"),
    ("deals_win", "200"): _changed(
        "06:48", **CLOSED | {"stage": "closed_won", "status": "closed_won", "probability": 100},
        actual_close_date="2025-12-31",
    ),
    ("deals_lose", "200"): _changed(
        "06:49", **CLOSED, stage="closed_lost", actual_close_date="2025-12-31",
        loss_reason="Lost to competitor - pricing",
    ),
    ("deals_of_stage", "200"): _answered([DEAL]),
    ("deals_pipeline_stats", "200"): _answered(
        {"stats": {"lead": 12, "qualified": 8, "proposal": 5, "negotiation": 3, "closed_won": 45, "closed_lost": 23}}
    ),
    ("deals_won_stats", "200"): _answered(
        {
            "count": 45,
            "total_value": 2250000000,
            "currency": "USD",
            "by_currency": [{"currency": "USD", "count": 45, "total_value": 2250000000}],
        }
    ),
}  # fmt: skip
