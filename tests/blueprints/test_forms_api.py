"""Forms over the management API and on their settings pages: who may, what is refused, what is kept."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from deals_app.services.forms import form, forms
from deals_app.services.pipelines import pipelines
from tests.blueprints.programs import Api, data
from tests.heard import heard
from tests.people import People, api_key

FORMS = "/api/v1/forms"
FULL = {
    "name": "Demo request",
    "title": "See it yourself",
    "fields": [{"name": "company", "label": "Your company", "required": True}, {"name": "message"}],
    "products": ["Starter", " Enterprise ", "Starter", ""],
    "company_size_values": {"1-10": 100, "11-20": 99.5, "21+": "2500.50"},
    "thank_you": "Thanks!",
    "consent": "You may write to me.",
    "allowed_origins": ["https://WWW.acme.example/", "http://localhost:8080", "https://m\u00fcller.example"],
}


def test_a_new_tenant_has_one(api: Api, people: People) -> None:
    [first] = data(api("GET", FORMS))
    assert (first["name"], first["is_active"], first["url"].endswith(f"/f/{first['form_key']}")) == (
        "Contact", True, True,
    )  # fmt: skip
    assert [each["name"] for each in first["fields"] if each["required"]] == ["email"]
    assert first["form_key"] != forms(people.charlie)[0].form_key


def test_made_changed_and_deleted(api: Api, client: FlaskClient) -> None:
    made = data(api("POST", FORMS, FULL), 201)
    assert [(each["name"], each["label"], each["required"]) for each in made["fields"]] == [
        ("email", "Work e-mail", True), ("company", "Your company", True), ("message", "How can we help?", False),
    ]  # fmt: skip
    assert made["products"] == ["Starter", "Enterprise"]
    assert made["company_size_values"] == {"1-10": "100", "11-20": "99.5", "21+": "2500.50"}
    assert made["allowed_origins"] == [
        "https://www.acme.example", "http://localhost:8080", "https://xn--mller-kva.example",
    ]  # fmt: skip
    path = f"{FORMS}/{made['id']}"
    changed = data(api("PATCH", path, {"thank_you": "Bye", "version": 1}))
    assert (changed["thank_you"], changed["version"], changed["title"]) == ("Bye", 2, "See it yourself")
    assert api("PATCH", path, {"thank_you": "x", "version": 1}).status_code == 409
    assert client.get(f"/f/{made['form_key']}").status_code == 200
    assert api("DELETE", path).status_code == 204
    assert client.get(f"/f/{made['form_key']}").status_code == 404
    for method, body in (("GET", None), ("PATCH", {}), ("DELETE", None)):
        assert api(method, path, body).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"fields": [{"name": "password"}]}, "fields"),
        ({"products": ["x" * 201]}, "products"),
        ({"company_size_values": {"many": 1}}, "company_size_values"),
        ({"company_size_values": {"1-10": "a lot"}}, "company_size_values"),
        ({"company_size_values": {"1-10": -1}}, "company_size_values"),
        ({"company_size_values": {"1-10": "1e-99999"}}, "company_size_values"),
        ({"company_size_values": {"1-10": "sNaN"}}, "company_size_values"),
        ({"allowed_origins": ["*"]}, "allowed_origins"),
        ({"allowed_origins": ["https://a.example; script-src *"]}, "allowed_origins"),
        ({"allowed_origins": ["https://a.example/page"]}, "allowed_origins"),
        ({"allowed_origins": ["https://user@a.example"]}, "allowed_origins"),
        ({"allowed_origins": ["https://" + "a" * 300 + ".example"]}, "allowed_origins"),
        ({"allowed_origins": ["https://a..example"]}, "allowed_origins"),
        ({"allowed_origins": ["https://[::1"]}, "allowed_origins"),
        ({"allowed_origins": ["https://a.example:99999"]}, "allowed_origins"),
        ({"stage_id": str(uuid4())}, "stage_id"),
        ({"pipeline_id": str(uuid4())}, "pipeline_id"),
        ({"owner_id": str(uuid4())}, "owner_id"),
        ({"color": "red"}, "color"),
        ({"thank_you": "x" * 2001}, "thank_you"),
    ],
)
def test_what_is_wrong_is_named(api: Api, wrong: dict[str, Any], field: str) -> None:
    answer = api("POST", FORMS, {"name": "Form"} | wrong)
    assert (answer.status_code, [each["field"] for each in answer.json["error"]["details"]]) == (400, [field])
    assert len(data(api("GET", FORMS))) == 1


def test_a_closed_stage_and_anothers_places_are_refused(api: Api, people: People) -> None:
    won = next(stage for stage in pipelines(people.ada)[0].stages if not stage.is_open)
    theirs = pipelines(people.charlie)[0]
    for wrong in ({"stage_id": won.id}, {"stage_id": theirs.stages[0].id}, {"pipeline_id": theirs.id}):
        assert api("POST", FORMS, {"name": "x"} | {name: str(each) for name, each in wrong.items()}).status_code == 400
    assert api("POST", FORMS, {"name": "x", "owner_id": str(people.charlie.user_id)}).status_code == 400


def test_who_may(client: FlaskClient, people: People, stranger: Api) -> None:
    form_id = forms(people.ada)[0].id
    allowed = {"rep": (403, 403, 403), "manager": (200, 403, 403), "ingest": (403, 403, 403)}
    for role, expected in allowed.items():
        program = Api(client, api_key(people.ada, role))
        path = f"{FORMS}/{form_id}"
        found = (
            program("GET", FORMS).status_code,
            program("POST", FORMS, {"name": "x"}).status_code,
            program("DELETE", path).status_code,
        )
        assert found == expected, role
    for method, body in (("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None)):
        assert stranger(method, f"{FORMS}/{form_id}", body).status_code == 404


class TestThePages:
    def test_an_admin_makes_changes_and_deletes(self, people: People, sign_in: Any, client: FlaskClient) -> None:
        ada = sign_in("ada")
        made = ada.post("/settings/forms/new", {"name": "Events", "is_active": "1", "show": ["company", "message"]})
        assert made.status_code == 303
        found = forms(people.ada)[1]
        assert [each.name for each in found.fields] == ["email", "company", "message"]
        page = f"/settings/forms/{found.id}"
        typed = {
            "name": "Events", "is_active": "1", "version": "1", "products": "Stand\nTalk", "size": ["1-50", "51+", ""],
            "value": ["10", "2,000", ""], "allowed_origins": "https://a.example\r\nhttps://b.example",
            "place": f"stage:{pipelines(people.ada)[0].stages[1].id}", "owner": str(people.alice.user_id),
        }  # fmt: skip
        assert ada.post(page, typed).status_code == 303
        changed = form(people.ada, found.id)
        assert (changed.products, dict(changed.company_size_values), changed.owner_id) == (
            ("Stand", "Talk"), {"1-50": "10", "51+": "2000"}, people.alice.user_id,
        )  # fmt: skip
        assert changed.allowed_origins == ("https://a.example", "https://b.example")
        clash = ada.post(page, typed | {"name": "Mine"})
        assert (clash.status_code, 'value="Mine"' in clash.get_data(as_text=True)) == (409, True)
        assert ada.post(f"{page}/delete").status_code == 303
        assert client.get(f"/f/{found.form_key}").status_code == 404
        assert ada.post(f"{page}/restore").status_code == 303
        assert client.get(f"/f/{found.form_key}").status_code == 200

    def test_what_is_wrong_stays_to_be_put_right(self, people: People, sign_in: Any) -> None:
        ada = sign_in("ada")
        page = f"/settings/forms/{forms(people.ada)[0].id}"
        wrong = {"name": "", "allowed_origins": "nowhere", "size": "many", "value": "1", "version": "1"}
        answer = ada.post(page, wrong)
        shown = answer.get_data(as_text=True)
        assert answer.status_code == 422
        for text in ("must have 1 to 200", "is not the address of a site", "is not a company size", ">\nnowhere<"):
            assert text in shown
        assert ada.post("/settings/forms/new", wrong).status_code == 422
        assert len(forms(people.ada)) == 1

    def test_managers_read_and_reps_do_not(self, people: People, sign_in: Any) -> None:
        form_id = forms(people.ada)[0].id
        mona, alice = sign_in("mona"), sign_in("alice")
        shown = mona.get(f"/settings/forms/{form_id}").get_data(as_text=True)
        assert "disabled" in shown
        assert "Delete this form" not in shown
        assert mona.post(f"/settings/forms/{form_id}", {"name": "x"}).status_code == 403
        assert [alice.get(path).status_code for path in ("/settings/forms", f"/settings/forms/{form_id}")] == [403, 403]
        theirs = forms(people.charlie)[0].id
        assert sign_in("ada").get(f"/settings/forms/{theirs}").status_code == 404

    def test_the_pages_ask_little(self, people: People, sign_in: Any) -> None:
        ada = sign_in("ada")
        for path, most in (("/settings/forms", 4), (f"/settings/forms/{forms(people.ada)[0].id}", 10)):
            asked: list[str] = []
            with heard(asked.append):
                assert ada.get(path).status_code == 200
            assert len(asked) <= most, asked
