"""Files at deals over the API: what goes in comes out, and only that; nothing of it runs in anybody's browser."""

from __future__ import annotations

import hashlib
import io
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from deals_app.services.attachments import MOST, checked_filename
from deals_app.services.stored_files import LARGEST_BYTES, PART_BYTES
from deals_app.services.unit_of_work import reading
from tests.blueprints.programs import NOBODY, Api, data, made, refused
from tests.people import People, api_key

PDF = "application/pdf"
PAGE = b"<script>alert(document.domain)</script>"


def url(deal: dict[str, Any], *more: str) -> str:
    return "/".join([f"/api/v1/deals/{deal['id']}/attachments", *more])


def upload(
    api: Api, deal: dict[str, Any], content: bytes, name: str = "offer.pdf", kind: str = "application/pdf"
) -> Any:
    # By hand: the test client would leave a large one in a temporary file of its own.
    file = FileStorage(io.BytesIO(content), filename=name, content_type=kind)
    boundary, encoded = encode_multipart({"file": file})
    return api("POST", url(deal), encoded, content_type=f'multipart/form-data; boundary="{boundary}"')


def test_a_file_comes_back_byte_for_byte(api: Api, deal: dict[str, Any]) -> None:
    content = bytes(range(256)) * (PART_BYTES // 128) + b"end"
    made_file = data(upload(api, deal, content, "Angebot „größer“.pdf"), 201)
    assert made_file["filename"] == "Angebot „größer“.pdf"
    assert (made_file["size_bytes"], made_file["content_type"]) == (len(content), PDF)
    assert made_file["sha256"] == hashlib.sha256(content).hexdigest()
    assert made_file["actor"] == "API key test"
    assert data(api("GET", url(deal))) == [made_file]
    answer = api("GET", url(deal, made_file["id"]))
    assert answer.status_code == 200
    assert answer.data == content
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    assert "filename*=UTF-8''Angebot%20%E2%80%9Egr" in answer.headers["Content-Disposition"]


def test_nothing_of_it_runs_where_it_is_shown(api: Api, deal: dict[str, Any]) -> None:
    answer = api("GET", url(deal, data(upload(api, deal, PAGE, "page.html", "text/html"), 201)["id"]))
    assert answer.data == PAGE
    assert answer.headers["Content-Disposition"] == "attachment; filename=page.html"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert any("sandbox" in each for each in answer.headers.getlist("Content-Security-Policy"))


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        (" spaced  name .pdf", " spaced  name .pdf"),
        ("=cmd|x.csv", "=cmd|x.csv"),
        ("x" * 255, "x" * 255),
    ],
)
def test_names_are_kept_without_folders(api: Api, deal: dict[str, Any], sent: str, kept: str) -> None:
    assert data(upload(api, deal, b"x", sent), 201)["filename"] == kept


def test_old_browsers_folders_are_left_out_too() -> None:
    assert checked_filename("C:\\Users\\ann\\offer.pdf") == "offer.pdf"


@pytest.mark.parametrize("name", ["", " ", "..", "folder/", "x" * 256, "a\tb.pdf"], ids=repr)
def test_a_file_without_a_good_name_is_refused(api: Api, deal: dict[str, Any], name: str) -> None:
    refused(upload(api, deal, b"x", name), 400, "VALIDATION_FAILED", "file")


def test_a_type_that_is_none_is_unknown(api: Api, deal: dict[str, Any]) -> None:
    for kind in ("nonsense", "text/html\x00", "a/" + "b" * 200):
        assert data(upload(api, deal, b"x", "x", kind), 201)["content_type"] == "application/octet-stream"
    assert data(upload(api, deal, b"x", "x", "Text/HTML; charset=utf-8"), 201)["content_type"] == "text/html"


def test_what_is_no_file_is_refused(api: Api, deal: dict[str, Any]) -> None:
    refused(upload(api, deal, b""), 400, "VALIDATION_FAILED", "file")
    none = api("POST", url(deal), content_type="multipart/form-data", data={"other": "x"})
    refused(none, 400, "VALIDATION_FAILED", "file")
    refused(api("POST", url(deal), {"file": "x"}), 400, "VALIDATION_FAILED", "file")
    refused(api("POST", url(deal), b"x", content_type="application/pdf"), 415, "UNSUPPORTED_MEDIA_TYPE")
    assert data(api("GET", url(deal))) == []


