"""Deals from any other system, in our own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from deals_app.domain.drafts import DealDraft
from deals_app.domain.errors import FieldProblem
from deals_app.domain.inbound import LeadDraft, SourceField, Surroundings, Understood
from deals_app.integrations.cell_values import known_source
from deals_app.integrations.object_drafts import DEAL_SOURCE_FIELDS, ReadObject, deal_of, lead_of

key: Final = "api"
label: Final = "API"
says: Final = "One deal from another system, with that system's id for it."
kind: Final = "json"
path: Final = "/api"

FIELDS: Final = (
    *DEAL_SOURCE_FIELDS,
    SourceField(name="external_id", says="The other system's id: the same id is the same deal", example="ext-12345"),
    SourceField(name="external_system", says="Whose id it is, when several systems send", example="billing"),
    SourceField(name="metadata", says="Any object; kept whole with the deal", example='{"campaign": "spring-sale"}'),
    SourceField(name="tags", says="List of texts", example='["new", "europe"]'),
    SourceField(name="source", says="inbound, outbound, referral or partner", example="inbound"),
    SourceField(name="owner", says="Name or e-mail address of who is to have it", example="rep@company.example"),
    SourceField(name="pipeline", says="Name of a pipeline; the default one when left out", example="Sales"),
    SourceField(
        name="updated_at",
        says="When it last changed there; an older version changes nothing",
        example="2026-01-15T12:30:00Z",
    ),
)

# What these become in a DealDraft; `metadata`, `external_system` and `updated_at` stand beside it.
_DRAFT_FIELDS: Final[Mapping[str, str]] = {
    "external_id": "external_id",
    "tags": "tags",
    "source": "source",
    "owner": "owner_text",
    "pipeline": "pipeline_text",
}

# The sample of deal-ingestion.txt.
EXAMPLE: Final[tuple[Mapping[str, Any], Understood]] = (
    {
        "name": "Custom Deal Name",
        "company": "Company Name",
        "value": 75000,
        "stage": "discovery",
        "probability": 40,
        "contact_email": "contact@company.com",
        "external_id": "ext-12345",
        "metadata": {"integration": "custom_system", "source_campaign": "spring-sale"},
    },
    Understood(
        system="api",
        draft=DealDraft(
            name="Custom Deal Name",
            company="Company Name",
            value_minor=7_500_000,
            stage_text="discovery",
            probability=Decimal(40),
            contact_email="contact@company.com",
            external_id="ext-12345",
            given=frozenset(
                {"name", "company", "value_minor", "stage_text", "probability", "contact_email", "external_id"}
            ),
        ),
        lead=LeadDraft(email="contact@company.com", company="Company Name"),
        metadata={"integration": "custom_system", "source_campaign": "spring-sale"},
    ),
)


def normalise(payload: Mapping[str, Any], surroundings: Surroundings) -> Understood | list[FieldProblem]:
    """The deal, or all that is wrong with it. Unknown fields join `metadata`, whose own keys win."""
    read = ReadObject(payload, FIELDS)
    draft = deal_of(read, surroundings.base_currency)
    source = read.text("source")
    draft = replace(
        draft,
        external_id=read.external_id("external_id"),
        tags=read.tags("tags"),
        source=known_source(source) if source else None,
        owner_text=read.text("owner"),
        pipeline_text=read.text("pipeline"),
        given=draft.given | {field for name, field in _DRAFT_FIELDS.items() if name in payload},
    )
    system = read.text("external_system")
    changed_at = read.moment("updated_at")
    kept = read.unknown() | ({"source": source} if source and draft.source != source else {})
    metadata = kept | read.object("metadata")
    if read.problems:
        return read.problems
    return Understood(draft=draft, system=system or key, lead=lead_of(draft), changed_at=changed_at, metadata=metadata)
