"""The records of the simulated HubSpot account: deals, companies, owners and pipelines, the same at each start."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

PORTAL: Final = 48975575
FIRST_DEAL: Final = 332507367000
_FIRST_COMPANY: Final = 330222354000
_BEGIN: Final = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)

_STAGES: Final = (
    ("appointmentscheduled", "Appointment Scheduled", "0.2"),
    ("qualifiedtobuy", "Qualified To Buy", "0.4"),
    ("presentationscheduled", "Presentation Scheduled", "0.6"),
    ("decisionmakerboughtin", "Decision Maker Bought-In", "0.8"),
    ("contractsent", "Contract Sent", "0.9"),
    ("closedwon", "Closed Won", "1.0"),
    ("closedlost", "Closed Lost", "0.0"),
)
_CLOSED: Final = {"closedwon", "closedlost"}
_PLACES: Final = ("Berlin", "Lisbon", "Oslo", "Quito", "Kyoto", "Dakar", "Turin", "Boston")
_TRADES: Final = ("Logistics", "Optics", "Foods", "Energy", "Robotics", "Textiles")
_PLANS: Final = ("Starter plan", "Enterprise licence", "Renewal", "Support contract", "Rollout")
_OWNERS: Final = (("910901", "Jane", "Doe"), ("910902", "Omar", "Haddad"), ("910903", "Mei", "Tanaka"))


def as_text(moment: datetime) -> str:
    """As HubSpot writes it: 2026-01-05T09:00:00.000Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def companies() -> dict[str, dict[str, Any]]:
    """Forty-eight companies by id."""
    names = [f"{place} {trade}" for place in _PLACES for trade in _TRADES]
    return {
        str(_FIRST_COMPANY + number): _record(
            str(_FIRST_COMPANY + number),
            {"name": name, "domain": f"{name.lower().replace(' ', '-')}.example"},
            _BEGIN,
        )
        for number, name in enumerate(names)
    }


def deals(count: int) -> dict[str, dict[str, Any]]:
    """So many deals by id; each knows its company under `company_id`."""
    owned = list(companies().items())
    made: dict[str, dict[str, Any]] = {}
    for number in range(count):
        company_id, company = owned[number * 7 % len(owned)]
        stage, _, chance = _STAGES[number * 5 % len(_STAGES)]
        changed = _BEGIN + timedelta(minutes=31 * number)
        properties = {
            "dealname": f"{company['properties']['name']}: {_PLANS[number % len(_PLANS)]} {number + 1}",
            "amount": None if number % 11 == 0 else f"{1500 + 250 * number}.00",
            "deal_currency_code": "EUR" if number % 9 == 0 else "USD",
            "dealstage": stage,
            "pipeline": "default",
            "closedate": as_text(_BEGIN + timedelta(days=30 + number % 120)),
            "hubspot_owner_id": _OWNERS[number % len(_OWNERS)][0],
            "hs_deal_stage_probability": chance,
            "hs_is_closed": str(stage in _CLOSED).lower(),
            "hs_is_closed_won": str(stage == "closedwon").lower(),
            "closed_lost_reason": "Price" if stage == "closedlost" else None,
            "dealtype": "newbusiness" if number % 3 else "existingbusiness",
        }
        key = str(FIRST_DEAL + number)
        made[key] = {**_record(key, properties, changed), "company_id": company_id}
    return made


def owners() -> list[dict[str, Any]]:
    """The people deals belong to."""
    return [
        {
            "id": key,
            "email": f"{first.lower()}@example.com",
            "firstName": first,
            "lastName": last,
            "type": "PERSON",
            "userId": int(key),
            "createdAt": as_text(_BEGIN),
            "updatedAt": as_text(_BEGIN),
            "archived": False,
        }
        for key, first, last in _OWNERS
    ]


def pipelines() -> list[dict[str, Any]]:
    """HubSpot's default pipeline, its stages as shipped."""
    stages = [
        {
            "id": key,
            "label": label,
            "displayOrder": order,
            "metadata": {"isClosed": str(key in _CLOSED).lower(), "probability": chance},
            **_life(_BEGIN),
        }
        for order, (key, label, chance) in enumerate(_STAGES)
    ]
    return [{"id": "default", "label": "Sales Pipeline", "displayOrder": 0, "stages": stages, **_life(_BEGIN)}]


def _record(key: str, properties: dict[str, Any], changed: datetime) -> dict[str, Any]:
    own = {"hs_object_id": key, "createdate": as_text(_BEGIN), "hs_lastmodifieddate": as_text(changed)}
    return {
        "id": key,
        "properties": {**properties, **own},
        **_life(_BEGIN),
        "updatedAt": as_text(changed),
    }


def _life(moment: datetime) -> dict[str, Any]:
    return {"createdAt": as_text(moment), "updatedAt": as_text(moment), "archived": False}
