"""What the management API takes and gives, as pydantic models: types, bounds, no unknown fields."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from deals_app.blueprints.api.fields import (
    Body,
    Changes,
    Currency,
    Identifier,
    IsoDate,
    JsonObject,
    MinorUnits,
    Moment,
    Order,
    Plain,
    Whole,
)
from deals_app.domain.views import CustomerView, DealView


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
    """A deal to be made."""

    customer_id: Identifier
    assigned_to: Identifier
    name: str = Field(min_length=1, max_length=1000)
    value: MinorUnits
    currency: Currency
    expected_close_date: IsoDate
    source: str = "inbound"
    tags: list[str] = Field(default_factory=list, max_length=50)
    pipeline_id: Identifier | None = None
    custom_fields: JsonObject = Field(default_factory=dict)


class BasicInfo(Changes):
    """Facts of a deal; what is not sent stays as it is."""

    name: str = ""
    expected_close_date: IsoDate | None = None
    tags: list[str] | None = Field(default=None, max_length=50)
    assigned_to: Identifier | None = None
    custom_fields: JsonObject = Field(default_factory=dict)
    version: Whole | None = None


class Value(Body):
    """What a deal is worth, in minor units of its currency."""

    value: MinorUnits
    currency: Currency
    version: Whole | None = None


class MoveStage(Body):
    """Where a deal goes: the key, the id or the name of a stage."""

    stage: str
    note: str | None = Field(default=None, max_length=20_000)
    loss_reason: str | None = Field(default=None, max_length=2000)
    version: Whole | None = None


class Win(Body):
    """How a deal was won; `actual_value` in minor units replaces its value."""

    close_date: IsoDate
    actual_value: MinorUnits | None = None
    note: str | None = Field(default=None, max_length=20_000)
    version: Whole | None = None


class Lose(Body):
    """How a deal was lost."""

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
    """Route 3's query. What is no number is a 400, a page_size over 100 is 100; `after` takes the place of `page`."""

    after: str | None = None
    # Without a default of its own: generated clients send defaults, and `after` beside a page is refused.
    page: int | None = Field(default=None, ge=1, le=10_000_000, description="1 unless given")
    page_size: int = Field(default=20, ge=1)
    stage: str | None = None
    assigned_to: UUID | None = None
    customer_id: UUID | None = None
    source: str | None = None
    tag: str | None = None
    q: str | None = None
    updated_since: Moment | None = None
    sort: Order = "-created_at"

    @model_validator(mode="after")
    def _is_one_way_to_go_on(self) -> Self:
        if self.after is not None and self.page is not None:
            message = "say either page or after"
            raise ValueError(message)
        return self


class PipelineQuery(BaseModel):
    """Which pipeline figures speak of; the default one unless given."""

    pipeline_id: UUID | None = None


class CreateCustomer(Body):
    """A customer to be made."""

    name: str
    kind: str = "company"
    domain: str | None = Field(default=None, max_length=253)
    churn_risk: Annotated[Decimal, Field(ge=0, le=1)] | None = None


class ChangeCustomer(Changes):
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
