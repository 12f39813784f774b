"""The inbox: what came is shown as it came, with every step that was taken, and is tried again."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from deals_app.domain.pipelines import NewStage
from deals_app.models import OutboxRow
from deals_app.services.deals import delete_deal
from deals_app.services.editing import DealEdit, edit_deal
from deals_app.services.ingesting.inbox import Raw
from deals_app.services.ingesting.processing import Outcome
from deals_app.services.ingesting.receiving import receive
from deals_app.services.ingesting.replaying import TOPIC, replay_items
from deals_app.services.pipeline_editing import add_stage
from deals_app.services.pipelines import pipelines
from deals_app.services.queries.inbox import ItemFilter, inbox_item, inbox_items
from deals_app.services.unit_of_work import reading
from tests.heard import heard
from tests.people import People

SignIn = Callable[[str], Any]
MAIL = {
    "sender": "Jane <jane@company.example>",
    "subject": "Need 40 licences",
    "content": "Our budget is $45,000. <script>alert(1)</script>",
}


def came(people: People, source: str = "api", **facts: Any) -> Outcome:
    return receive(people.ada, source, Raw(body=json.dumps(facts).encode()))


def page(browser: Any, path: str = "", status: int = 200) -> str:
    answer = browser.get(f"/inbox{path}")
    assert answer.status_code == status
    return answer.get_data(as_text=True)


def test_an_item_shows_what_came_and_every_step(sign_in: SignIn, people: People) -> None:
    outcome = came(people, "email", **MAIL)
    shown = page(sign_in("mona"), f"/{outcome.item_id}")
    assert "<script>alert" not in shown
    assert re.search(r'<mark class="found">[^<]*45,000[^<]*<span class="found-as">[^<]*value', shown)
    for words in ("Understood", "Decided", "Written", "jane@company.example", f"/deals/{outcome.deal_id}", "Created"):
        assert words in shown


def test_what_is_wrong_is_shown(sign_in: SignIn, people: People) -> None:
    outcome = came(people, name="", value=-1)
    shown = html.unescape(page(sign_in("mona"), f"/{outcome.item_id}"))
    assert "<code>name</code> is required" in shown
    assert "Refused" in shown


@pytest.mark.parametrize(
    ("body", "words"),
    [(b"\xff\xfe\x00", "It is no text"), (b"", "It was empty"), (b'{"a":"' + b"x" * 90_000, "This is its beginning")],
)
def test_whatever_it_is_it_can_be_saved(sign_in: SignIn, people: People, body: bytes, words: str) -> None:
    outcome = receive(people.ada, "api", Raw(body=body))
    mona = sign_in("mona")
    shown = page(mona, f"/{outcome.item_id}")
    assert words in shown
    assert len(shown) < 60_000
    saved = mona.get(f"/inbox/{outcome.item_id}/raw")
    assert (saved.data, saved.headers["Content-Type"]) == (body, "application/octet-stream")
    assert saved.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in saved.headers["Content-Security-Policy"]


def test_the_list_is_narrowed_and_read_on(sign_in: SignIn, people: People) -> None:
    for number in range(51):
        came(people, name=f"Deal {number}")
    came(people, name="")
    came(people, "email", **MAIL)
    mona = sign_in("mona")
    first = page(mona)
    more = re.search(r'href="(/inbox\?after=[^"]+)"', first)
    assert more
    assert mona.get(more[1]).get_data(as_text=True).count("<tr>") == 1 + 3
    assert page(mona, "?source=email").count("<tr>") == 1 + 1
    assert page(mona, "?outcome=rejected").count("<tr>") == 1 + 1
    assert page(mona, "?q=LICENCES").count("<tr>") == page(mona, "?q=jane@company").count("<tr>") == 1 + 1
    assert "Nothing matches" in page(mona, "?q=nowhere%25")
    for wrong in ("?after=nonsense", "?outcome=nonsense"):
        assert mona.get(f"/inbox{wrong}").status_code == 422


def test_it_is_tried_again(sign_in: SignIn, people: People) -> None:
    outcome = came(people, name="Fleet", stage="nowhere")
    mona = sign_in("mona")
    answer = mona.post(f"/inbox/{outcome.item_id}/replay")
    assert answer.status_code == 303
    assert "Tried again: rejected." in mona.get(answer.headers["Location"]).get_data(as_text=True)
    good = came(people, name="Fleet")
    mona.post(f"/inbox/{good.item_id}/replay")
    again = page(mona, f"/{good.item_id}")
    assert "Tried again" in again
    assert inbox_item(people.ada, good.item_id).row.outcome == "created"


def test_all_that_was_refused_is_tried_again_by_a_worker(sign_in: SignIn, people: People) -> None:
    wrong = [came(people, name="Fleet", external_id="x1", stage="Scoping").item_id, came(people, name="").item_id]
    mona = sign_in("mona")
    assert mona.post("/inbox/replay", {"source": "email"}).status_code == 303
    assert "None is rejected." in page(mona)
    scoping = NewStage(name="Scoping", order=2, probability=Decimal(20))
    add_stage(people.ada, pipelines(people.ada)[0].id, scoping)
    assert mona.post("/inbox/replay", {"source": "api", "outcome": "rejected"}).status_code == 303
    with reading(people.ada) as session:
        [outbox_id] = session.scalars(select(OutboxRow.id).where(OutboxRow.topic == TOPIC))
    for _ in range(2):
        replay_items(str(people.tenant_id), str(outbox_id))
    outcomes = {item.id: item.outcome for item in inbox_items(people.ada, ItemFilter()).items}
    assert [outcomes[item_id] for item_id in wrong] == ["created", "rejected"]
    with reading(people.ada) as session:
        assert session.scalar(select(OutboxRow.done_at).where(OutboxRow.id == outbox_id)) is not None


def test_reps_see_what_is_theirs_or_nobodys(sign_in: SignIn, people: People) -> None:
    items: dict[str, UUID] = {}
    for name, owner in (("mine", people.alice.user_id), ("nobodys", None), ("bobs", people.bob.user_id)):
        outcome = came(people, name=name)
        items[name] = outcome.item_id
        if owner is not None and outcome.deal_id is not None:
            edit_deal(people.ada, outcome.deal_id, DealEdit(assigned_to=owner))
    items["refused"] = came(people, name="").item_id
    alice = sign_in("alice")
    assert page(alice).count("<tr>") == 1 + 2
    seen = {name: alice.get(f"/inbox/{item_id}").status_code for name, item_id in items.items()}
    assert seen == {"mine": 200, "nobodys": 200, "bobs": 404, "refused": 404}
    assert alice.get(f"/inbox/{items['bobs']}/raw").status_code == 404
    assert alice.post(f"/inbox/{items['mine']}/replay").status_code == 403
    assert "Replay" not in page(alice, f"/{items['mine']}")
    charlie = sign_in("charlie")
    assert {charlie.get(f"/inbox/{each}").status_code for each in items.values()} == {404}
    assert "Nothing has come in yet" in page(charlie)


def test_an_item_of_a_deleted_deal_leads_nowhere(sign_in: SignIn, people: People) -> None:
    outcome = came(people, name="Gone")
    assert outcome.deal_id is not None
    delete_deal(people.ada, outcome.deal_id)
    assert f'href="/deals/{outcome.deal_id}"' not in page(sign_in("ada"))


@pytest.mark.parametrize(("path", "most"), [("", 3), ("/{id}", 3)])
def test_a_page_asks_little(sign_in: SignIn, people: People, path: str, most: int) -> None:
    mona = sign_in("mona")
    counts: list[int] = []
    for number in (1, 6):
        for each in range(number):
            outcome = came(people, name=f"Deal {each}", contact_email=f"{each}@x.example")
        asked: list[str] = []
        with heard(asked.append):
            page(mona, path.format(id=outcome.item_id))
        counts.append(len(asked))
    assert counts[0] == counts[1] <= most, counts
