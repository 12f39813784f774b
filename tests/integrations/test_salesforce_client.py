"""simple-salesforce against our simulator, through our wrapper: sign-in, reading, limits, Outbound Messages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from deals_app.domain.inbound import Surroundings, Understood
from deals_app.integrations import oauth, salesforce_client
from deals_app.integrations.salesforce_client import SalesforceOrganization, instance_url_of, organization_id_of
from deals_app.integrations.salesforce_soap import ack, read_message
from deals_app.integrations.simulator.salesforce import Salesforce
from deals_app.integrations.simulator.salesforce_records import ORGANIZATION
from deals_app.integrations.simulator.serving import served
from deals_app.integrations.simulator.soql import parsed
from deals_app.integrations.sources import salesforce
from deals_app.integrations.vendor_errors import RateLimited, SignInAgain, VendorDown, VendorRefused
from tests.listening import receiving

BACK = "http://127.0.0.1:9/back"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
AROUND = Surroundings(base_currency="USD", today=date(2026, 1, 15))


@pytest.fixture
def simulated() -> Iterator[Salesforce]:
    simulation = Salesforce(deal_count=250, page_size=100)
    with served(simulation):
        yield simulation


def signed_in(simulated: Salesforce) -> oauth.Tokens:
    provider = salesforce_client.provider(client_id="ours", client_secret="ours too", login_url=simulated.url)
    leave = oauth.leave_for(provider, BACK)
    assert leave.code_verifier
    assert "code_challenge=" in leave.url
    allowed = requests.post(leave.url, timeout=5, allow_redirects=False)
    code = parse_qs(urlsplit(allowed.headers["Location"]).query)["code"][0]
    return oauth.tokens_for(provider, BACK, code=code, code_verifier=leave.code_verifier)


@pytest.fixture
def organization(simulated: Salesforce) -> SalesforceOrganization:
    tokens = signed_in(simulated)
    instance_url = instance_url_of(tokens.more, login_url=simulated.url)
    return SalesforceOrganization(tokens.access_token, instance_url=instance_url)


def test_signing_in_with_pkce_and_refreshing(simulated: Salesforce) -> None:
    tokens = signed_in(simulated)
    assert organization_id_of(tokens.more) == ORGANIZATION
    provider = salesforce_client.provider(client_id="ours", client_secret="ours too", login_url=simulated.url)
    assert tokens.refresh_token is not None
    assert oauth.refreshed(provider, tokens.refresh_token).access_token != tokens.access_token
    leave = oauth.leave_for(provider, BACK)
    allowed = requests.post(leave.url, timeout=5, allow_redirects=False)
    code = parse_qs(urlsplit(allowed.headers["Location"]).query)["code"][0]
    with pytest.raises(SignInAgain):
        oauth.tokens_for(provider, BACK, code=code, code_verifier="somebody else's")
    with pytest.raises(VendorRefused):
        organization_id_of({"id": "https://login.salesforce.com/"})


@pytest.mark.parametrize("host", ["acme.my.salesforce.com", "na1.salesforce.com", "acme.lightning.force.com"])
def test_salesforces_own_hosts(host: str) -> None:
    assert instance_url_of({"instance_url": f"https://{host}/"}) == f"https://{host}"


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        5,
        "https://example.com",
        "http://acme.my.salesforce.com",
        "https://salesforce.com.example.com",
        "https://evilsalesforce.com",
        "https://acme.salesforce.com@example.com",
        "https://user:pass@acme.salesforce.com",
        "https://acme.salesforce.com:8443",
        "https://acme.salesforce.com/path",
        "http://127.0.0.1",
        "http://169.254.169.254",
    ],
)
def test_no_other_host_is_ever_asked(url: object) -> None:
    with pytest.raises(VendorRefused):
        instance_url_of({"instance_url": url})
    with pytest.raises(VendorRefused):
        instance_url_of({"instance_url": url}, login_url="http://127.0.0.1:8099")


def test_all_opportunities_each_of_which_our_source_takes(organization: SalesforceOrganization) -> None:
    found = list(organization.opportunities_changed_since(LONG_AGO))
    assert len({each["Id"] for each in found}) == len(found) == 250
    for each in found:
        understood = salesforce.normalise(each, AROUND)
        assert isinstance(understood, Understood), understood
        assert understood.draft is not None
        assert understood.draft.company
        assert understood.draft.owner_text in {"jane@example.com", "omar@example.com"}
    assert isinstance(found[1]["Amount"], Decimal)


def test_going_on_within_a_second(organization: SalesforceOrganization) -> None:
    found = list(organization.opportunities_changed_since(LONG_AGO))
    stopped = found[101]
    assert found[102]["SystemModstamp"] == stopped["SystemModstamp"]
    since = datetime.fromisoformat(stopped["SystemModstamp"])
    rest = list(organization.opportunities_changed_since(since, after_id=stopped["Id"]))
    assert rest == found[102:]


def test_deleted_ones_come_too(simulated: Salesforce, organization: SalesforceOrganization) -> None:
    key = next(iter(simulated.opportunities))
    requests.post(f"{simulated.url}/_change", json={"id": key, "delete": True}, timeout=5)
    (found,) = organization.opportunities_of([key])
    understood = salesforce.normalise(found, AROUND)
    assert isinstance(understood, Understood)
    assert understood.is_gone
    assert organization.opportunities_of([]) == []
    with pytest.raises(ValueError, match="no id"):
        organization.opportunities_of(["' OR Id > '"])


def test_stages_and_writing_back(simulated: Salesforce, organization: SalesforceOrganization) -> None:
    stages = organization.stages()
    assert [stage.name for stage in stages if stage.is_closed] == ["Closed Won", "Closed Lost"]
    assert [stage.probability for stage in stages][:3] == [10, 10, 20]
    key = list(simulated.opportunities)[5]
    organization.update_opportunity(key, {"StageName": "Closed Won", "Amount": Decimal("12.50")})
    (written,) = organization.opportunities_of([key])
    assert (written["StageName"], written["IsWon"], written["Amount"]) == ("Closed Won", True, Decimal("12.5"))
    with pytest.raises(VendorRefused):
        organization.update_opportunity(key, {"Nonsense": "1"})


def test_limits_and_faults(simulated: Salesforce, organization: SalesforceOrganization) -> None:
    faults = f"{simulated.url}/_faults"
    requests.post(faults, json={"too_many_requests": 1}, timeout=5)
    with pytest.raises(RateLimited):
        organization.stages()
    requests.post(faults, json={"failures": 1}, timeout=5)
    with pytest.raises(VendorDown):
        organization.stages()
    requests.post(f"{simulated.url}/_expire", timeout=5)
    with pytest.raises(SignInAgain):
        organization.stages()
    with pytest.raises(VendorDown):
        SalesforceOrganization("token", instance_url="http://127.0.0.1:9").stages()
    with pytest.raises(ValueError, match="no name"):
        SalesforceOrganization("token", instance_url=simulated.url, fields=["Id FROM User --"])


def test_the_last_calls_of_the_day_are_left_to_others(
    simulated: Salesforce, organization: SalesforceOrganization
) -> None:
    simulated.used_calls = 4749
    organization.stages()
    with pytest.raises(RateLimited, match="4750 of 5000"):
        organization.stages()


@pytest.mark.parametrize(
    "text",
    ["", "SELECT", "SELECT Id FROM X WHERE", "SELECT Id FROM X WHERE (Id = 'a'", "SELECT Id FROM X WHERE Id ; 1"],
)
def test_what_the_simulator_does_not_understand(text: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        parsed(text)


def test_a_change_is_told_in_a_message_we_read(simulated: Salesforce) -> None:
    ids = list(simulated.opportunities)[:3]
    requests.post(f"{simulated.url}/_faults", json={"duplicates": True, "gaps": True}, timeout=5)
    change = {"ids": ids, "fields": {"Name": "Zoë <b>& Co</b>", "StageName": "Closed Lost", "Amount": None}}
    with receiving(ack(is_taken=True)) as product:
        simulated.message_url = product.url
        answer = requests.post(f"{simulated.url}/_change", json=change, timeout=5)
    assert answer.json()["answers"] == [{"status": 200, "is_acknowledged": True}]
    message = read_message(product.calls[0][1])
    assert message.organization_id == ORGANIZATION
    assert [each.record["Id"] for each in message.notifications] == [ids[0], ids[0], ids[2], ids[2]]
    understood = salesforce.normalise(message.notifications[0].record, AROUND)
    assert isinstance(understood, Understood)
    assert understood.draft is not None
    assert (understood.draft.name, understood.draft.stage_text) == ("Zoë <b>& Co</b>", "Closed Lost")
    assert understood.draft.value_minor is None
    assert "value_minor" in understood.draft.given
