"""What looks like spam in a form, and what people write who are only unusual."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deals_app.domain.inbound import LeadDraft
from deals_app.domain.spam import HELD_FROM, SPAM_FROM, haste_sign, honeypot_sign, spam_score, spam_signs
from deals_app.integrations.disposable_addresses import is_disposable

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)


def keys(lead: LeadDraft, *, disposable: bool = False) -> set[str]:
    return {sign.key for sign in spam_signs(lead, is_disposable=disposable)}


@pytest.mark.parametrize(
    ("lead", "key"),
    [
        (LeadDraft(message="see https://a.example"), "links"),
        (LeadDraft(message="<a href=x>y</a>"), "markup"),
        (LeadDraft(message="[url=x]y[/url]"), "markup"),
        (LeadDraft(message="Best SEO services, get backlinks"), "words"),
        (LeadDraft(message="heeeeeeeeeello"), "repeated_characters"),
        (LeadDraft(message="BUY THIS WONDERFUL THING RIGHT NOW"), "capitals"),
        (LeadDraft(message="cheap V\u0456agra"), "mixed_scripts"),
        (LeadDraft(first_name="https://win.example"), "link_as_name"),
        (LeadDraft(company="[url=x]"), "markup_in_name"),
        (LeadDraft(first_name="xKqTbZvLmRpW"), "gibberish"),
        (LeadDraft(first_name="hey", last_name="Hey", company=" hey "), "same_text"),
    ],
)
def test_it_sees_a_sign(lead: LeadDraft, key: str) -> None:
    assert key in keys(lead)


@pytest.mark.parametrize(
    "lead",
    [
        LeadDraft(),
        LeadDraft(first_name="Jane", last_name="Doe", company="Company Inc", message="Interested in enterprise plan"),
        LeadDraft(first_name="Ronald", last_name="McDonald", company="DeVriesSoft", message="OK, CALL ME"),
        LeadDraft(
            first_name="太郎", last_name="山田", company="株式会社ヤマダ電機", message="お見積りをお願いします。"
        ),
        LeadDraft(first_name="Иван", last_name="Петров", company="ООО Ромашка", message="Добрый день, нужна CRM"),
        LeadDraft(first_name="Ann", company="Ann", message="-----------------------\nplease call"),
    ],
)
def test_people_have_no_signs(lead: LeadDraft) -> None:
    assert keys(lead) == set()


def test_one_link_is_no_reason_to_hold_a_form_and_spam_is() -> None:
    asking = LeadDraft(first_name="Jane", company="Acme", message="Our site is https://acme.example, call me")
    selling = LeadDraft(
        first_name="JaneKqTbZv",
        message="SEO services! Backlinks! http://a.example http://b.example http://c.example",
    )
    assert spam_score(spam_signs(asking)) < HELD_FROM
    assert spam_score(spam_signs(selling)) >= SPAM_FROM


def test_a_disposable_address_is_known_by_its_domain() -> None:
    assert is_disposable("x@mailinator.com")
    assert is_disposable("x@sub.mailinator.com")
    assert not is_disposable("jane@company.com")
    assert not is_disposable("nobody")
    assert keys(LeadDraft(), disposable=True) == {"disposable_address"}


def test_traps_catch_programs_only() -> None:
    assert honeypot_sign(None) is None
    assert honeypot_sign(" ") is None
    assert honeypot_sign("x") is not None
    assert haste_sign(None, NOW) is None
    assert haste_sign(NOW - timedelta(seconds=3), NOW) is None
    assert haste_sign(NOW - timedelta(seconds=2), NOW) is not None


@given(st.builds(LeadDraft, first_name=st.text(), company=st.text(), message=st.text(), phone=st.text()))
def test_it_never_raises_and_stays_within_100(lead: LeadDraft) -> None:
    signs = spam_signs(lead, is_disposable=True)
    assert 0 < spam_score(signs) <= 100
    assert all(sign.says.endswith(".") for sign in signs)
