"""A customer's page: the people there come and go, and a customer whom deals name stays."""

from __future__ import annotations

from typing import Any

from deals_app.services.contacts import contacts_of
from deals_app.services.customers import create_customer
from deals_app.services.deals import NewDeal, create_deal, delete_deal
from tests.blueprints.test_deal_list import counting
from tests.people import People


def text(answer: Any) -> str:
    return " ".join(answer.get_data(as_text=True).split())


def test_contacts_are_added_removed_and_brought_back(people: People, sign_in: Any) -> None:
    customer_id = create_customer(people.alice, name="Initech")
    alice, here = sign_in("alice"), f"/customers/{customer_id}"
    alice.post(f"{here}/contacts", {"name": "Peter", "email": "peter@initech.example", "title": "Engineer"})
    page = text(alice.get(here))
    assert "Peter was added." in page
    assert "peter@initech.example" in page
    (peter,) = contacts_of(people.alice, customer_id)
    gone = text(alice.hx_post(f"{here}/contacts/{peter.id}/remove"))
    assert f'action="{here}/contacts/{peter.id}/restore" data-undo' in gone
    assert contacts_of(people.alice, customer_id) == []
    alice.hx_post(f"{here}/contacts/{peter.id}/restore")
    assert [each.name for each in contacts_of(people.alice, customer_id)] == ["Peter"]
    assert alice.hx_post(f"{here}/contacts", {"name": "x", "email": "peter"}).status_code == 422
    charlie = sign_in("charlie")
    assert charlie.get(here).status_code == 404
    assert charlie.post(f"{here}/contacts", {"name": "x"}).status_code == 404
    assert charlie.post(f"{here}/delete").status_code == 404


def test_a_customer_goes_once_no_deal_names_it(people: People, sign_in: Any) -> None:
    customer_id = create_customer(people.alice, name="Initech")
    deal_id = create_deal(people.alice, NewDeal(name="Rollout", currency="USD", customer_id=customer_id))
    alice, here = sign_in("alice"), f"/customers/{customer_id}"
    assert alice.hx_post(f"{here}/delete").status_code == 409
    delete_deal(people.mona, deal_id)
    assert f'action="{here}/restore" data-undo' in text(alice.hx_post(f"{here}/delete"))
    assert alice.get(here).status_code == 404
    alice.hx_post(f"{here}/restore")
    assert alice.get(here).status_code == 200


def test_the_page_asks_the_database_a_few_things(people: People, sign_in: Any) -> None:
    customer_id = create_customer(people.alice, name="Initech")
    alice = sign_in("alice")
    with counting() as few:
        alice.get(f"/customers/{customer_id}")
    for number in range(5):
        alice.post(f"/customers/{customer_id}/contacts", {"name": f"Person {number}"})
    alice.get(f"/customers/{customer_id}")
    with counting() as many:
        alice.get(f"/customers/{customer_id}")
    assert len(many) == len(few) <= 8, many
