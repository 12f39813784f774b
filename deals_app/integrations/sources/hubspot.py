"""Deals of HubSpot: an object of its API (v3, or v1 as it was), one that its Python client printed, or a flat one.

HubSpot's own webhooks carry no deals; they are hubspot_webhooks.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Final, cast

from deals_app.domain.drafts import DealDraft
from deals_app.domain.errors import FieldProblem
from deals_app.domain.inbound import SourceField, Surroundings, Understood
from deals_app.integrations.vendor_objects import VendorObject, is_false, is_true, lead_of

__all__ = ["EXAMPLE", "FIELDS", "key", "kind", "label", "normalise", "path", "says"]

key: Final = "hubspot"
label: Final = "HubSpot"
says: Final = "Deals of a HubSpot account: connect it, or send its deal objects one by one."
kind: Final = "sync"
path: Final = "/hubspot/sync"

FIELDS: Final = (
    SourceField(name="id", says="HubSpot's id of the deal", example="21678228008"),
    SourceField(name="dealname", says="Name of the deal", example="Custom data integrations", is_required=True),
    SourceField(name="amount", says="Value in major units", example="1500.00"),
    SourceField(name="deal_currency_code", says="Currency of the amount", example="USD"),
    SourceField(name="dealstage", says="Id or label of the stage", example="contractsent"),
    SourceField(name="pipeline", says="Id or label of the pipeline", example="default"),
    SourceField(name="closedate", says="Expected or actual close date", example="2026-08-31T05:22:50.368Z"),
    SourceField(name="hubspot_owner_id", says="HubSpot's id of the owner", example="910901"),
    SourceField(name="closed_lost_reason", says="Why the deal was lost", example="Price"),
    SourceField(name="company", says="Name of the company; HubSpot's objects carry only its id", example="Acme Inc."),
    SourceField(name="hs_lastmodifieddate", says="When it last changed; an older one overwrites nothing"),
)

# HubSpot's names of properties, and those that our client adds for what HubSpot keeps in other objects.
_MEANINGS: Final[Mapping[str, str]] = {
    "id": "external_id",
    "dealId": "external_id",
    "hs_object_id": "external_id",
    "dealname": "name",
    "amount": "value",
    "deal_currency_code": "currency",
    "dealstage": "stage",
    "pipeline": "pipeline",
    "closedate": "close_date",
    "createdate": "created_at",
    "createdAt": "created_at",
    "created_at": "created_at",
    "hubspot_owner_id": "owner",
    "hs_deal_stage_probability": "probability",
    "closed_lost_reason": "loss_reason",
    "description": "description",
    "company": "company",
    "contact_email": "contact_email",
    "contact_name": "contact_name",
}
_CHANGED: Final = ("hs_lastmodifieddate", "lastmodifieddate", "updatedAt", "updated_at")
_GONE: Final = ("archived", "isDeleted", "is_deleted")
# Beside the properties, or in one object with them; what HubSpot derives by itself goes stale as a custom field.
# fmt: off
_AROUND: Final = frozenset(
    [
        "archivedAt", "archived_at", "associations", "portalId", "properties", "propertiesWithHistory",
        "properties_with_history", "url", "objectWriteTraceId", "object_write_trace_id", "imports", "stateChanges",
        "amount_in_home_currency", "days_to_close", "engagements_last_meeting_booked", *_CHANGED, *_GONE,
    ]
)
# fmt: on
_DERIVED: Final = re.compile(r"(?:hs_|hubspot_|num_|notes_)\w+")

_SENT: Final[Mapping[str, Any]] = {
    "id": "21678228008",
    "properties": {
        "amount": "1500.00",
        "closedate": "2026-12-07T16:50:06.678Z",
        "dealname": "Custom data integrations",
        "dealstage": "contractsent",
        "hs_lastmodifieddate": "2025-12-07T16:50:06.678Z",
        "hubspot_owner_id": "910901",
        "pipeline": "default",
    },
    "archived": False,
}
EXAMPLE: Final[tuple[Mapping[str, Any], Understood]] = (
    _SENT,
    Understood(
        draft=DealDraft(
            name="Custom data integrations",
            value_minor=150_000,
            stage_text="contractsent",
            pipeline_text="default",
            expected_close_on=date(2026, 12, 7),
            closed_on=date(2026, 12, 7),
            owner_text="910901",
            external_id="21678228008",
            given=frozenset(
                {"name", "value_minor", "stage_text", "pipeline_text", "expected_close_on", "closed_on"}
                | {"owner_text", "external_id"}
            ),
        ),
        system="hubspot",
        changed_at=datetime(2025, 12, 7, 16, 50, 6, 678_000, tzinfo=UTC),
        metadata=_SENT,
    ),
)


def normalise(payload: Mapping[str, Any], surroundings: Surroundings) -> Understood | list[FieldProblem]:
    """The deal in our words, or all that is wrong with it, each problem under HubSpot's own name.

    `surroundings.settings` may hold `fields` (property -> key of `csv_columns.FIELDS` or custom:Name), `stages`,
    `pipelines` and `owners` (HubSpot's id -> our word for it). A deleted deal without a name is named after its id.
    """
    sent = payload.get("properties", {})
    if not isinstance(sent, Mapping):
        return [FieldProblem("properties", "must be an object of HubSpot's properties")]
    properties = cast("Mapping[str, Any]", sent)
    values = {**payload, **_flat(properties)}
    found = VendorObject(values, _MEANINGS, surroundings, _is_bookkeeping)
    is_gone = any(is_true(values.get(name)) for name in _GONE)
    draft = found.draft(
        name_if_gone=f"HubSpot {found.text('external_id')}" if is_gone and found.text("external_id") else None,
        stage=found.stage(_outcome(values)),
        owner=found.translated("owner", "owners"),
        of_one=True,
    )
    changed_at = found.changed_at(values | _last_of(properties), (*_CHANGED, "timestamp"))
    return found.problems or Understood(
        draft=draft,
        system=key,
        lead=lead_of(draft),
        changed_at=changed_at,
        metadata=payload,
        is_gone=is_gone,
        merged_ids=_merged(values),
    )


def _flat(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Version 1 wraps each value: `{"value": "100", "timestamp": …}`."""
    return {
        name: cast("Mapping[str, Any]", each)["value"] if isinstance(each, Mapping) and "value" in each else each
        for name, each in properties.items()
    }


def _is_bookkeeping(name: str) -> bool:
    return name in _AROUND or _DERIVED.fullmatch(name) is not None


def _outcome(values: Mapping[str, Any]) -> str | None:
    if is_true(values.get("hs_is_closed_won")):
        return "won"
    is_closed_and_not_won = is_true(values.get("hs_is_closed")) and is_false(values.get("hs_is_closed_won"))
    return "lost" if is_closed_and_not_won or is_true(values.get("hs_is_closed_lost")) else None


def _last_of(properties: Mapping[str, Any]) -> dict[str, int]:
    """Version 1 may leave out when a deal changed, but says so of each property; the latest of them."""
    wrapped = [cast("Mapping[str, Any]", each) for each in properties.values() if isinstance(each, Mapping)]
    times = [time for each in wrapped if isinstance(time := each.get("timestamp"), int)]
    return {"timestamp": max(times)} if times else {}


def _merged(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Ids that are this deal now: HubSpot writes them with semicolons between them."""
    text = str(values.get("hs_merged_object_ids") or "")
    return tuple(dict.fromkeys(part.strip() for part in text.split(";") if part.strip().isdecimal()))
