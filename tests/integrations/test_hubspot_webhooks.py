"""Which requests are HubSpot's own, and what their events say."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deals_app.integrations.hubspot_webhooks import HubSpotEvent, events_in, is_signed, signature

SECRET = "test-client-secret-0001"
# Published in the tests of HubSpot's Python client (tests/spec/utils/test_signature.py).
SIGNED: dict[str, Any] = {
    "secret": "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy",
    "method": "POST",
    "url": "https://www.example.com/webhook_uri",
    "body": b"{'example_field':'example_value'}",
    "headers": {
        "X-HubSpot-Signature-v3": "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y=",
        "X-HubSpot-Request-Timestamp": "1693657560000",
    },
    "now": datetime.fromtimestamp(1693657560, UTC),
}
EVENT = {"portalId": 48975575, "objectId": 332507367156, "occurredAt": 1782371971992, "eventId": 1}
WHEN = datetime(2026, 6, 25, 7, 19, 31, 992_000, tzinfo=UTC)


def signed(**changes: Any) -> bool:
    return is_signed(**(SIGNED | changes))


def headers(**changes: str | None) -> dict[str, str]:
    given = {"X-HubSpot-Signature-v3": "signature", "X-HubSpot-Request-Timestamp": "timestamp"}
    return {
        name: value
        for name, short in given.items()
        if (value := changes.get(short, SIGNED["headers"][name])) is not None
    }


def read(*events: Any) -> list[HubSpotEvent]:
    batch = events_in(json.dumps(events).encode())
    assert batch.problems == ()
    return list(batch.events)


def test_the_published_signature_is_good_within_five_minutes_and_in_any_letter_case() -> None:
    assert signed()
    assert signed(headers={name.lower(): value for name, value in SIGNED["headers"].items()})
    assert signed(now=SIGNED["now"] + timedelta(milliseconds=299_999))


@pytest.mark.parametrize(
    "changes",
    [
        {"body": SIGNED["body"] + b" "},
        {"secret": "another"},
        {"secret": ""},
        {"method": "GET"},
        {"url": "http://www.example.com/webhook_uri"},
        {"url": "https://www.example.com/webhook_uri/"},
        {"now": SIGNED["now"] + timedelta(milliseconds=300_001)},
        {"now": SIGNED["now"] - timedelta(minutes=10)},
        {"headers": headers(timestamp="1693657560001")},
        {"headers": headers(timestamp=None)},
        {"headers": headers(signature=None)},
        {"headers": headers(signature="é")},
        {"headers": {"X-HubSpot-Signature": "232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de"}},
    ],
)
def test_anything_else_is_not(changes: dict[str, Any]) -> None:
    assert not signed(**changes)


@pytest.mark.parametrize("timestamp", ["abc", "", "-1", "1693657560000.0", "٣", "1" * 40])
def test_a_time_that_is_none_is_refused_though_signed(timestamp: str) -> None:
    right = signature(SECRET, method="POST", url="https://x.example/", body=b"", timestamp=timestamp)
    sent = {"X-HubSpot-Signature-v3": right, "X-HubSpot-Request-Timestamp": timestamp}
    assert not is_signed(
        SECRET, method="POST", url="https://x.example/", body=b"", headers=sent, now=datetime.now(tz=UTC)
    )


def test_both_formats_and_every_kind() -> None:
    assert read({**EVENT, "subscriptionType": "deal.creation"}) == [
        HubSpotEvent(portal_id="48975575", object_id="332507367156", kind="upsert", occurred_at=WHEN, event_id="1")
    ]
    kinds = ["deal.propertyChange", "deal.deletion", "deal.privacyDeletion", "deal.restore"]
    assert [event.kind for event in read(*({**EVENT, "subscriptionType": kind} for kind in kinds))] == [
        "upsert",
        "delete",
        "delete",
        "restore",
    ]
    generic = {**EVENT, "subscriptionType": "object.propertyChange"}
    assert len(read({**generic, "objectTypeId": "0-3"}, {**generic, "objectTypeId": "0-1"}, generic)) == 1
    assert read({**EVENT, "subscriptionType": "contact.creation"}, {**EVENT, "subscriptionType": "deal.dance"}) == []


def test_a_merge_names_the_deal_that_is_left_and_all_that_became_it() -> None:
    merge = {**EVENT, "subscriptionType": "deal.merge", "primaryObjectId": 5, "mergedObjectIds": [6, 7]}
    assert [(each.object_id, each.merged_ids) for each in read(merge, {**merge, "newObjectId": 9})] == [
        ("5", ("6", "7")),
        ("9", ("5", "6", "7")),
    ]


def test_an_association_is_told_from_either_side() -> None:
    association = {**EVENT, "subscriptionType": "deal.associationChange", "fromObjectId": 1, "toObjectId": 2}
    kinds = ["DEAL_TO_COMPANY", "COMPANY_TO_DEAL", "CONTACT_TO_COMPANY"]
    found = read(*({**association, "associationType": kind} for kind in kinds))
    assert [event.object_id for event in found] == ["1", "2"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"objectId": "332507367156"}, "objectId"),
        ({"objectId": None}, "objectId"),
        ({"objectId": True}, "objectId"),
        ({"objectId": 1.5}, "objectId"),
        ({"objectId": 2**63}, "objectId"),
        ({"portalId": 0}, "portalId"),
        ({"occurredAt": -1}, "occurredAt"),
        ({"occurredAt": 10**14}, "occurredAt"),
        ({"subscriptionType": 5}, "subscriptionType"),
        ({"subscriptionType": "deal.merge", "primaryObjectId": 1, "mergedObjectIds": 2}, "mergedObjectIds"),
    ],
)
def test_one_bad_event_does_not_stop_the_others(change: dict[str, Any], field: str) -> None:
    good = {**EVENT, "subscriptionType": "deal.creation"}
    batch = events_in(json.dumps([{**good, **change}, good]).encode())
    assert [(each.index, each.problem.field) for each in batch.problems] == [(0, field)]
    assert len(batch.events) == 1


def test_every_vector_of_the_collection(real_data: Path) -> None:
    vectors = json.loads((real_data / "hubspot" / "signature_vectors.json").read_text())["vectors"]
    third = [each for each in vectors if each["version"] == "v3"]
    assert len(third) == 5
    for each in third:
        made = signature(
            each["secret"],
            method=each["method"],
            url=each["uri"],
            body=each["body"].encode(),
            timestamp=each["timestamp"],
        )
        assert made == each["signature"], each["id"]
    for each in vectors:
        if each["version"] != "v3":
            sent = {"X-HubSpot-Signature": each["signature"], "X-HubSpot-Signature-v3": each["signature"]}
            sent["X-HubSpot-Request-Timestamp"] = "1782371974000"
            address, now = each.get("uri", "https://x.example/"), datetime.fromtimestamp(1782371974, UTC)
            assert not is_signed(
                each["secret"], method="POST", url=address, body=each["body"].encode(), headers=sent, now=now
            )


def test_recorded_and_hostile_batches(real_data: Path) -> None:
    folder = real_data / "hubspot"
    for name, count in {
        "webhook_deal_lifecycle_captured.json": 4,
        "webhook_deal_propertychange_2019_fixture.json": 1,
        "webhook_generic_object_format.json": 2,
        "webhook_merge_restore_association.json": 3,
        "webhook_batch_100.json": 100,
    }.items():
        batch = events_in((folder / name).read_bytes())
        assert (len(batch.events), batch.problems) == (count, ()), name
    bodies = json.loads((folder / "webhook_hostile.json").read_text())["bodies"]
    for body in [*bodies, "\xff", "[" * 100_000]:
        batch = events_in(body.encode("latin-1"))
        assert all(event.object_id == "5" for event in batch.events)