def test_25_megabytes_are_taken_and_no_byte_more(api: Api, deal: dict[str, Any]) -> None:
    refused(upload(api, deal, b"x" * (LARGEST_BYTES + 1)), 413, "TOO_LARGE")
    refused(upload(api, deal, b"x" * (LARGEST_BYTES + 200_000)), 413, "TOO_LARGE")
    assert data(upload(api, deal, b"x" * LARGEST_BYTES), 201)["size_bytes"] == LARGEST_BYTES


def test_a_content_is_kept_once(api: Api, deal: dict[str, Any], body: dict[str, Any], people: People) -> None:
    other = made(api, body, name="Other")
    for where, name in ((deal, "a.pdf"), (deal, "b.pdf"), (other, "c.pdf")):
        data(upload(api, where, b"the same", name), 201)
    with reading(people.ada) as session:
        kept = [session.scalar(text(f"SELECT count(*) FROM {table}")) for table in ("stored_files", "attachments")]
    assert kept == [1, 3]


def test_removed_it_is_gone_and_comes_back(api: Api, deal: dict[str, Any]) -> None:
    found = data(upload(api, deal, b"x"), 201)
    assert api("DELETE", url(deal, found["id"])).status_code == 204
    refused(api("GET", url(deal, found["id"])), 404, "NOT_FOUND")
    refused(api("DELETE", url(deal, found["id"])), 404, "NOT_FOUND")
    assert data(api("GET", url(deal))) == []
    assert data(api("POST", url(deal, found["id"], "restore"))) == found
    assert api("GET", url(deal, found["id"])).data == b"x"


def test_a_deal_has_50_at_most(api: Api, deal: dict[str, Any]) -> None:
    ids = [data(upload(api, deal, b"x", f"{number}.txt"), 201)["id"] for number in range(MOST)]
    refused(upload(api, deal, b"x"), 400, "TOO_MANY_ATTACHMENTS")
    api("DELETE", url(deal, ids[0]))
    data(upload(api, deal, b"x"), 201)
    refused(api("POST", url(deal, ids[0], "restore")), 400, "TOO_MANY_ATTACHMENTS")


def test_sent_again_with_its_key_it_is_attached_once(api: Api, deal: dict[str, Any]) -> None:
    api.headers["Idempotency-Key"] = "once"
    first = data(upload(api, deal, b"x"), 201)
    assert data(upload(api, deal, b"x"), 201) == first
    refused(upload(api, deal, b"y"), 409, "IDEMPOTENCY_CONFLICT")
    assert len(data(api("GET", url(deal)))) == 1


def test_it_is_told_among_the_activities(api: Api, deal: dict[str, Any]) -> None:
    data(upload(api, deal, b"x", "offer.pdf"), 201)
    (told,) = data(api("GET", f"/api/v1/deals/{deal['id']}/activities"))
    assert (told["kind"], told["body"]) == ("attachment", "offer.pdf")


def test_another_tenant_finds_nothing(api: Api, stranger: Api, deal: dict[str, Any], body: dict[str, Any]) -> None:
    found = data(upload(api, deal, b"x"), 201)
    other = made(api, body, name="Other")
    for asked in (stranger("GET", url(deal)), stranger("GET", url(deal, found["id"])), upload(stranger, deal, b"x"),
                  stranger("DELETE", url(deal, found["id"])), stranger("POST", url(deal, found["id"], "restore")),
                  api("GET", url(deal, NOBODY)), api("GET", url(other, found["id"])),
                  api("DELETE", url(other, found["id"])), upload(api, {"id": NOBODY}, b"x")):  # fmt: skip
        refused(asked, 404, "NOT_FOUND")


def test_reps_attach_to_their_own_deals(api: Api, client: FlaskClient, people: People, deal: dict[str, Any]) -> None:
    found = data(upload(api, deal, b"x"), 201)
    rep = Api(client, api_key(people.ada, role="rep"))
    assert rep("GET", url(deal, found["id"])).data == b"x"
    refused(upload(rep, deal, b"x"), 403, "FORBIDDEN")
    refused(rep("DELETE", url(deal, found["id"])), 403, "FORBIDDEN")
    assert UUID(found["id"]).version == 7
