"""What a field of a request may be: numbers, dates, times and ids as JSON has them, and the bases of bodies."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

from deals_app.domain.money import MAX_MINOR
from deals_app.domain.strict_json import plain_numbers

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
# The document keeps `example`, and drops `examples`.
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$", json_schema_extra={"example": "USD"})]
Whole = Annotated[int, BeforeValidator(_whole, json_schema_input_type=int)]
JsonObject = Annotated[dict[str, Any], AfterValidator(plain_numbers)]
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


def _without_defaults(schema: dict[str, Any]) -> None:
    """A default would tell generated clients to send it."""
    for field in schema["properties"].values():
        field.pop("default", None)


class Changes(Body):
    """Base of bodies where what is not sent stays as it is."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)
