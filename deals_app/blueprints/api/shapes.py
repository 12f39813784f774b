"""What the management API takes and gives, as pydantic models: types, bounds, no unknown fields."""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

from deals_app.domain.money import MAX_MINOR
from deals_app.domain.views import CustomerView, DealView

# A plus in a query that nobody has encoded arrives as a blank.
RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+\- ][0-9]{2}:[0-9]{2})"
)
ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _whole(value: object) -> object:
    """An integer as JSON Schema sees it: 100.0 is 100; texts and booleans are none."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        message = "must be a whole number"
        raise ValueError(message)  # noqa: TRY004 (pydantic makes a finding of a ValueError only)
    if isinstance(value, Decimal):
        if value != value.to_integral_value():
            message = "must be a whole number"
            raise ValueError(message)
        return int(value)
    return value


def _iso_date(value: object) -> object:
    """YYYY-MM-DD and nothing else: pydantic would take a timestamp as well."""
    if isinstance(value, str) and ISO_DATE.fullmatch(value):
        return value
    message = "must be a date like 2026-03-31"
    raise ValueError(message)


def _plain_numbers(value: Any) -> Any:
    """What the database keeps as JSON: the strict parser's Decimals as the numbers they were."""
    if isinstance(value, Decimal):
        if math.isinf(number := float(value)):
            message = f"the number {value} is out of range"
            raise ValueError(message)
        return number
    if isinstance(value, dict):
        return {key: _plain_numbers(item) for key, item in value.items()}
    return [_plain_numbers(item) for item in value] if isinstance(value, list) else value


def _moment(value: object) -> object:
    """RFC 3339 with its offset: a time of nobody's zone would be another one for each reader."""
    if isinstance(value, str) and RFC_3339.fullmatch(value):
        return value.replace(" ", "+")
    message = "must be a time with its offset, like 2026-03-31T09:30:00Z"
    raise ValueError(message)


def _uuid_text(value: object) -> object:
    if isinstance(value, str):
        return value
    message = "must be a UUID"
    raise ValueError(message)


Positive = Field(gt=0, le=MAX_MINOR)
MinorUnits = Annotated[int, Positive, BeforeValidator(_whole, json_schema_input_type=Annotated[int, Positive])]
Whole = Annotated[int, BeforeValidator(_whole, json_schema_input_type=int)]
JsonObject = Annotated[dict[str, Any], AfterValidator(_plain_numbers)]
# Upwards, and with a minus before it downwards.
Order = Literal[
    "created_at", "updated_at", "name", "value", "probability", "expected_close_date", "actual_close_date",
    "-created_at", "-updated_at", "-name", "-value", "-probability", "-expected_close_date", "-actual_close_date",
]  # fmt: skip
Moment = Annotated[datetime, BeforeValidator(_moment)]
IsoDate = Annotated[date, BeforeValidator(_iso_date)]
Identifier = Annotated[UUID, BeforeValidator(_uuid_text)]
Plain = Annotated[
    Decimal,
    PlainSerializer(lambda value: int(value) if value == value.to_integral_value() else float(value)),
    WithJsonSchema({"type": "number"}),
]


class Body(BaseModel):
    """Base of every body: unknown fields are named in the 400."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)


class DealPath(BaseModel):
    """A deal's id in a path."""

    deal_id: UUID


class StagePath(BaseModel):
    """A stage's key in a path."""

    stage: str


class CustomerPath(BaseModel):
    """A customer's id in a path."""

    customer_id: UUID


class CreateDeal(Body):
    """Route 1."""

    customer_id: Identifier
    assigned_to: Identifier
    name: str = Field(min_length=1, max_length=1000)
    value: MinorUnits
    currency: str = Field(pattern="^[A-Z]{3}$")
    expected_close_date: IsoDate
    source: str = "inbound"
    tags: list[str] = Field(default_factory=list, max_length=50)
    pipeline_id: Identifier | None = None
    custom_fields: JsonObject = Field(default_factory=dict)


class BasicInfo(Body):
    """Route 4: what is not sent stays as it is."""

    name: str = ""
    expected_close_date: IsoDate | None = None
    tags: list[str] | None = Field(default=None, max_length=50)
    assigned_to: Identifier | None = None
    custom_fields: JsonObject = Field(default_factory=dict)
    version: Whole | None = None


