"""What was held leaves in two ways, and either can be taken back."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from deals_app.domain.actor import Actor
from deals_app.domain.errors import Forbidden
from deals_app.models import AuditEntry, Deal, InboundItem, Lead, LeadDeal
from deals_app.services.forms import forms
from deals_app.services.ingesting.inbox import Raw, keep
from deals_app.services.ingesting.receiving import process_delivery, replay
from deals_app.services.ingesting.reviewing import call_spam, put_back, take_in
from deals_app.services.public_forms import Arrival, public_form, receive_form
from deals_app.services.queries.held import held_count, held_page
from deals_app.services.queries.life import history
from deals_app.services.unit_of_work import reading
from tests.heard import heard
from tests.people import People

WORDS = "Cheap casino at http://a.ru/ http://b.ru/ http://c.ru/ <b>now</b>"


@pytest.fixture
def hold(client: FlaskClient, people: People) -> Any:
    """`hold("ann")` sends spam from ann's address; the item's id."""
    form_key = forms(people.ada)[0].form_key

    def sent(name: str, message: str = WORDS) -> UUID:
        body = {"form_key": form_key, "email": f"{name}@globex.example", "company": name, "message": message}
        assert client.post("/api/sales/deals/web-form", json=body).status_code == 202
        return held_page(people.mona).items[0].id

    return sent


def state(actor: Actor, item_id: UUID) -> tuple[str, list[str]]:
    with reading(actor) as session:
        item = session.scalars(select(InboundItem).where(InboundItem.id == item_id)).one()
        return item.outcome, [step["step"] for step in item.steps]


def live_deals(actor: Actor) -> list[str]:
    with reading(actor) as session:
        return list(session.scalars(select(Deal.name).where(Deal.deleted_at.is_(None))))


def test_what_is_held_says_why(people: People, hold: Any) -> None:
    hold("ann")
    [item] = held_page(people.mona).items
    assert (item.who, item.said["message"], item.form_name) == ("ann@globex.example", WORDS, "Contact")
    assert item.why[0] == "The message has 3 links."
    assert (held_count(people.mona), held_count(people.alice), held_count(people.charlie)) == (1, 0, 0)


def test_taken_in_it_is_a_deal_and_put_back_it_waits_again(people: People, hold: Any) -> None:
    item_id = hold("ann")
    for _ in range(2):
        [outcome] = take_in(people.mona, [item_id])
        assert outcome.is_good
        assert live_deals(people.ada) == ["ann – Web enquiry"]
        assert take_in(people.mona, [item_id]) == []
        assert put_back(people.mona, [item_id]) == [item_id]
        assert live_deals(people.ada) == []
        assert put_back(people.mona, [item_id]) == []
    take_in(people.mona, [item_id])
    assert state(people.ada, item_id)[0] == "created"
    with reading(people.ada) as session:
        assert len(session.scalars(select(LeadDeal)).all()) == 1
        assert session.scalars(select(Lead.is_spam)).all() == [False]
        said = session.scalars(select(AuditEntry.action).where(AuditEntry.action.startswith("inbound."))).all()
    assert said.count("inbound.taken_in") == 3
    assert replay(people.ada, item_id).action == "created"


def test_called_spam_its_address_is_known(people: People, hold: Any) -> None:
    item_id = hold("ann")
    assert call_spam(people.mona, [item_id]) == [item_id]
    assert call_spam(people.mona, [item_id]) == []
    assert state(people.ada, item_id)[0] == "set_aside"
    assert [item.id for item in held_page(people.mona, spam=True).items] == [item_id]
    hold("ann", message="A friendly word")
    assert held_page(people.mona).items[0].why == ("What came from this address before was spam.",)
    assert put_back(people.mona, [item_id]) == [item_id]
    assert (held_page(people.mona).held, held_page(people.mona).spam) == (2, 0)
    with reading(people.ada) as session:
        assert session.scalars(select(Lead.is_spam)).all() == [False]


def test_only_managers_decide_and_only_on_their_own(people: People, hold: Any) -> None:
    item_id = hold("ann")
    for decide in (take_in, call_spam, put_back):
        with pytest.raises(Forbidden):
            decide(people.alice, [item_id])
        assert decide(people.charlie, [item_id]) == []
    assert state(people.ada, item_id) == ("held", ["understood", "held"])


def test_a_worker_holds_what_its_receiver_could_not(people: People) -> None:
    found = public_form(forms(people.ada)[0].form_key, request_id="")
    assert found is not None
    body = json.dumps({"email": "ann@globex.example", "message": WORDS}).encode()
    delivery = keep(found.actor, "web_form", [Raw(body=body, context=Arrival().as_context(found.form))])
    process_delivery(str(people.tenant_id), str(delivery.id))
    assert state(people.ada, delivery.item_ids[0])[0] == "held"


def test_the_ledger_names_the_form(people: People) -> None:
    found = public_form(forms(people.ada)[0].form_key, request_id="")
    assert found is not None
    body = b'{"email": "ann@globex.example", "message": "A quote, please"}'
    outcome = receive_form(found, body, Arrival(), content_type="application/json")
    assert outcome.deal_id is not None
    assert {each.actor for each in history(people.ada, outcome.deal_id)} == {"Form Contact"}


class TestThePage:
    def test_one_and_many_with_their_undo(self, people: People, hold: Any, sign_in: Any) -> None:
        ids = [hold(name) for name in ("ann", "bea", "cem")]
        mona = sign_in("mona")
        page = mona.get("/ingest/held").get_data(as_text=True)
        assert page.count("held-item") == 3
        assert "&lt;b&gt;now&lt;/b&gt;" in page
        assert 'badge-warn">3' in mona.get("/ingest").get_data(as_text=True)
        mona.post("/ingest/held", {"take_in": str(ids[0])})
        assert live_deals(people.ada) == ["ann – Web enquiry"]
        mona.post("/ingest/held", {"spam": "ticked", "item": [str(each) for each in ids[1:]]})
        told = mona.get("/ingest/held").get_data(as_text=True)
        assert "2 messages called spam." in told
        undo = re.findall(r'action="(/ingest/held/back[^"]+)"', told)[-1].replace("&amp;", "&")
        assert mona.post(undo).status_code == 303
        assert (held_page(people.mona).held, held_page(people.mona).spam) == (2, 0)
        mona.post("/ingest/held", {"spam": "ticked"})
        assert "Tick what you mean first." in mona.get("/ingest/held").get_data(as_text=True)
        assert mona.get("/ingest/held?ticked=all").get_data(as_text=True).count(" checked") == 2

    def test_reps_are_refused(self, hold: Any, sign_in: Any) -> None:
        item_id = hold("ann")
        alice = sign_in("alice")
        assert alice.get("/ingest/held").status_code == 403
        assert alice.post("/ingest/held", {"take_in": str(item_id)}).status_code == 403
        assert alice.post("/ingest/held/back", {"item": str(item_id)}).status_code == 403
        assert "/ingest/held" not in alice.get("/ingest").get_data(as_text=True)

    def test_what_is_no_id_is_nothing(self, sign_in: Any) -> None:
        mona = sign_in("mona")
        assert mona.post("/ingest/held", {"take_in": "x"}).status_code == 303
        assert mona.post("/ingest/held/back", {"item": "x"}).status_code == 303

    def test_a_full_page_asks_as_much_as_an_empty_one(self, hold: Any, sign_in: Any) -> None:
        mona, asked = sign_in("mona"), list[str]()
        with heard(asked.append):
            mona.get("/ingest/held")
        empty = len(asked)
        for name in ("ann", "bea", "cem"):
            hold(name)
        asked.clear()
        with heard(asked.append):
            mona.get("/ingest/held")
        assert len(asked) == empty <= 6
