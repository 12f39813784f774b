"""What becomes of HubSpot's deal objects, in every shape they come in."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from deals_app.domain.drafts import DealDraft
from deals_app.domain.inbound import Surroundings, Understood
from deals_app.domain.strict_json import strict_loads
from deals_app.integrations.sources import hubspot

AROUND = Surroundings(base_currency="USD", today=date(2026, 1, 15))


def understood(payload: dict[str, Any], **settings: Any) -> Understood:
    around = Surroundings(base_currency="USD", today=date(2026, 1, 15), settings=settings)
    found = hubspot.normalise(payload, around)
    assert isinstance(found, Understood), found
    return found


def draft(payload: dict[str, Any], **settings: Any) -> DealDraft:
    found = understood(payload, **settings).draft
    assert found is not None
    return found


def faults(payload: dict[str, Any]) -> dict[str, str]:
    found = hubspot.normalise(payload, AROUND)
    assert isinstance(found, list), found
    return {problem.field: problem.message for problem in found}


def v3(**properties: Any) -> dict[str, Any]:
    return {"id": "51", "properties": {"dealname": "Website", **properties}, "archived": False}


def test_its_own_example() -> None:
    payload, expected = hubspot.EXAMPLE
    assert hubspot.normalise(payload, AROUND) == expected


def test_the_shapes_of_the_api_of_the_client_and_flat_say_the_same() -> None:
    properties = {
        "dealname": "Website",
        "amount": "1500.00",
        "dealstage": "qualifiedtobuy",
        "closedate": "2019-12-07T16:50:06.678Z",
    }
    changed = {"hs_lastmodifieddate": "2019-12-08T16:50:06.678Z"}
    shapes = [
        {"id": "51", "properties": {**properties, **changed}, "archived": False},
        {"dealId": 51, "properties": {name: {"value": value} for name, value in {**properties, **changed}.items()}},
        {"id": 51, **properties, **changed},
        {"id": "51", "properties": properties, "updated_at": "2019-12-08 16:50:06.678000+00:00", "archived_at": None},
    ]
    found = [understood(shape) for shape in shapes]
    assert [each.draft for each in found] == [found[0].draft] * 4
    assert {each.changed_at for each in found} == {datetime(2019, 12, 8, 16, 50, 6, 678_000, tzinfo=UTC)}


def test_version_1_says_of_each_property_when_it_changed() -> None:
    payload = {
        "dealId": 9,
        "isDeleted": False,
        "properties": {
            "dealname": {"value": "Old", "timestamp": 1565733537449},
            "closedate": {"value": "1564783118291", "timestamp": 1565733537450},
        },
    }
    found = understood(payload)
    assert found.changed_at == datetime(2019, 8, 13, 21, 58, 57, 450_000, tzinfo=UTC)
    assert found.draft is not None
    assert found.draft.expected_close_on == found.draft.closed_on == date(2019, 8, 2)


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("1500.00", None, 150_000),
        ("1234567890.12", "EUR", 123_456_789_012),
        ("1.005", "USD", 101),
        ("1500", "JPY", 1500),
        (Decimal("0.1"), None, 10),
        (0, None, 0),
        (None, None, None),
        ("", None, None),
        ("  ", "EUR", None),
    ],
)
def test_amounts(amount: object, currency: str | None, minor: int | None) -> None:
    found = draft(v3(amount=amount, deal_currency_code=currency))
    assert (found.value_minor, found.currency) == (minor, currency)
    assert "value_minor" in found.given


@pytest.mark.parametrize("amount", ["-1", "NaN", "Infinity", "much", [5], {"a": 1}, "9" * 40, True])
def test_what_is_no_amount_is_refused_under_hubspots_name(amount: object) -> None:
    assert set(faults(v3(amount=amount))) == {"amount"}


def test_every_problem_comes_at_once() -> None:
    found = faults(
        {"id": "1", "properties": {"dealname": None, "amount": "x", "closedate": "soon", "hs_lastmodifieddate": "?"}}
    )
    assert set(found) == {"amount", "closedate", "dealname", "hs_lastmodifieddate"}
    assert faults({"properties": []}) == {"properties": "must be an object of HubSpot's properties"}
    assert faults({"id": "1"}) == {"dealname": "is required"}
    assert "201 characters" in faults(v3(dealname="x" * 201))["dealname"]


def test_the_connection_says_what_fields_stages_pipelines_and_owners_mean() -> None:
    found = draft(
        v3(
            amount="1",
            acv="99.50",
            region="North",
            dealstage="5f1c",
            pipeline="9",
            hubspot_owner_id="910901",
            secret="s",
        ),
        fields={"acv": "value", "region": "custom:Region", "secret": "ignore"},
        stages={"5f1c": "negotiation"},
        pipelines={"9": "Renewals"},
        owners={"910901": "jane@example.com"},
    )
    assert (found.value_minor, found.stage_text, found.pipeline_text) == (9950, "negotiation", "Renewals")
    assert (found.owner_text, found.custom) == ("jane@example.com", {"Region": "North"})


def test_properties_nobody_knows_are_kept_and_hubspots_own_affairs_are_not() -> None:
    found = understood(v3(dealtype="newbusiness", hs_acv="1", num_notes="3", hs_deal_stage_probability="0.4"))
    assert found.draft is not None
    assert found.draft.custom == {"dealtype": "newbusiness"}
    assert found.draft.probability == Decimal(40)
    assert found.metadata["properties"]["num_notes"] == "3"


@pytest.mark.parametrize(
    ("properties", "stage"),
    [
        ({"dealstage": "closedwon", "hs_is_closed_won": "true"}, "closedwon"),
        ({"dealstage": "1f4f", "hs_is_closed": "true", "hs_is_closed_won": "true"}, "won"),
        ({"dealstage": "1f4f", "hs_is_closed": "true", "hs_is_closed_won": "false"}, "lost"),
        ({"dealstage": "1f4f", "hs_is_closed": "false", "hs_is_closed_won": "false"}, "1f4f"),
        ({"dealstage": "1f4f"}, "1f4f"),
        ({}, None),
    ],
)
def test_a_closed_stage_of_any_name_is_won_or_lost(properties: dict[str, str], stage: str | None) -> None:
    assert draft(v3(**properties)).stage_text == stage


def test_a_deleted_deal_is_gone_even_without_a_name_and_a_merged_one_names_the_others() -> None:
    gone = understood({"id": "7", "properties": {}, "archived": True})
    assert gone.is_gone
    assert gone.draft is not None
    assert (gone.draft.external_id, gone.draft.given) == ("7", {"external_id"})
    assert understood(v3(hs_merged_object_ids="1;2;2; 3;x")).merged_ids == ("1", "2", "3")
    assert not understood(v3()).is_gone


def test_the_person_behind_it_where_an_address_is_given() -> None:
    lead = understood(v3(contact_email="jane@acme.example", contact_name="Jane van Doe", company="Acme")).lead
    assert lead is not None
    assert (lead.email, lead.name, lead.company) == ("jane@acme.example", "Jane van Doe", "Acme")
    assert understood(v3()).lead is None


def test_the_recorded_answers_of_hubspot(real_data: Path) -> None:
    folder = real_data / "hubspot"
    page = strict_loads((folder / "crm_v3_deals_list_page1.json").read_bytes())["results"]
    by_id = {each["id"]: each for each in page}
    assert set(faults(by_id.pop("53"))) == {"dealname"}
    drafts = {number: draft(each) for number, each in by_id.items()}
    assert drafts["54"].value_minor is None
    assert drafts["55"].name == "Ünïcode — 取引 💼"
    assert (drafts["56"].stage_text, drafts["56"].currency, drafts["57"].loss_reason) == ("closedwon", "EUR", "Price")
    printed = json.loads((folder / "python_client_to_dict_batch.json").read_text())
    for payload in printed:
        if payload["id"] in by_id:
            twin = understood(by_id[payload["id"]])
            assert (understood(payload).draft, understood(payload).changed_at) == (twin.draft, twin.changed_at)
    legacy = json.loads((folder / "deals_v1_legacy.json").read_text())["deals"][0]
    assert draft(legacy).value_minor == 10_000
    for name in ("crm_v3_deal_get_live_shape.json", "crm_v3_deal_get_with_associations.json"):
        assert draft(json.loads((folder / name).read_text())).custom == {}