class Value(Body):
    """Route 5."""

    value: MinorUnits
    currency: str = Field(pattern="^[A-Z]{3}$")
    version: Whole | None = None


class MoveStage(Body):
    """Route 6."""

    stage: str
    note: str | None = Field(default=None, max_length=20_000)
    loss_reason: str | None = Field(default=None, max_length=2000)
    version: Whole | None = None


class Win(Body):
    """Route 7."""

    close_date: IsoDate
    actual_value: MinorUnits | None = None
    note: str | None = Field(default=None, max_length=20_000)
    version: Whole | None = None


class Lose(Body):
    """Route 8."""

    close_date: IsoDate
    reason: str | None = Field(default=None, max_length=2000)
    competitor: str | None = Field(default=None, max_length=200)
    note: str | None = Field(default=None, max_length=20_000)
    version: Whole | None = None


class Reopen(Body):
    """Why a closed deal is opened again."""

    reason: str = Field(max_length=2000)
    version: Whole | None = None


class DealList(BaseModel):
    """Route 3's query. What is no number is a 400, a page_size over 100 is 100."""

    page: int = Field(default=1, ge=1, le=10_000_000)
    page_size: int = Field(default=20, ge=1)
    stage: str | None = None
    assigned_to: UUID | None = None
    customer_id: UUID | None = None
    source: str | None = None
    tag: str | None = None
    q: str | None = None
    updated_since: Moment | None = None
    sort: Order = "-created_at"


class PipelineQuery(BaseModel):
    """Which pipeline figures speak of; the default one unless given."""

    pipeline_id: UUID | None = None


class CreateCustomer(Body):
    """A customer to be made."""

    name: str
    kind: str = "company"
    domain: str | None = Field(default=None, max_length=253)
    churn_risk: Annotated[Decimal, Field(ge=0, le=1)] | None = None


class ChangeCustomer(Body):
    """What is to change; what is not named stays."""

    name: str | None = None
    kind: str | None = None
    domain: str | None = Field(default=None, max_length=253)
    churn_risk: Annotated[Decimal, Field(ge=0, le=1)] | None = None

    @model_validator(mode="after")
    def _is_something(self) -> Self:
        """A null empties what may be empty."""
        for name in ("name", "kind"):
            if name in self.model_fields_set and getattr(self, name) is None:
                message = f"{name} may not be null"
                raise ValueError(message)
        return self


class Opportunities(BaseModel):
    """Which deals of a customer: `open=true` leaves out those that are closed."""

    open: bool = False


class CustomerList(BaseModel):
    """Customers by name, a stretch at a time."""

    q: str = ""
    after: str | None = None
    page_size: int = Field(default=50, ge=1)


class DealAnswer(BaseModel):
    """The deal object, the same everywhere (CONTRACT.md section 6)."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    customer_id: UUID | None
    assigned_to: UUID | None
    name: str
    value: int | None
    currency: str
    value_estimated: bool
    pipeline_id: UUID
    stage: str = Field(validation_alias="stage_key")
    stage_id: UUID
    status: str
    probability: Plain
    source: str
    ingested_from: str
    expected_close_date: date | None
    actual_close_date: date | None
    loss_reason: str | None
    competitor: str | None
    tags: list[str]
    custom_fields: dict[str, Any]
    metadata: dict[str, Any]
    health_score: int | None
    risk_level: str | None
    insights: list[dict[str, Any]]
    is_at_risk: bool
    version: int
    created_at: datetime
    updated_at: datetime


class StageCounts(BaseModel):
    """How many deals each stage holds, by its key."""

    stats: dict[str, int]


class WonPart(BaseModel):
    """What was won in one currency, in its minor units."""

    currency: str
    count: int
    total_value: int


class WonTotal(BaseModel):
    """What was won: `total_value` in the base currency, null where a rate is missing; the parts are always there."""

    count: int
    total_value: int | None
    currency: str
    by_currency: list[WonPart]


def deal_object(view: DealView) -> dict[str, Any]:
    """A deal as JSON."""
    return DealAnswer.model_validate(view).model_dump(mode="json", by_alias=False)


class CustomerAnswer(BaseModel):
    """The customer object."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    name: str
    kind: str
    domain: str | None
    churn_risk: Plain | None
    created_at: datetime
    updated_at: datetime


def customer_object(view: CustomerView) -> dict[str, Any]:
    """A customer as JSON."""
    return CustomerAnswer.model_validate(view).model_dump(mode="json")
