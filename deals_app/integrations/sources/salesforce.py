"""Opportunities of Salesforce, as its REST API gives them or as an Outbound Message was read (salesforce_soap.py)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, cast

from deals_app.domain.drafts import DealDraft
from deals_app.domain.errors import FieldProblem
from deals_app.domain.inbound import SourceField, Surroundings, Understood
from deals_app.integrations.salesforce_ids import long_id
from deals_app.integrations.vendor_objects import VendorObject, is_false, is_true, lead_of

__all__ = ["EXAMPLE", "FIELDS", "key", "kind", "label", "normalise", "path", "says"]

key: Final = "salesforce"
label: Final = "Salesforce"
says: Final = "Opportunities of a Salesforce organisation: connect it, or send its records one by one."
kind: Final = "sync"
path: Final = "/salesforce/sync"

FIELDS: Final = (
    SourceField(name="Id", says="Salesforce's id of the opportunity", example="0065e00000TeStAAAV"),
    SourceField(name="Name", says="Name of the opportunity", example="Express Logistics SLA", is_required=True),
    SourceField(name="Amount", says="Value in major units", example="120000.0"),
    SourceField(name="CurrencyIsoCode", says="Currency of the amount", example="USD"),
    SourceField(name="StageName", says="Name of the stage", example="Perception Analysis"),
    SourceField(name="Probability", says="Chance of winning, 0 to 100", example="70.0"),
    SourceField(name="CloseDate", says="Expected or actual close date", example="2026-09-30"),
    SourceField(name="Account", says="The account, with its Name", example='{"Name": "Acme"}'),
    SourceField(name="Owner", says="The owner, with Name or Email", example='{"Email": "jane@example.com"}'),
    SourceField(name="LastModifiedDate", says="When it last changed; an older one overwrites nothing"),
)

_MEANINGS: Final[Mapping[str, str]] = {
    "Id": "external_id",
    "Name": "name",
    "Amount": "value",
    "CurrencyIsoCode": "currency",
    "StageName": "stage",
    "Probability": "probability",
    "CloseDate": "close_date",
    "CreatedDate": "created_at",
    "Account.Name": "company",
    "AccountName": "company",
    "Owner.Email": "owner",
    "Owner.Name": "owner",
    "OwnerId": "owner",
    "Contact.Email": "contact_email",
    "Contact.Name": "contact_name",
    "Description": "description",
    "LeadSource": "source",
}
_CHANGED: Final = ("LastModifiedDate", "SystemModstamp")
_RELATED: Final = ("Account", "Owner", "Contact")
# Salesforce's own affairs, and figures it derives from other fields.
# fmt: off
_AROUND: Final = frozenset(
    [
        "attributes", "AccountId", "ContactId", "IsDeleted", "IsClosed", "IsWon", "IsPrivate",
        "ForecastCategory", "ForecastCategoryName", "Fiscal", "FiscalYear", "FiscalQuarter",
        "HasOpportunityLineItem", "HasOpenActivity", "HasOverdueTask", "ExpectedRevenue", "PushCount",
        "CreatedById", "LastModifiedById", "LastModifiedDate", "SystemModstamp", "LastActivityDate",
        "LastViewedDate", "LastReferencedDate", "LastStageChangeDate", "LastStageChangeInDays",
        "LastActivityInDays", "AgeInDays", "Pricebook2Id", "ContractId", "CampaignId", "RecordTypeId",
        "TotalOpportunityQuantity", "LastAmountChangedHistoryId", "LastCloseDateChangedHistoryId",
    ]
)
# fmt: on

_SENT: Final[Mapping[str, Any]] = {
    "attributes": {"type": "Opportunity"},
    "Id": "0065e00000TeStA",
    "Name": "Express Logistics SLA",
    "Amount": Decimal("120000.0"),
    "StageName": "Perception Analysis",
    "Probability": Decimal("70.0"),
    "CloseDate": "2026-09-30",
    "Account": {"Name": "Acme & Söhne"},
    "LastModifiedDate": "2025-08-13T05:29:19.000+0000",
}
EXAMPLE: Final[tuple[Mapping[str, Any], Understood]] = (
    _SENT,
    Understood(
        draft=DealDraft(
            name="Express Logistics SLA",
            company="Acme & Söhne",
            value_minor=12_000_000,
            stage_text="Perception Analysis",
            probability=Decimal(70),
            expected_close_on=date(2026, 9, 30),
            closed_on=date(2026, 9, 30),
            external_id="0065e00000TeStAAAV",
            given=frozenset(
                {"name", "company", "value_minor", "stage_text", "probability", "expected_close_on", "closed_on"}
                | {"external_id"}
            ),
        ),
        system="salesforce",
        changed_at=datetime(2025, 8, 13, 5, 29, 19, tzinfo=UTC),
        metadata=_SENT,
    ),
)


def normalise(payload: Mapping[str, Any], surroundings: Surroundings) -> Understood | list[FieldProblem]:
    """The opportunity in our words, or all that is wrong with it, each problem under Salesforce's own name.

    `surroundings.settings` may hold `fields` (field -> key of `csv_columns.FIELDS` or custom:Name), `stages` (name ->
    our stage) and `owners` (id -> e-mail address). Ids get their 18 characters. A deleted opportunity without a name
    is named after its id.
    """
    if problem := _wrong_type(payload):
        return [problem]
    values = _flat(payload)
    found = VendorObject(values, _MEANINGS, surroundings, _AROUND.__contains__)
    is_gone = is_true(values.get("IsDeleted"))
    draft = found.draft(
        name_if_gone=f"Salesforce {found.text('external_id')}" if is_gone and found.text("external_id") else None,
        stage=found.stage(_outcome(values)),
        owner=found.mapping("owners").get(str(values.get("OwnerId"))) or found.text("owner"),
        of_one=False,
    )
    changed_at = found.changed_at(values, _CHANGED)
    return _unrelated(payload) + found.problems or Understood(
        draft=draft,
        system=key,
        lead=lead_of(draft),
        changed_at=changed_at,
        metadata=payload,
        is_gone=is_gone,
    )


def _wrong_type(payload: Mapping[str, Any]) -> FieldProblem | None:
    attributes = payload.get("attributes")
    kind_of_object = cast("Mapping[str, Any]", attributes).get("type") if isinstance(attributes, Mapping) else None
    if kind_of_object in {None, "Opportunity"}:
        return None
    return FieldProblem("attributes", f"is a {str(kind_of_object)[:40]}; only an Opportunity is a deal")


def _unrelated(payload: Mapping[str, Any]) -> list[FieldProblem]:
    """Related records that are none, of which nothing could be read."""
    return [
        FieldProblem(name, 'must be an object, such as {"Name": "Acme"}')
        for name in _RELATED
        if not isinstance(payload.get(name), Mapping | None)
    ]


def _flat(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Related records as SOQL names their fields (`Account.Name`), and long ids."""
    values = {name: value for name, value in payload.items() if name not in _RELATED}
    for name in _RELATED:
        related = payload.get(name)
        if isinstance(related, Mapping):
            values |= {f"{name}.{field}": value for field, value in cast("Mapping[str, Any]", related).items()}
    if payload.get("Account", "") is None:
        values["Account.Name"] = None
    for name in ("Id", "OwnerId"):
        if isinstance(text := values.get(name), str):
            values[name] = long_id(text.strip())
    return {name: value for name, value in values.items() if "." not in name or name in _MEANINGS}


def _outcome(values: Mapping[str, Any]) -> str | None:
    if is_true(values.get("IsWon")):
        return "won"
    return "lost" if is_true(values.get("IsClosed")) and is_false(values.get("IsWon")) else None
