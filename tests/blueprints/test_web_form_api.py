"""A form's key instead of an API key: strangers write, are told little, and what looks like spam waits for a person."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from deals_app.blueprints import post_rate
from deals_app.domain.actor import Actor
from deals_app.models import Activity, Deal, InboundItem, Lead
from deals_app.services.forms import change_form, forms
from deals_app.services.unit_of_work import reading
from tests.blueprints.programs import Api
from tests.people import People, api_key

DOOR = "/api/sales/deals/web-form"
SITE = "https://www.acme.example"
ASKED = {
    "first_name": "Jane",
    "last_name": "Doe",
    "email": "jane@globex.example",
    "company": "Globex",
    "message": "We would like a quote for a hundred seats, and a demo this month.",
    "product_interest": "Enterprise License",
    "company_size": "51-200",
    "utm_source": "newsletter",
    "referrer": "https://news.example/article",
}
SPAM = ASKED | {"message": "Cheap viagra at http://a.ru/ http://b.ru/ http://c.ru/ click here"}


@pytest.fixture
def form_key(people: People) -> str:
    return forms(people.ada)[0].form_key


def outcomes(actor: Actor) -> list[str]:
    with reading(actor) as session:
        return list(session.scalars(select(InboundItem.outcome).order_by(InboundItem.created_at)))


def test_a_stranger_writes_and_is_told_little(client: FlaskClient, people: People, form_key: str) -> None:
    answer = client.post(DOOR, json=ASKED | {"form_key": form_key})
    assert answer.status_code == 201
    assert answer.json == {
        "status": "success", "action": "created", "thank_you": "Thank you. We will be in touch soon.",
    }  # fmt: skip
    with reading(people.ada) as session:
        deal, lead = session.scalars(select(Deal)).one(), session.scalars(select(Lead)).one()
    assert (deal.name, deal.value, deal.value_estimated, deal.ingested_from, deal.extra) == (
        "Globex – Enterprise License", 5_000_000, True, "web_form", {},
    )  # fmt: skip
    assert lead.facts == {name: ASKED[name] for name in ("product_interest", "company_size", "utm_source", "referrer")}
    assert (lead.ai_score, (lead.ai_qualification_summary or "").splitlines()[0]) == (
        75, "A company of 51-200 people (+20)",
    )  # fmt: skip
    again = client.post(f"{DOOR}?form_key={form_key}", json=ASKED)
    assert (again.status_code, again.json) == (201, answer.json)


def test_who_writes_again_in_other_words_is_heard(client: FlaskClient, people: People, form_key: str) -> None:
    for message in ("First words", "Other words", "Other words"):
        body = ASKED | {"form_key": form_key, "message": message}
        assert client.post(DOOR, json=body).status_code == 201
    with reading(people.ada) as session:
        notes = session.scalars(select(Activity.body).order_by(Activity.created_at)).all()
        assert (list(notes), session.scalar(select(func.count()).select_from(Deal))) == (
            ["First words", "Other words"], 1,
        )  # fmt: skip


def test_spam_is_held_but_never_with_an_api_key(client: FlaskClient, api: Api, people: People, form_key: str) -> None:
    held = client.post(DOOR, json=SPAM | {"form_key": form_key})
    assert (held.status_code, held.json["action"]) == (202, "queued")  # type: ignore[index] (JSON)
    trapped = client.post(DOOR, json=ASKED | {"form_key": form_key, "homepage": "http://x.ru"})
    assert trapped.status_code == 202
    assert outcomes(people.ada) == ["held", "held"]
    assert api("POST", DOOR, SPAM).status_code == 201


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"email": "nobody"}, "email"), ({"email": ""}, "email"), ({"message": 7}, "message"), ({"phone": []}, "phone")],
)
def test_what_is_wrong_is_named(
    client: FlaskClient, people: People, form_key: str, wrong: dict[str, Any], field: str
) -> None:
    answer = client.post(DOOR, json=ASKED | {"form_key": form_key} | wrong)
    assert (answer.status_code, [each["field"] for each in answer.json["details"]]) == (400, [field])  # type: ignore[index] (JSON)
    assert outcomes(people.ada) == ["rejected"]


@pytest.mark.parametrize("key", ["", "nothing", "' OR 1=1", "ä" * 20, "a" * 5000, "\x00"])
def test_a_key_that_is_none_opens_nothing(client: FlaskClient, people: People, key: str) -> None:
    assert client.post(DOOR, json=ASKED | {"form_key": key}).status_code == 401
    assert client.post(DOOR, json=ASKED, query_string={"form_key": key}).status_code == 401
    assert outcomes(people.ada) == []


def test_a_form_writes_to_its_own_tenant_only(client: FlaskClient, people: People, form_key: str) -> None:
    theirs = forms(people.charlie)[0].form_key
    assert client.post(DOOR, json=ASKED | {"form_key": theirs}).status_code == 201
    assert (outcomes(people.ada), outcomes(people.charlie)) == ([], ["created"])
    other = people.charlie.tenant_id
    assert client.post(f"{DOOR}?tenant_id={other}&form_key={form_key}", json=ASKED).status_code == 403
    assert client.post(f"{DOOR}?tenant_id={people.tenant_id}&form_key={form_key}", json=ASKED).status_code == 201
    assert outcomes(people.charlie) == ["created"]


class TestBrowsersOnOtherSites:
    @pytest.fixture(autouse=True)
    def _allow(self, people: People) -> None:
        change_form(people.ada, forms(people.ada)[0].id, {"allowed_origins": [SITE]})

    def test_an_allowed_site_asks_and_reads(self, client: FlaskClient, form_key: str) -> None:
        asked = client.options(DOOR, headers={"Origin": SITE, "Access-Control-Request-Method": "POST"})
        assert (asked.status_code, asked.headers["Access-Control-Allow-Origin"]) == (204, SITE)
        assert asked.headers["Access-Control-Allow-Headers"] == "Content-Type"
        answer = client.post(DOOR, json=ASKED | {"form_key": form_key}, headers={"Origin": SITE})
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (201, SITE)
        assert "Access-Control-Allow-Credentials" not in answer.headers
        wrong = client.post(DOOR, json={"form_key": form_key}, headers={"Origin": SITE})
        assert (wrong.status_code, wrong.headers["Access-Control-Allow-Origin"]) == (400, SITE)

    @pytest.mark.parametrize(
        "site", ["https://evil.example", f"{SITE}.evil.example", "null", "http://www.acme.example"]
    )
    def test_another_site_does_not(self, client: FlaskClient, people: People, form_key: str, site: str) -> None:
        for url in (DOOR, f"{DOOR}?form_key={form_key}"):
            asked = client.options(url, headers={"Origin": site, "Access-Control-Request-Method": "POST"})
            assert "Access-Control-Allow-Origin" not in asked.headers
        answer = client.post(DOOR, json=ASKED | {"form_key": form_key}, headers={"Origin": site})
        assert (answer.status_code, "Access-Control-Allow-Origin" in answer.headers) == (403, False)
        assert outcomes(people.ada) == []

    def test_a_site_of_another_form_does_not(self, client: FlaskClient, people: People) -> None:
        theirs = forms(people.charlie)[0].form_key
        answer = client.post(DOOR, json=ASKED | {"form_key": theirs}, headers={"Origin": SITE})
        assert (answer.status_code, outcomes(people.charlie)) == (403, [])


def test_much_is_held_and_a_flood_refused(
    client: FlaskClient, people: People, form_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post_rate, "POSTS_HELD_FROM", 1)
    monkeypatch.setattr(post_rate, "POSTS_REFUSED_FROM", 2)
    sent = [client.post(DOOR, json=ASKED | {"form_key": form_key, "message": str(n)}) for n in range(3)]
    assert [answer.status_code for answer in sent] == [201, 202, 429]
    assert (sent[2].headers["Retry-After"], outcomes(people.ada)) == ("60", ["created", "held"])


def test_the_table_of_the_form_says_the_value(client: FlaskClient, api: Api, people: People, form_key: str) -> None:
    change_form(people.ada, forms(people.ada)[0].id, {"company_size_values": {"1-500": "1234.5", "501+": "9"}})
    client.post(DOOR, json=ASKED | {"form_key": form_key})
    api("POST", DOOR, ASKED | {"company": "Initech"})
    with reading(people.ada) as session:
        assert session.scalars(select(Deal.value)).all() == [123_450, 123_450]


def test_an_ingest_key_needs_no_form(client: FlaskClient, people: People) -> None:
    assert Api(client, api_key(people.ada, "ingest"))("POST", DOOR, ASKED).status_code == 201
