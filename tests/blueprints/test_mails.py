"""Raw mails through the ingestion API: deals, replies on the deal they belong to, files, and what is set aside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from deals_app.models import Activity, Attachment, Deal, StoredFile
from deals_app.services import attachments
from deals_app.services.accounts import add_member
from deals_app.services.deals import delete_deal
from deals_app.services.ingesting.understanding import MAIL_BYTES, own_domains
from deals_app.services.stage_transition import win_deal
from deals_app.services.unit_of_work import reading
from tests.blueprints.mails import MAIL, as_ours, send, written
from tests.blueprints.programs import Api
from tests.blueprints.test_ingestion import count, items
from tests.naughty import naughty_strings
from tests.people import PASSWORD, People

REPLY: dict[str, Any] = {"subject": "Re: Fifty licences", "text": "Make it 60.", "answers": "<one@client.example>"}


@pytest.fixture
def mails(real_data: Path) -> Path:
    return real_data / "email"


def activities(people: People) -> list[tuple[str, str]]:
    with reading(people.ada) as session:
        return [(each.kind, each.body) for each in session.scalars(select(Activity).order_by(Activity.id))]


def test_every_known_mail_is_a_deal_or_rightly_none(api: Api, people: People, mails: Path) -> None:
    known: dict[str, Any] = json.loads((mails / "leads" / "EXPECTED.json").read_text())
    assert len(known) == 18
    made: dict[str, str] = {}
    with as_ours():
        for name, expected in known.items():
            answer = send(api, (mails / "leads" / f"{name}.eml").read_bytes())
            said = answer.json
            if expected["lead"] is False:
                assert (answer.status_code, said["action"], said["deal_id"]) == (200, "unchanged", None), name
            elif expected["lead"] == "duplicate-of-01":
                assert (answer.status_code, said["action"]) == (200, "unchanged")
                assert said["deal_id"] == made["01_plain_seed_like"]
            else:
                assert (answer.status_code, said["action"]) == (201, "created"), name
                assert said["data"]["name"]
                assert said["data"]["ingested_from"] == "email"
                assert expected.get("subject", said["data"]["name"]) == said["data"]["name"]
                if "amount_hint" in expected:
                    assert said["data"]["currency"] == expected["currency_hint"]
                    assert said["data"]["value"] == round(float(expected["amount_hint"]) * 100)
                made[name] = said["deal_id"]
    assert count(people.ada, Deal) == len(made) == len(set(made.values()))
    aside = [item.steps[-1]["says"] for item in items(people.ada) if item.outcome == "set_aside"]
    assert len(aside) == 4
    assert all(each.endswith(".") for each in aside)


def test_a_reply_lands_where_the_original_is_known(api: Api, people: People, mails: Path) -> None:
    original = written("<orig8@ourco.example>", subject="Proposal Q3", sender="Dana <dana.lee@bigco.example>")
    deal_id = send(api, original).json["deal_id"]
    answer = send(api, (mails / "leads" / "08_outlook_reply_quoted.eml").read_bytes())
    assert (answer.status_code, answer.json["action"], answer.json["deal_id"]) == (200, "updated", deal_id)
    assert ("email", "Looks good, please send the contract.") in activities(people)
    assert count(people.ada, Deal) == 1
    # A mail that answers the answer is known by it, and the answer itself comes once.
    answer = send(api, written("<three@bigco>", text="When?", answers="<a8@bigco>"))
    assert answer.json["deal_id"] == deal_id
    again = send(api, (mails / "leads" / "08_outlook_reply_quoted.eml").read_bytes())
    assert (again.json["action"], again.json["deal_id"], count(people.ada, Activity)) == ("unchanged", deal_id, 3)


def test_the_files_of_a_conversation_hang_at_its_deal(api: Api, people: People) -> None:
    first = send(api, written(files={"brief.pdf": b"%PDF brief", "sign.pdf": b"%PDF sign"}))
    deal_id = first.json["deal_id"]
    reply = send(api, written("<two@client.example>", **REPLY, files={"sign.pdf": b"%PDF sign", "list.pdf": b"%PDF l"}))
    assert reply.json["deal_id"] == deal_id
    found = api("GET", f"/api/v1/deals/{deal_id}/attachments").json["data"]
    assert sorted(each["filename"] for each in found) == ["brief.pdf", "list.pdf", "sign.pdf"]
    brief = next(each for each in found if each["filename"] == "brief.pdf")
    sent = api("GET", f"/api/v1/deals/{deal_id}/attachments/{brief['id']}")
    assert (sent.status_code, sent.data) == (200, b"%PDF brief")
    steps = [each["says"] for each in items(people.ada)[1].steps if each["step"] == "attachment"]
    assert steps == ["sign.pdf is attached already", "list.pdf is attached"]


def test_files_that_are_too_many_or_empty_stay_in_the_mail(
    api: Api, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "MOST", 1)
    answer = send(api, written(files={"none.pdf": b"", "one.pdf": b"1", "two.pdf": b"2"}))
    assert answer.status_code == 201
    assert (count(people.ada, Attachment), count(people.ada, StoredFile)) == (1, 1)
    [item] = items(people.ada)
    says = [each["says"] for each in item.steps if each["step"] == "attachment"]
    assert says[0].startswith("none.pdf is left in the mail: file: is empty")
    assert says[1] == "one.pdf is attached"
    assert says[2] == "two.pdf is left in the mail: A deal may have 1 files; remove one first"
    assert b"two.pdf" in item.body


def test_a_reply_to_a_closed_deal_is_an_activity_and_no_more(api: Api, people: People) -> None:
    deal_id = send(api, written()).json["deal_id"]
    win_deal(people.ada, UUID(deal_id))
    before = api("GET", f"/{deal_id}").json["data"]
    answer = send(api, written("<two@client.example>", **REPLY))
    assert (answer.json["action"], answer.json["deal_id"]) == ("updated", deal_id)
    after = api("GET", f"/{deal_id}").json["data"]
    assert (after["status"], after["version"], after["value"]) == ("closed_won", before["version"], before["value"])
    assert activities(people)[-1] == ("email", "Make it 60.")


def test_a_reply_to_a_deleted_deal_is_kept_until_it_is_back(api: Api, people: People) -> None:
    deal_id = UUID(send(api, written()).json["deal_id"])
    delete_deal(people.ada, deal_id)
    answer = send(api, written("<two@client.example>", **REPLY))
    assert (answer.status_code, "restore it first" in answer.json["error"]) == (400, True)
    assert [item.outcome for item in items(people.ada)] == ["created", "rejected"]


def test_without_a_message_id_the_same_mail_is_the_same(api: Api, people: People) -> None:
    first = send(api, written(None))
    again = send(api, b"Received: from elsewhere\r\n" + written(None))
    assert (first.status_code, again.json["action"], again.json["deal_id"]) == (201, "unchanged", first.json["deal_id"])
    assert send(api, written(None, subject="Something else")).status_code == 201


def test_what_cannot_be_read_is_kept_and_says_why(api: Api, people: People) -> None:
    deep = b"From: a@b.example\r\nSubject: x\r\n\r\n" + b"\n" * 700_000
    answer = send(api, deep)
    assert (answer.status_code, answer.json["error"]) == (400, "The mail has more than 600,000 lines.")
    assert [item.outcome for item in items(people.ada)] == ["rejected"]
    assert send(api, b"").status_code in {200, 400}
    assert count(people.ada, Deal) == 0


def test_a_mail_may_be_as_large_as_mails_are_and_json_may_not(api: Api, people: People) -> None:
    large = written(files={"plan.pdf": bytes(5 * 1024 * 1024)})
    assert send(api, large).status_code == 201
    assert send(api, b"x" * (MAIL_BYTES + 1)).status_code == 413
    assert api("POST", MAIL, large).status_code == 413
    assert api("POST", "/api/sales/deals/manual", large, content_type="message/rfc822").status_code == 413
    assert count(people.ada, Attachment) == 1


def test_naughty_texts_make_no_500(api: Api, real_data: Path) -> None:
    for number, text in enumerate(naughty_strings(real_data)[:60]):
        head = text.encode("utf-8", "surrogatepass").replace(b"\r", b"").replace(b"\n", b" ")[:900]
        raw = b"From: %s <n%d@odd.example>\r\nSubject: %s\r\nMessage-ID: <%d@odd>\r\nReferences: %s\r\n\r\n%s" % (
            head[:60], number, head, number, head, text.encode("utf-8", "surrogatepass"),
        )  # fmt: skip
        assert send(api, raw).status_code in {200, 201, 400}, text


def test_collections_made_to_break_readers_make_no_500(api: Api, mails: Path) -> None:
    files = [path for folder in ("cpython", "mikel_mail") for path in sorted((mails / folder).rglob("*.*"))]
    assert len(files) > 100
    statuses = {send(api, path.read_bytes()).status_code for path in files if path.is_file()}
    assert statuses <= {200, 201, 400}


def test_ones_own_domains_are_where_people_are_and_not_where_anybody_can_be(people: People) -> None:
    add_member(people.ada, email="gil@gmail.com", name="Gil", role="rep", password=PASSWORD)
    with reading(people.ada) as session:
        assert own_domains(session) == {"acme.example"}


def test_another_tenants_conversation_is_unknown(api: Api, stranger: Api, people: People) -> None:
    theirs = send(stranger, written()).json["deal_id"]
    answer = send(api, written("<two@client.example>", **REPLY))
    assert (answer.status_code, answer.json["deal_id"] != theirs) == (201, True)
    assert send(api, written(), f"{MAIL}?tenant_id={people.charlie.tenant_id}").status_code == 403
