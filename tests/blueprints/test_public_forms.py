"""A form's own page: plain, without a cookie, kind to people and patient with programs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from deals_app.blueprints import post_rate
from deals_app.domain.forms import FormField
from deals_app.models import Deal, InboundItem, Lead
from deals_app.services.forms import change_form, delete_form, forms
from deals_app.services.pipelines import pipelines
from deals_app.services.unit_of_work import reading
from tests.heard import heard
from tests.people import People

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SITE = "https://www.acme.example"
TOKEN = re.compile(r'name="form_token" value="([^"]+)"')
TYPED = {
    "first_name": "Jane",
    "last_name": "Doe",
    "email": "jane@globex.example",
    "company": "Globex",
    "company_size": "51-200",
    "message": "We would like a quote, please.",
}
NAUGHTY = (
    "<script>alert(1)</script>", "'; DROP TABLE deals; --", "{{ 7*7 }}", "a\x00b", "\u202eabc", "\ud7ff", "null", "-1",
    "=cmd|' /C calc'!A0", "\ufdfa\u200d\U0001f469", "%00%0d%0aSet-Cookie: a=b", "\r\nX: y", "../../etc/passwd",
)  # fmt: skip


@pytest.fixture
def path(people: People) -> str:
    return f"/f/{forms(people.ada)[0].form_key}"


def token(client: FlaskClient, path: str, *, at: datetime = NOW - timedelta(minutes=1), **headers: str) -> str:
    """The token of the page as it was shown then."""
    with time_machine.travel(at, tick=False):
        found = TOKEN.search(client.get(path, headers=headers).get_data(as_text=True))
    assert found is not None
    return found[1]


def send(client: FlaskClient, path: str, form_token: str, typed: Mapping[str, str] = TYPED) -> Any:
    with time_machine.travel(NOW, tick=False):
        return client.post(path, data={"form_token": form_token, **typed})


def kept(people: People) -> list[InboundItem]:
    with reading(people.ada) as session:
        return list(session.scalars(select(InboundItem).order_by(InboundItem.created_at)))


def test_a_person_sends_it(client: FlaskClient, people: People, path: str) -> None:
    came = f"{path}?utm_source=newsletter&utm_campaign=spring"
    answer = send(client, path, token(client, came, Referer="https://news.example/article"))
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{path}?sent=1")
    assert "We will be in touch soon." in client.get(answer.headers["Location"]).get_data(as_text=True)
    with reading(people.ada) as session:
        deal, lead = session.scalars(select(Deal)).one(), session.scalars(select(Lead)).one()
    assert (deal.name, deal.value, deal.value_estimated, deal.assigned_to) == (
        "Globex – Web enquiry", 5_000_000, True, None,
    )  # fmt: skip
    assert lead.facts == {
        "company_size": "51-200",
        "utm_source": "newsletter",
        "utm_campaign": "spring",
        "referrer": "https://news.example/article",
    }


def test_no_answer_sets_a_cookie_and_only_named_sites_frame_it(client: FlaskClient, people: People, path: str) -> None:
    shown = client.get(path)
    assert "frame-ancestors 'none'" in shown.headers["Content-Security-Policy"]
    change_form(people.ada, forms(people.ada)[0].id, {"allowed_origins": [SITE, "https://shop.acme.example:8443"]})
    good = token(client, path)
    for answer in (
        client.get(f"{path}?embed=1"),
        send(client, path, good),
        send(client, path, ""),
        client.get("/f/no"),
    ):
        assert "Set-Cookie" not in answer.headers
        is_form = answer.status_code in {200, 422}
        ancestors = f"frame-ancestors {SITE} https://shop.acme.example:8443" if is_form else "frame-ancestors 'none'"
        assert ancestors in answer.headers["Content-Security-Policy"]
    embedded = client.get(f"{path}?embed=1").get_data(as_text=True)
    assert f'action="{path}?embed=1"' in embedded
    assert "frame-ancestors 'none'" in client.get("/login").headers["Content-Security-Policy"]


def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(
    client: FlaskClient, people: People, path: str
) -> None:
    asked = {
        "consent": "You may write to me.",
        "fields": [FormField(name=name, label="", is_required=True) for name in ("company", "message")],
    }
    change_form(people.ada, forms(people.ada)[0].id, asked)
    answer = send(client, path, token(client, path), {"email": "jane at globex", "message": "<b>Hello"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert set(re.findall(r'id="(\w+)-error"', page)) == {"email", "company", "consent"}
    assert 'value="jane at globex"' in page
    assert "&lt;b&gt;Hello</textarea>" in page
    assert kept(people) == []
    with time_machine.travel(NOW, tick=False):
        good = {"email": "jane@globex.example", "company": "Globex", "message": "Hello", "consent": "1"}
        assert send(client, path, TOKEN.search(page)[1], good).status_code == 303  # type: ignore[index] (found above)
    assert kept(people)[0].context["arrival"]["consent"] == "You may write to me."


@pytest.mark.parametrize("spoil", ["", "x", "reversed", "other form", "old", "changed"])
def test_a_token_that_is_none_is_asked_for_again(client: FlaskClient, people: People, path: str, spoil: str) -> None:
    good = token(client, f"{path}?utm_source=ads", at=NOW - timedelta(hours=25 if spoil == "old" else 1))
    spoilt = {
        "reversed": good[::-1],
        "other form": token(client, f"/f/{forms(people.charlie)[0].form_key}"),
        "old": good,
        "changed": ("A" if good[0] != "A" else "B") + good[1:],
    }.get(spoil, spoil)
    answer = send(client, path, spoilt)
    page = answer.get_data(as_text=True)
    assert (answer.status_code, kept(people)) == (422, [])
    assert "open for a long time" in page
    assert "We would like a quote, please.</textarea>" in page
    with time_machine.travel(NOW + timedelta(minutes=1), tick=False):
        again = client.post(path, data={**TYPED, "form_token": TOKEN.search(page)[1]})  # type: ignore[index] (found above)
    assert again.status_code == 303
    assert ("utm_source" in str(kept(people)[0].body)) == (spoil == "old")


@pytest.mark.parametrize(
    ("how", "sign"),
    [
        ({"homepage": "http://seo.example"}, "honeypot"),
        ({"email": "x@mailinator.com", "message": "Visit http://a.ru"}, "disposable_address"),
        ({"at": NOW - timedelta(seconds=1)}, "haste"),
    ],
)
def test_programs_are_thanked_and_held(
    client: FlaskClient, people: People, path: str, how: dict[str, Any], sign: str
) -> None:
    at = how.pop("at", NOW - timedelta(minutes=1))
    answer = send(client, path, token(client, path, at=at), TYPED | how)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{path}?sent=1")
    [item] = kept(people)
    assert item.outcome == "held"
    assert sign in item.steps[-1]["signs"]
    with reading(people.ada) as session:
        assert (session.scalars(select(Deal)).all(), session.scalars(select(Lead)).all()) == ([], [])


def test_a_flood_is_refused_on_a_page(
    client: FlaskClient, people: People, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post_rate, "POSTS_REFUSED_FROM", 0)
    answer = send(client, path, token(client, path))
    assert (answer.status_code, answer.headers["Retry-After"], kept(people)) == (429, "60", [])
    assert "Please wait a moment" in answer.get_data(as_text=True)


def test_a_closed_form_is_a_page_that_says_so(client: FlaskClient, people: People, path: str) -> None:
    good, form_id = token(client, path), forms(people.ada)[0].id
    change_form(people.ada, form_id, {"is_active": False})
    for answer in (client.get(path), send(client, path, good), client.get(f"{path}?tenant_id={people.tenant_id}")):
        assert (answer.status_code, "This form is closed" in answer.get_data(as_text=True)) == (404, True)
    change_form(people.ada, form_id, {"is_active": True})
    assert client.get(f"{path}?tenant_id={people.charlie.tenant_id}").status_code == 404
    assert client.get(f"{path}?tenant_id={people.tenant_id}").status_code == 200
    delete_form(people.ada, form_id)
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("text", NAUGHTY)
def test_strange_words_are_kept_or_asked_about(client: FlaskClient, people: People, path: str, text: str) -> None:
    typed = {"email": "jane@globex.example", "first_name": text, "company": text, "message": text}
    answer = send(client, path, token(client, f"{path}?utm_source={text}"), typed)
    assert answer.status_code == 303
    assert kept(people)[0].outcome in {"created", "held"}
    wrong = send(client, path, token(client, path), typed | {"email": text})
    assert wrong.status_code == 422
    assert "<script" not in wrong.get_data(as_text=True)


def test_a_form_is_one_question_and_a_post_few(app: Flask, client: FlaskClient, people: People, path: str) -> None:
    good = token(client, path)
    asked: list[str] = []
    with heard(asked.append):
        client.get(path)
    assert len(asked) == 1, asked
    asked.clear()
    with heard(asked.append):
        assert send(client, path, good).status_code == 303
    assert len([each for each in asked if not each.startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))]) <= 30


def test_where_it_goes_is_where_the_form_says(client: FlaskClient, people: People, path: str) -> None:
    stage = next(each for each in pipelines(people.ada)[0].stages if each.key == "proposal")
    places = {"owner_id": people.alice.user_id, "stage_id": stage.id}
    change_form(people.ada, forms(people.ada)[0].id, places)
    assert send(client, path, token(client, path)).status_code == 303
    with reading(people.ada) as session:
        deal = session.scalars(select(Deal)).one()
    assert (deal.assigned_to, deal.stage_id) == (people.alice.user_id, stage.id)


def test_a_hidden_field_with_anything_in_it_breaks_nothing(client: FlaskClient, people: People, path: str) -> None:
    assert send(client, path, token(client, path), TYPED | {"homepage": "a\x00" * 5000}).status_code == 303
    assert [item.outcome for item in kept(people)] == ["held"]
