"""Signing in and out, and what a person may do then: Alice owns, Bob is her mate, Mona manages, Ada administers."""

from __future__ import annotations

import io
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from deals_app.extensions import redis
from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.queries.deal import deal
from tests.conftest import SignedIn, csrf_of
from tests.people import PASSWORD, People


@pytest.fixture(autouse=True)
def no_attempts_yet(app: Flask) -> None:
    """Attempts are counted in Redis, whose databases the tests share."""
    redis.client.flushdb()


@pytest.fixture
def deal_id(people: People) -> UUID:
    """Alice's deal."""
    return create_deal(people.alice, NewDeal(name="Rollout", currency="USD", value=1, assigned_to=people.alice.user_id))


def attempt(client: FlaskClient, email: str, password: str = PASSWORD, **more: Any) -> Any:
    token = csrf_of(client.get("/login").get_data(as_text=True))
    return client.post("/login", data={"email": email, "password": password, "csrf_token": token, **more})


def test_signed_in_one_is_on_the_board(client: FlaskClient, people: People) -> None:
    answer = attempt(client, " ALICE@acme.example ")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert client.get("/").status_code == 200
    assert client.get("/login").headers["Location"] == "/"


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("alice@acme.example", "wrong"),
        ("alice@acme.example", PASSWORD + " "),
        ("nobody@acme.example", PASSWORD),
        ("", ""),
        ("alice@acme.example", ""),
        ("alice@acme.example\x00", PASSWORD),
        ("'; DROP TABLE users --", PASSWORD),
    ],
)
def test_a_wrong_password_opens_nothing(client: FlaskClient, people: People, email: str, password: str) -> None:
    assert attempt(client, email, password).status_code == 422
    assert client.get("/").status_code == 303


def test_nobody_learns_whether_the_address_or_the_password_was_wrong(client: FlaskClient, people: People) -> None:
    pages = [
        attempt(client, email, "wrong").get_data(as_text=True).replace(email, "")
        for email in ("alice@acme.example", "nobody@acme.example")
    ]
    tokens = [csrf_of(page) for page in pages]
    assert pages[0].replace(tokens[0], "") == pages[1].replace(tokens[1], "")


def test_too_many_failures_for_an_account_are_a_429(app: Flask, people: People) -> None:
    answers = [attempt(app.test_client(), "alice@acme.example", "wrong").status_code for _ in range(10)]
    assert answers == [422] * 10
    refused = attempt(app.test_client(), "Alice@acme.example")
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert attempt(app.test_client(), "bob@acme.example").status_code == 303


def test_successes_do_not_count(app: Flask, people: People) -> None:
    for _ in range(9):
        assert attempt(app.test_client(), "alice@acme.example", "wrong").status_code == 422
    for _ in range(3):
        assert attempt(app.test_client(), "alice@acme.example").status_code == 303


def test_a_cookie_copied_before_the_logout_is_worthless_after_it(app: Flask, people: People) -> None:
    alice = SignedIn(app.test_client(), "alice@acme.example")
    copied = alice.client.get_cookie("deals")
    assert copied is not None
    thief = app.test_client()
    thief.set_cookie("deals", copied.value)
    assert thief.get("/").status_code == 200
    assert alice.post("/logout").status_code == 303
    assert thief.get("/").status_code == 303
    assert alice.get("/").status_code == 303


def test_another_session_of_the_same_person_lives_on(app: Flask, people: People) -> None:
    phone, desk = (SignedIn(app.test_client(), "alice@acme.example") for _ in range(2))
    phone.post("/logout")
    assert desk.get("/").status_code == 200


def test_the_session_changes_at_the_sign_in(app: Flask, people: People) -> None:
    """A cookie planted before is not the one that is signed in."""
    client = app.test_client()
    client.get("/login")
    planted = client.get_cookie("deals")
    attempt(client, "alice@acme.example")
    other = app.test_client()
    assert planted is not None
    other.set_cookie("deals", planted.value)
    assert other.get("/").status_code == 303


def test_the_cookie_is_for_http_and_this_site_only(client: FlaskClient, people: People) -> None:
    header = attempt(client, "alice@acme.example").headers["Set-Cookie"]
    assert "HttpOnly" in header
    assert "SameSite=Lax" in header


def test_asked_to_sign_in_one_comes_back_to_where_one_was(client: FlaskClient, people: People) -> None:
    answer = client.get("/deals?q=a%26b")
    assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (303, "/login")
    page = client.get(answer.headers["Location"]).get_data(as_text=True)
    assert 'value="/deals?q=a%26b"' in page.replace("&#37;", "%")
    assert attempt(client, "alice@acme.example", next="/deals?q=a%26b").headers["Location"] == "/deals?q=a%26b"


@pytest.mark.parametrize("path", ["/login", "/logout", "/deals/new", "/settings/keys", "/settings/theme", "/ingest"])
def test_without_a_csrf_token_nothing_is_done(sign_in: Any, path: str) -> None:
    answer = sign_in("ada").client.post(path, data={"name": "x"})
    assert answer.status_code == 400


