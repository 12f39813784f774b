"""HubSpot's webhooks: whether one is HubSpot's own, and which deals it speaks of. They carry no deals, only ids.

Delivered at least once, in any order, and tried again for 24 hours (HubSpot, "Webhooks API" and "Request validation").
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, Literal, NoReturn, cast

from deals_app.domain.errors import FieldProblem
from deals_app.domain.strict_json import strict_loads

EventKind = Literal["upsert", "delete", "restore", "merge", "association"]

SIGNATURE_HEADER: Final = "X-HubSpot-Signature-v3"
TIMESTAMP_HEADER: Final = "X-HubSpot-Request-Timestamp"
LONGEST_AGE_MS: Final = 300_000

# HubSpot decodes these twelve escapes before it signs, and no other.
_DECODED: Final = re.compile("%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)")
_TIMESTAMP: Final = re.compile(r"[0-9]{1,15}")
_DEALS: Final = "0-3"
_KINDS: Final[Mapping[str, EventKind]] = {
    "creation": "upsert",
    "propertyChange": "upsert",
    "deletion": "delete",
    "privacyDeletion": "delete",
    "restore": "restore",
    "merge": "merge",
    "associationChange": "association",
}
_LARGEST_ID: Final = 2**63 - 1
_LAST_MS: Final = 10**13


@dataclass(frozen=True, kw_only=True)
class HubSpotEvent:
    """Something happened to a deal; what it is like now has to be asked for. Ids are texts, as HubSpot's API has them.

    After a merge `object_id` is the deal that is left, and `merged_ids` are all that became it.
    """

    portal_id: str
    object_id: str
    kind: EventKind
    occurred_at: datetime
    event_id: str | None = None
    merged_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class EventProblem:
    """An event that cannot be read: its place in the batch (None: the batch itself) and what is wrong."""

    index: int | None
    problem: FieldProblem


@dataclass(frozen=True)
class Batch:
    """What one request said of deals, and what of it makes no sense. Events of other objects are left out."""

    events: tuple[HubSpotEvent, ...]
    problems: tuple[EventProblem, ...]


def signature(secret: str, *, method: str, url: str, body: bytes, timestamp: str) -> str:
    """Version 3: Base64 of the HMAC-SHA256 over method, whole URL, body and the time in epoch milliseconds."""
    address = _DECODED.sub(lambda found: chr(int(found[0][1:], 16)), url)
    message = method.upper().encode() + address.encode() + body + timestamp.encode()
    return base64.b64encode(hmac.digest(secret.encode(), message, "sha256")).decode()


def is_signed(secret: str, *, method: str, url: str, body: bytes, headers: Mapping[str, str], now: datetime) -> bool:
    """Whether HubSpot signed exactly this request within five minutes of now.

    `url` is the one HubSpot called, with its scheme, host and query as sent; `body` is untouched. Header names may
    come in any case. The signatures of versions 1 and 2 say nothing of the time and are never enough.
    """
    sent = {name.lower(): value for name, value in headers.items()}
    timestamp = sent.get(TIMESTAMP_HEADER.lower(), "")
    given = sent.get(SIGNATURE_HEADER.lower(), "")
    if not secret or not given or not _TIMESTAMP.fullmatch(timestamp):
        return False
    if abs(int(now.timestamp() * 1000) - int(timestamp)) > LONGEST_AGE_MS:
        return False
    right = signature(secret, method=method, url=url, body=body, timestamp=timestamp)
    return hmac.compare_digest(right.encode(), given.encode("utf-8", "surrogateescape"))


def events_in(body: bytes) -> Batch:
    """The events of a request whose signature was good. Never raises: what makes no sense is told event by event."""
    try:
        items = strict_loads(body)
    except ValueError as problem:
        return Batch((), (EventProblem(None, FieldProblem("", str(problem))),))
    if not isinstance(items, list):
        return Batch((), (EventProblem(None, FieldProblem("", "must be a list of events")),))
    events: list[HubSpotEvent] = []
    problems: list[EventProblem] = []
    for index, item in enumerate(cast("list[Any]", items)):
        try:
            event = _event(item)
        except _Unreadable as unreadable:
            problems.append(EventProblem(index, FieldProblem(unreadable.field, unreadable.message)))
        else:
            events += [event] if event else []
    return Batch(tuple(events), tuple(problems))


class _Unreadable(Exception):
    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


def _refuse(field: str, message: str) -> NoReturn:
    raise _Unreadable(field, message)


def _event(item: object) -> HubSpotEvent | None:
    """The event; None when it is about no deal. Both formats: `deal.creation`, and `object.creation` with a type."""
    if not isinstance(item, dict):
        _refuse("", "must be an object")
    event = cast("dict[str, Any]", item)
    written = event.get("subscriptionType")
    if not isinstance(written, str):
        _refuse("subscriptionType", "must be a text such as deal.creation")
    about, _, what = written.partition(".")
    kind = _KINDS.get(what)
    if kind is None or about not in {"deal", "object"}:
        return None
    ids = _deals_of(event, kind, is_generic=about == "object")
    if ids is None:
        return None
    event_id = event.get("eventId")
    return HubSpotEvent(
        portal_id=_id(event, "portalId"),
        object_id=ids[0],
        kind=kind,
        occurred_at=_time(event),
        event_id=None if event_id is None else _id(event, "eventId"),
        merged_ids=ids[1:],
    )


def _deals_of(event: dict[str, Any], kind: EventKind, *, is_generic: bool) -> tuple[str, ...] | None:
    """The deal, and those merged into it; None when the event is about other objects."""
    if kind == "association":
        field = _side_of_the_deal(event)
        return (_id(event, field),) if field else None
    if is_generic and event.get("objectTypeId") != _DEALS:
        return None
    if kind != "merge":
        return (_id(event, "objectId"),)
    left = _id(event, "newObjectId" if event.get("newObjectId") is not None else "primaryObjectId")
    others = event.get("mergedObjectIds")
    if not isinstance(others, list):
        _refuse("mergedObjectIds", "must be a list of ids")
    gone = [_id({"mergedObjectIds": each}, "mergedObjectIds") for each in cast("list[Any]", others)]
    return (left, *dict.fromkeys(each for each in [_id(event, "primaryObjectId"), *gone] if each != left))


def _side_of_the_deal(event: dict[str, Any]) -> str | None:
    """`DEAL_TO_COMPANY` is told from the deal, `COMPANY_TO_DEAL` from the company; the newer format has type ids."""
    written = event.get("associationType")
    association = written if isinstance(written, str) else ""
    if association.startswith("DEAL_TO_") or event.get("fromObjectTypeId") == _DEALS:
        return "fromObjectId"
    if association.endswith("_TO_DEAL") or event.get("toObjectTypeId") == _DEALS:
        return "toObjectId"
    return None


def _id(event: dict[str, Any], field: str) -> str:
    return str(_whole(event.get(field), field, 1, _LARGEST_ID))


def _time(event: dict[str, Any]) -> datetime:
    milliseconds = _whole(event.get("occurredAt"), "occurredAt", 0, _LAST_MS)
    return datetime.fromtimestamp(milliseconds // 1000, UTC).replace(microsecond=milliseconds % 1000 * 1000)


def _whole(value: object, field: str, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or value != int(value):
        _refuse(field, "must be a whole number")
    if not least <= value <= most:
        _refuse(field, f"must be between {least} and {most}")
    return int(value)
