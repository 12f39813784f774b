"""Deals that a person types in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from deals_app.domain.drafts import DealDraft
from deals_app.domain.errors import FieldProblem
from deals_app.domain.inbound import LeadDraft, Surroundings, Understood
from deals_app.integrations.object_drafts import DEAL_FIELDS, DEAL_SOURCE_FIELDS, ReadObject, deal_of, lead_of

key: Final = "manual"
label: Final = "By hand"
says: Final = "One deal, typed in: its name, and whatever else is known."
kind: Final = "typed"
path: Final = "/manual"

FIELDS: Final = DEAL_SOURCE_FIELDS

# The sample of deal-ingestion.txt.
EXAMPLE: Final[tuple[Mapping[str, Any], Understood]] = (
    {
        "name": "Enterprise License - Acme Corp",
        "company": "Acme Corporation",
        "value": 120000,
        "stage": "proposal",
        "probability": 60,
        "expected_close_date": "2026-06-01",
        "contact_email": "ceo@acme.com",
        "contact_name": "John Smith",
        "description": "Enterprise license for 500 users",
    },
    Understood(
        system="manual",
        draft=DealDraft(
            name="Enterprise License - Acme Corp",
            company="Acme Corporation",
            value_minor=12_000_000,
            stage_text="proposal",
            probability=Decimal(60),
            expected_close_on=date(2026, 6, 1),
            contact_email="ceo@acme.com",
            contact_name="John Smith",
            description="Enterprise license for 500 users",
            given=frozenset(DEAL_FIELDS.values()) - {"currency"},
        ),
        lead=LeadDraft(email="ceo@acme.com", first_name="John", last_name="Smith", company="Acme Corporation"),
    ),
)


def normalise(payload: Mapping[str, Any], surroundings: Surroundings) -> Understood | list[FieldProblem]:
    """The deal, or all that is wrong with it; what has no field of ours is kept in `metadata`."""
    read = ReadObject(payload, FIELDS)
    draft = deal_of(read, surroundings.base_currency)
    if read.problems:
        return read.problems
    return Understood(draft=draft, system=key, lead=lead_of(draft), metadata=read.unknown())