def test_another_sessions_csrf_token_is_none(sign_in: Any, deal_id: UUID, people: People) -> None:
    alice, bob = sign_in("alice"), sign_in("bob")
    answer = alice.client.post(f"/deals/{deal_id}/move", data={"stage": "proposal", "csrf_token": bob.token})
    assert answer.status_code == 400
    assert deal(people.alice, deal_id).stage_key == "lead"


def test_htmx_is_sent_to_sign_in_as_a_whole_page(client: FlaskClient, people: People) -> None:
    answer = client.get("/deals", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/login")


def test_a_deal_is_moved_and_edited_by_its_owner_and_by_managers(sign_in: Any, deal_id: UUID, people: People) -> None:
    expected = {"alice": 303, "mona": 303, "ada": 303}
    for number, (name, status) in enumerate(expected.items()):
        stage = ("qualified", "proposal", "negotiation")[number]
        assert sign_in(name).post(f"/deals/{deal_id}/move", {"stage": stage}).status_code == status
        assert deal(people.alice, deal_id).stage_key == stage


FORM = {"stage": "proposal", "name": "Mine", "version": "1", "body": "x", "reason": "y", "due_on": "2030-01-01"}


def test_a_team_mate_sees_a_deal_and_does_not_change_it(sign_in: Any, deal_id: UUID, people: People) -> None:
    bob = sign_in("bob")
    assert bob.get(f"/deals/{deal_id}").status_code == 200
    before = deal(people.alice, deal_id)
    assert bob.hx_post(f"/deals/{deal_id}/move", {"stage": "proposal"}).status_code == 403
    assert bob.post(f"/deals/{deal_id}/fields/name", {"name": "Mine", "version": "1"}).status_code == 403
    for verb in ("move", "stage", "note", "delete", "reopen", "steps"):
        bob.post(f"/deals/{deal_id}/{verb}", FORM)
    assert deal(people.alice, deal_id) == before


def test_another_tenants_person_finds_nothing(sign_in: Any, deal_id: UUID, people: People) -> None:
    charlie = sign_in("charlie")
    before = deal(people.alice, deal_id)
    assert charlie.get(f"/deals/{deal_id}").status_code == 404
    for verb in ("move", "stage", "note", "delete", "reopen", "steps", "fields/name"):
        there, nowhere = (charlie.post(f"/deals/{each}/{verb}", FORM) for each in (deal_id, uuid4()))
        assert (there.status_code, there.headers.get("Location")) == (
            nowhere.status_code,
            nowhere.headers.get("Location"),
        )
        assert charlie.hx_post(f"/deals/{deal_id}/{verb}", FORM).status_code == 404, verb
    assert charlie.post(f"/leads/{deal_id}/take").status_code == 404
    assert deal(people.alice, deal_id) == before
    assert "Rollout" not in charlie.get("/").get_data(as_text=True)


def test_files_are_for_managers(sign_in: Any, people: People) -> None:
    def uploaded(name: str) -> int:
        return sign_in(name).post("/ingest", {"file": (io.BytesIO(b"Name\nOne\n"), "a.csv")}).status_code

    assert {name: uploaded(name) for name in ("alice", "mona", "ada")} == {"alice": 422, "mona": 303, "ada": 303}


def test_an_import_is_its_tenants_and_its_managers(sign_in: Any, people: People) -> None:
    path = sign_in("mona").post("/ingest", {"file": (io.BytesIO(b"Name\nOne\n"), "a.csv")}).headers["Location"]
    assert sign_in("charlie").get(path).status_code == 404
    assert sign_in("charlie").post(f"{path}/cancel").status_code == 404
    sign_in("alice").post(f"{path}/start", {"column-0": "name"})
    mona = sign_in("mona")
    assert "column-0" in mona.get(path).get_data(as_text=True)
    assert mona.post(f"{path}/start", {"column-0": "name"}).status_code == 303
    assert "column-0" not in mona.get(path).get_data(as_text=True)
    assert mona.get(f"{path}/errors.csv").status_code == 200
    assert sign_in("charlie").get(f"{path}/errors.csv").status_code == 404


@pytest.mark.parametrize(("name", "status"), [("alice", 403), ("mona", 403), ("ada", 200)])
def test_keys_are_for_admins(sign_in: Any, name: str, status: int) -> None:
    person = sign_in(name)
    assert person.get("/settings/keys").status_code == status
    assert person.post("/settings/keys", {"name": "shop", "role": "ingest"}).status_code == status


def test_a_key_is_shown_once(sign_in: Any) -> None:
    ada = sign_in("ada")
    made = ada.post("/settings/keys", {"name": "shop", "role": "ingest"}).get_data(as_text=True)
    assert "dk_" in made
    key = "dk_" + made.partition("dk_")[2].split("<")[0].split('"')[0].strip()
    assert len(key) > 40
    assert key not in ada.get("/settings/keys").get_data(as_text=True)


@pytest.mark.parametrize(("name", "status"), [("alice", 403), ("mona", 403), ("ada", 303)])
def test_people_are_added_by_admins(sign_in: Any, name: str, status: int) -> None:
    form = {"email": "new@acme.example", "name": "New", "role": "rep", "password": PASSWORD}
    assert sign_in(name).post("/settings/people", form).status_code == status
