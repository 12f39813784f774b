"""Calls, mails, meetings and tasks over the API: written down, planned, ticked off."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.blueprints.programs import NOBODY, TODAY, Api, data, refused

DAY = (TODAY + timedelta(days=3)).isoformat()


def url(deal: dict[str, Any], *more: str) -> str:
    return "/".join([f"/api/v1/deals/{deal['id']}/activities", *more])


@pytest.mark.parametrize("kind", ["note", "call", "email", "meeting"])
def test_what_has_happened_is_written_down(api: Api, deal: dict[str, Any], kind: str) -> None:
    found = data(api("POST", url(deal), {"kind": kind, "body": " They agreed "}), 201)
    assert (found["kind"], found["body"], found["due_on"], found["done_at"]) == (kind, "They agreed", None, None)
    assert data(api("GET", url(deal))) == [found]


@pytest.mark.parametrize("kind", ["task", "call", "email", "meeting"])
def test_what_is_planned_is_ticked_off_and_taken_back(api: Api, deal: dict[str, Any], kind: str) -> None:
    found = data(api("POST", url(deal), {"kind": kind, "body": "Send the offer", "due_on": DAY}), 201)
    assert (found["due_on"], found["done_at"]) == (DAY, None)
    done = data(api("PATCH", url(deal, found["id"]), {"done": True}))
    assert done["done_at"] is not None
    assert data(api("PATCH", url(deal, found["id"]), {"done": True})) == done
    assert data(api("PATCH", url(deal, found["id"]), {"done": False})) == found


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"kind": "task", "body": "x"}, "due_on"),
        ({"kind": "note", "body": "x", "due_on": DAY}, "kind"),
        ({"kind": "attachment", "body": "x"}, "kind"),
        ({"kind": "call"}, "body"),
        ({"kind": "call", "body": " "}, "body"),
        ({"kind": "call", "body": "x", "due_on": "soon"}, "due_on"),
    ],
)
def test_what_is_wrong_is_named(api: Api, deal: dict[str, Any], sent: dict[str, Any], field: str) -> None:
    refused(api("POST", url(deal), sent), 400, "VALIDATION_FAILED", field)


def test_what_was_not_planned_cannot_be_ticked_off(api: Api, stranger: Api, deal: dict[str, Any]) -> None:
    note = data(api("POST", url(deal), {"kind": "note", "body": "x"}), 201)
    task = data(api("POST", url(deal), {"kind": "task", "body": "x", "due_on": DAY}), 201)
    for who, where, which in ((api, deal, note["id"]), (api, deal, NOBODY), (api, {"id": NOBODY}, task["id"]),
                              (stranger, deal, task["id"])):  # fmt: skip
        refused(who("PATCH", url(where, which), {"done": True}), 404, "NOT_FOUND")
    refused(stranger("POST", url(deal), {"kind": "note", "body": "x"}), 404, "NOT_FOUND")
