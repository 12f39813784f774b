"""Real mails: those that somebody sent to sell or buy, and collections that were made to break readers of mail."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from deals_app.domain.inbound import LeadDraft, Surroundings, Understood
from deals_app.domain.money import to_minor
from deals_app.integrations.mail_drafts import understood_mail
from deals_app.integrations.mail_reading import read_mail

OURS = frozenset({"ourco.example"})
SURROUNDINGS = Surroundings(base_currency="USD", today=date(2026, 1, 15), own_domains=OURS)
NAMES = [
    "01_plain_seed_like",
    "02_freemail_sender",
    "03_multipart_alternative_qp_fr",
    "04_base64_japanese",
    "05_rfc2047_mixed_folded",
    "07_forward_as_rfc822_attachment",
    "08_outlook_reply_quoted",
    "09_iphone_reply",
    "10_out_of_office",
    "11_newsletter",
    "12_web_form_notification",
    "14_two_from",
    "15_no_body",
    "17_8bit_no_charset",
    "18_html_only_xss",
    "20_bounce_dsn",
    "23_duplicate_message_id_of_01",
    "24_loop_from_ourselves",
]


@pytest.fixture(scope="module")
def mails(real_data: Path) -> Path:
    """The folder of mails."""
    return real_data / "email"


@pytest.fixture(scope="module")
def known(mails: Path) -> dict[str, Any]:
    """What is known about each lead."""
    return json.loads((mails / "leads" / "EXPECTED.json").read_text())


def read(mails: Path, name: str) -> Understood:
    return understood_mail(read_mail((mails / "leads" / f"{name}.eml").read_bytes(), OURS), SURROUNDINGS)


@pytest.mark.parametrize("name", NAMES)
def test_it_understands_what_is_known_of_a_mail(mails: Path, known: dict[str, Any], name: str) -> None:
    expected, found = known[name], read(mails, name)
    assert found.mail is not None
    if expected["lead"] is False:
        assert found.draft is None
        assert found.set_aside
        assert found.set_aside.endswith(".")
        return
    draft = found.draft
    assert draft is not None
    assert isinstance(found.lead, LeadDraft)
    seen = {
        "sender_email": draft.contact_email,
        "sender_name": draft.contact_name,
        "forwarded_from": draft.contact_email,
        "forwarded_name": draft.contact_name,
        "reply_text": found.mail.text,
        "message_id": f"<{found.mail.message_id}>",
        "subject": draft.name,
    }
    for key, value in seen.items():
        assert key not in expected or value == expected[key], key
    assert expected.get("sender_name_contains", "") in (draft.contact_name or "")
    assert "company_any" not in expected or draft.company in expected["company_any"]
    assert draft.company not in expected.get("company_must_not_be", [])
    assert "thread" not in expected or expected["thread"].strip("<>") in found.mail.thread
    assert all(bad not in found.mail.text for bad in expected.get("must_not_contain", ["<script"]))
    amount = expected.get("amount_hint")
    assert found.value_estimated is (amount is None and "value" not in found.found_in)
    if amount:
        currency = expected["currency_hint"]
        assert (draft.value_minor, draft.currency) == (to_minor(Decimal(amount), currency), currency)


def test_it_knows_all_of_them(known: dict[str, Any]) -> None:
    assert sorted(known) == NAMES


def test_it_reads_more_than_is_asked(mails: Path) -> None:
    japanese, italian, french = (read(mails, NAMES[index]) for index in (3, 10, 2))

    assert japanese.draft is not None
    assert (japanese.draft.value_minor, japanese.draft.currency) == (3_000_000, "JPY")
    assert japanese.draft.company == "株式会社山田"
    assert italian.lead is not None
    assert italian.lead.facts["company_size"] == "51-200"
    assert french.draft is not None
    assert french.draft.company == "Société Générique SA"
    assert french.found_in["value"] == "75.000 €"


def test_the_default_value_is_estimated_and_replaces_nothing(mails: Path) -> None:
    found = read(mails, "02_freemail_sender")
    assert found.draft is not None
    assert (found.draft.value_minor, found.value_estimated) == (1_500_000, True)
    assert "value_minor" not in found.draft.given


def test_nothing_of_a_page_is_left_of_html(mails: Path) -> None:
    found = read(mails, "18_html_only_xss")
    assert found.mail is not None
    assert found.mail.text.startswith("Need 500 licences")
    assert "javascript" not in found.mail.text
    assert "display" not in found.mail.text


def test_every_mail_there_is_can_be_read(mails: Path) -> None:
    files = [path for path in mails.rglob("*") if path.suffix == ".eml" or path.match("cpython/msg_*.txt")]
    assert len(files) > 100
    set_aside = 0
    for path in files:
        found = understood_mail(read_mail(path.read_bytes()), SURROUNDINGS)
        set_aside += found.draft is None
        assert (found.draft is None) is (found.set_aside is not None), path.name
        assert found.mail is not None
        words = "".join(filter(None, [found.mail.text, *_texts(found)]))
        assert words.encode().decode() == words, path.name
        assert "\x00" not in words, path.name
    assert 10 < set_aside < 40


@pytest.mark.parametrize(
    ("name", "filename", "size"),
    [
        ("attachment_emails/attachment_pdf.eml", "broken.pdf", 1),
        ("attachment_emails/attachment_with_quoted_filename.eml", "Eelanalüüsi päring.jpg", 1),
        ("multi_charset/japanese_attachment.eml", "てすと.txt", 1),
        ("mime_emails/raw_email2.eml", "smime.p7s", 1),
    ],
)
def test_it_finds_the_files_that_came_along(mails: Path, name: str, filename: str, size: int) -> None:
    attachments = read_mail((mails / "mikel_mail" / name).read_bytes()).attachments
    assert [each.filename for each in attachments] == [filename]
    assert len(attachments[0].content) >= size


def _texts(found: Understood) -> list[str | None]:
    if found.draft is None:
        return []
    return [found.draft.name, found.draft.company, found.draft.contact_name]
