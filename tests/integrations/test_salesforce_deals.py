"""What becomes of Salesforce's opportunities."""

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
from deals_app.integrations.salesforce_ids import is_same_id, long_id
from deals_app.integrations.sources import salesforce


def understood(payload: dict[str, Any], **settings: Any) -> Understood:
    around = Surroundings(base_currency="USD", today=date(2026, 1, 15), settings=settings)
    found = salesforce.normalise(payload, around)
    assert isinstance(found, Understood), found
    return found


def draft(payload: dict[str, Any], **settings: Any) -> DealDraft:
    found = understood(payload, **settings).draft
    assert found is not None
    return found


def faults(payload: dict[str, Any]) -> set[str]:
    found = salesforce.normalise(payload, Surroundings(base_currency="USD", today=date(2026, 1, 15)))
    assert isinstance(found, list), found
    return {problem.field for problem in found}


def record(**fields: Any) -> dict[str, Any]:
    return {"attributes": {"type": "Opportunity"}, "Id": "0065e00000TeStAAAV", "Name": "Express SLA", **fields}


def test_its_own_example() -> None:
    payload, expected = salesforce.EXAMPLE
    around = Surroundings(base_currency="USD", today=date(2026, 1, 15))
    assert salesforce.normalise(payload, around) == expected


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("00D7F00000107Xs", "00D7F00000107XsUAI"),
        ("005f4000000VrDD", "005f4000000VrDDAA0"),
        ("0065e00000TeStA", "0065e00000TeStAAAV"),
        ("0065e00000TestA", "0065e00000TestAAAR"),
        ("0065e00000TESTa", "0065e00000TESTaAAP"),
    ],
)
def test_ids_get_their_18_characters(short: str, long: str) -> None:
    assert long_id(short) == long_id(long) == long
    assert is_same_id(short, long)
    assert not is_same_id(short, long.swapcase())
    assert draft(record(Id=short)).external_id == long


def test_the_related_records() -> None:
    found = understood(
        record(
            Account={"attributes": {"type": "Account"}, "Name": "Acme & Söhne"},
            Owner={"Name": "Jane Doe", "Email": "jane@example.com"},
            OwnerId="0055e000000User",
            LastModifiedDate="2026-08-13T05:29:19.000+0000",
        )
    )
    assert found.draft is not None
    assert (found.draft.company, found.draft.owner_text) == ("Acme & Söhne", "jane@example.com")
    assert found.changed_at == datetime(2026, 8, 13, 5, 29, 19, tzinfo=UTC)
    assert draft(record(Account=None)).given >= {"company"}
    assert "company" not in draft(record()).given
    assert draft(record(OwnerId="0055e000000User"), owners={long_id("0055e000000User"): "x@y.example"}).owner_text == (
        "x@y.example"
    )


def test_system_modstamp_where_the_date_is_not_asked_for_and_nothing_else() -> None:
    assert understood(record(SystemModstamp="2026-08-13T05:29:19Z")).changed_at is not None
    assert understood(record()).changed_at is None
    assert faults(record(LastModifiedDate="yesterday")) == {"LastModifiedDate"}


@pytest.mark.parametrize(
    ("fields", "stage"),
    [
        ({"StageName": "Perception Analysis", "IsClosed": False, "IsWon": False}, "Perception Analysis"),
        ({"StageName": "Booked", "IsClosed": True, "IsWon": True}, "won"),
        ({"StageName": "Dead", "IsClosed": "true", "IsWon": "false"}, "lost"),
        ({"StageName": "Verbal Commit", "IsClosed": False, "IsWon": False}, "Verbal Commit"),
        ({"StageName": "Verbal Commit"}, "Verbal Commit"),
    ],
)
def test_a_closed_stage_of_any_name_is_won_or_lost(fields: dict[str, object], stage: str) -> None:
    assert draft(record(**fields)).stage_text == stage
    assert draft(record(**fields), stages={fields["StageName"]: "proposal"}).stage_text == "proposal"


def test_figures_of_json_and_of_soap() -> None:
    for amount in (Decimal("120000.0"), "120000.0", 120000, 120000.0):
        assert draft(record(Amount=amount)).value_minor == 12_000_000
    assert draft(record(Amount=Decimal("1.005"))).value_minor == 101
    assert draft(record(Amount="5968.68", CurrencyIsoCode="BRL")).currency == "BRL"
    assert draft(record(Probability=Decimal("70.0"))).probability == Decimal(70)
    assert faults(record(Amount=-1, Probability=101, CloseDate="2026-02-30")) == {"Amount", "Probability", "CloseDate"}


def test_custom_fields_are_kept_mapped_ones_are_ours_and_salesforces_own_are_left() -> None:
    found = draft(
        record(HubSpot_Id__c="332", VALOR__c="5.5", ExpectedRevenue=1, LeadSource="Phone Inquiry", Type="New"),
        fields={"VALOR__c": "value", "Type": "ignore"},
    )
    assert found.custom == {"HubSpot_Id__c": "332", "LeadSource": "Phone Inquiry"}
    assert (found.value_minor, found.source) == (550, "inbound")


def test_a_deleted_one_is_gone_and_other_objects_are_no_deals() -> None:
    gone = understood({"Id": "0065e00000TeStA", "IsDeleted": True})
    assert gone.is_gone
    assert gone.draft is not None
    assert gone.draft.external_id == "0065e00000TeStAAAV"
    assert faults({"attributes": {"type": "Lead"}, "Id": "00Q5e00000LeadAEAR"}) == {"attributes"}
    assert faults(record(Name=None)) == {"Name"}
    assert faults(record(OwnerId=["x"])) == {"OwnerId"}
    assert faults(record(Account="Acme", Contact=7, Name=True)) == {"Account", "Contact", "Name"}


def test_a_checkbox_is_a_text_where_the_connection_says_so_and_loses_no_deal_elsewhere() -> None:
    assert draft(record(Urgent__c=True), fields={"Urgent__c": "description"}).description == "true"
    assert draft(record(Urgent__c=True, Parts__c=[1])).custom == {"Urgent__c": "true"}


def test_the_recorded_answers_of_salesforce(real_data: Path) -> None:
    folder = real_data / "salesforce"
    for short, long in json.loads((folder / "id_15_18_vectors.json").read_text())["pairs"]:
        assert long_id(short) == long
    first = strict_loads((folder / "rest_query_page1.json").read_bytes())["records"]
    second = strict_loads((folder / "rest_query_page2_last.json").read_bytes())["records"]
    drafts = [draft(each) for each in (*first, *second)]
    assert [each.value_minor for each in drafts] == [12_000_000, None, 0, 101]
    assert len({each.external_id for each in drafts}) == 4
    for each in strict_loads((folder / "seed_batch_sync_body.json").read_bytes()):
        assert draft(each).stage_text == "Perception Analysis"
