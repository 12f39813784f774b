"""The shapes of answers, as the OpenAPI document states them."""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, Field

T = TypeVar("T")


class Answered(BaseModel, Generic[T]):
    """What was asked for, or what it has become."""

    status: Literal["success"]
    data: T


class NumberedPages(BaseModel):
    """Where a page stands among all."""

    total: int
    page: int
    page_size: int
    total_pages: int


class AnsweredPage(Answered[T], Generic[T]):
    """A page of a list."""

    pagination: NumberedPages


class Stretch(BaseModel):
    """Where to go on reading; null at the end."""

    next_after: str | None


class AnsweredStretch(Answered[T], Generic[T]):
    """A stretch of a list that is read by cursor."""

    pagination: Stretch


class Detail(BaseModel):
    """A field that is wrong, and what would be right."""

    field: str
    message: str


class Failure(BaseModel):
    """What went wrong: a code for programs, a sentence for people, and the fields it is about."""

    code: str = Field(examples=["VALIDATION_FAILED"])
    message: str
    details: list[Detail]


class Refused(BaseModel):
    """A request that was not done; nothing has changed."""

    status: Literal["error"]
    error: Failure
    request_id: str


class Outdated(Refused):
    """Somebody changed the deal first; `data` is the deal as it is now."""

    data: Any = None


# What any route behind a key may say. A body that is malformed, too large or no JSON is refused before the route.
REFUSALS: dict[int | str, Any] = dict.fromkeys((400, 401, 403, 404, 413, 415, 429, 503), Refused)
# Of a change of a deal: 409 to a version in the body (and to an Idempotency-Key), 412 to an If-Match.
CONFLICTS: dict[int | str, Any] = {409: Outdated, 412: Outdated}
