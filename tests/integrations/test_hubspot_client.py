"""HubSpot's own Python client against our simulator, through our wrapper: sign-in, reading, limits, webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from deals_app.domain.inbound import Surroundings, Understood
from deals_app.integrations import hubspot_client, oauth
from deals_app.integrations.hubspot_client import HubSpotAccount
from deals_app.integrations.hubspot_webhooks import events_in, is_signed
from deals_app.integrations.simulator.hubspot import SECRET, HubSpot
from deals_app.integrations.simulator.hubspot_records import FIRST_DEAL, PORTAL
from deals_app.integrations.simulator.serving import served
from deals_app.integrations.sources import hubspot
from deals_app.integrations.vendor_errors import RateLimited, SignInAgain, VendorDown, VendorRefused
from tests.listening import Received, receiving

BACK = "http://127.0.0.1:9/back"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def simulated() -> Iterator[HubSpot]:
    simulation = HubSpot(deal_count=230, most_found=200)
    with served(simulation):
        yield simulation


def provider(simulated: HubSpot) -> oauth.Provider:
    return hubspot_client.provider(client_id="ours", client_secret="ours too", api_url=simulated.url)


def signed_in(provider: oauth.Provider) -> oauth.Tokens:
    """As a person with a browser does it."""
    leave = oauth.leave_for(provider, BACK)
    page = requests.get(leave.url, timeout=5)
    assert "<button>Allow</button>" in page.text
    allowed = requests.post(leave.url, timeout=5, allow_redirects=False)
    came_back = parse_qs(urlsplit(allowed.headers["Location"]).query)
    assert came_back["state"] == [leave.state]
    return oauth.tokens_for(provider, BACK, code=came_back["code"][0], code_verifier=leave.code_verifier)


@pytest.fixture
def account(simulated: HubSpot) -> HubSpotAccount:
    token = signed_in(provider(simulated)).access_token
    return HubSpotAccount(token, api_url=simulated.url, most_found=200)


def test_signing_in_refreshing_and_signing_in_anew(simulated: HubSpot) -> None:
    tokens = signed_in(provider(simulated))
    assert timedelta(minutes=25) < tokens.expires_at - datetime.now(UTC) <= timedelta(minutes=30)
    assert hubspot_client.portal_id_of(provider(simulated), tokens.access_token) == str(PORTAL)
    assert "simulated-" not in repr(tokens)
    requests.post(f"{simulated.url}/_expire", timeout=5)
    with pytest.raises(SignInAgain):
        HubSpotAccount(tokens.access_token, api_url=simulated.url).owners()
    with pytest.raises(SignInAgain):
        hubspot_client.portal_id_of(provider(simulated), tokens.access_token)
    assert tokens.refresh_token is not None
    again = oauth.refreshed(provider(simulated), tokens.refresh_token)
    assert again.refresh_token == tokens.refresh_token
    assert HubSpotAccount(again.access_token, api_url=simulated.url).owners()
    with pytest.raises(SignInAgain):
        oauth.refreshed(provider(simulated), "made up")
    with pytest.raises(SignInAgain):
        oauth.tokens_for(provider(simulated), BACK, code="made up", code_verifier=None)


def test_every_page_of_deals_each_of_which_our_source_takes(account: HubSpotAccount) -> None:
    found: list[dict[str, Any]] = []
    sizes: list[int] = []
    after: str | None = None
    while after or not found:
        page = account.deals(after=after)
        found += account.with_companies(page.objects)
        sizes.append(len(page.objects))
        after = page.after
    assert sizes == [100, 100, 30]
    assert len({each["id"] for each in found}) == 230
    around = Surroundings(base_currency="USD", today=date(2026, 1, 15), settings={"owners": account.owners()})
    for each in found:
        understood = hubspot.normalise(each, around)
        assert isinstance(understood, Understood), understood
        assert understood.draft is not None
        assert understood.draft.company
        assert understood.draft.owner_text in {"jane@example.com", "omar@example.com", "mei@example.com"}


def test_deals_by_id_and_the_missing_ones_are_left_out(account: HubSpotAccount) -> None:
    found = account.deals_of([str(FIRST_DEAL), str(FIRST_DEAL), "99999999"])
    assert [each["id"] for each in found] == [str(FIRST_DEAL)]
    assert account.deals_of([]) == []
    with pytest.raises(ValueError, match="100"):
        account.deals_of([str(number) for number in range(101)])


def test_changed_deals_beyond_what_one_search_shows(simulated: HubSpot, account: HubSpotAccount) -> None:
    assert {each["id"] for each in account.deals_changed_since(LONG_AGO)} == set(simulated.deals)
    last = list(simulated.deals.values())[-3]
    since = datetime.fromisoformat(last["updatedAt"])
    assert len(list(account.deals_changed_since(since))) == 3


def test_a_bulk_edit_in_one_millisecond(simulated: HubSpot, account: HubSpotAccount) -> None:
    for deal in simulated.deals.values():
        deal["properties"]["hs_lastmodifieddate"] = "2026-03-01T00:00:00.000Z"
    assert {each["id"] for each in account.deals_changed_since(LONG_AGO)} == set(simulated.deals)


def test_pipelines_and_writing_back(account: HubSpotAccount) -> None:
    (pipeline,) = account.pipelines()
    assert [stage.id for stage in pipeline.stages if stage.is_closed] == ["closedwon", "closedlost"]
    assert [stage.id for stage in pipeline.stages if stage.is_won] == ["closedwon"]
    key = str(FIRST_DEAL + 3)
    written = account.update_deal(key, {"dealstage": "closedwon", "amount": "12.50"})
    assert written["properties"]["dealstage"] == "closedwon"
    assert account.deals_of([key])[0]["properties"]["amount"] == "12.50"
    with pytest.raises(VendorRefused):
        account.update_deal(key, {"dealstage": "no such stage"})
    with pytest.raises(VendorRefused):
        account.update_deal("1", {"amount": "1"})


def test_limits_and_faults(simulated: HubSpot, account: HubSpotAccount) -> None:
    faults = f"{simulated.url}/_faults"
    requests.post(faults, json={"too_many_requests": 1}, timeout=5)
    with pytest.raises(RateLimited) as told:
        account.deals()
    assert told.value.seconds == 7
    requests.post(faults, json={"failures": 1}, timeout=5)
    with pytest.raises(VendorDown):
        account.pipelines()
    assert account.pipelines()
    for wrong in ({"nonsense": 1}, {"failures": -1}, {"failures": "many"}, {"gaps": 1}):
        assert requests.post(faults, json=wrong, timeout=5).status_code == 400
    requests.post(faults, json={"failures": 1}, timeout=5)
    with pytest.raises(VendorDown):
        oauth.refreshed(provider(simulated), "kept")
    with pytest.raises(VendorDown):
        HubSpotAccount("token", api_url="http://127.0.0.1:9").owners()


@pytest.fixture
def product() -> Iterator[Received]:
    with receiving() as received:
        yield received


def test_a_change_is_told_with_a_good_signature(simulated: HubSpot, product: Received) -> None:
    simulated.webhook_url = url = f"{product.url}/hook?tenant_id=t%3A1"
    key = str(FIRST_DEAL)
    change = f"{simulated.url}/_change"
    answer = requests.post(change, json={"id": key, "properties": {"amount": "5", "dealname": "Zoë"}}, timeout=5)
    assert answer.json()["answers"] == [200]
    requests.post(f"{simulated.url}/_faults", json={"duplicates": True, "disorder": True}, timeout=5)
    requests.post(change, json={"id": key, "merge": str(FIRST_DEAL + 1)}, timeout=5)
    requests.post(change, json={"id": key, "delete": True}, timeout=5)
    for headers, body in product.calls:
        now = datetime.now(UTC)
        assert is_signed(SECRET, method="POST", url=url, body=body, headers=headers, now=now)
        assert not is_signed(SECRET, method="POST", url=url, body=body + b" ", headers=headers, now=now)
        assert events_in(body).problems == ()
    kinds = [[event.kind for event in events_in(body).events] for _, body in product.calls]
    assert kinds == [["upsert", "upsert"], ["merge", "merge"], ["delete", "delete"]]


def test_our_signature_is_the_one_of_hubspots_own_client(simulated: HubSpot, product: Received) -> None:
    from hubspot.utils.signature import Signature

    simulated.webhook_url = f"{product.url}/hook"
    body = {"id": str(FIRST_DEAL), "properties": {"amount": "5"}}
    requests.post(f"{simulated.url}/_change", json=body, timeout=5)
    ((headers, sent),) = product.calls
    assert Signature.is_valid(
        signature=headers["X-HubSpot-Signature-v3"],
        client_secret=SECRET,
        request_body=sent.decode(),
        http_method="POST",
        http_uri=simulated.webhook_url,
        signature_version="v3",
        timestamp=headers["X-HubSpot-Request-Timestamp"],
    )


def test_a_simulator_calls_nobody_else(simulated: HubSpot) -> None:
    simulated.webhook_url = "https://example.com/hook"
    body = {"id": str(FIRST_DEAL), "properties": {"amount": "5"}}
    answer = requests.post(f"{simulated.url}/_change", json=body, timeout=5)
    assert answer.status_code == 400
    assert "not on this machine" in answer.text
