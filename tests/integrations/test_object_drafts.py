"""The fields of JSON objects: what is taken, and what is refused in which words."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from deals_app.domain.errors import FieldProblem
from deals_app.domain.inbound import Surroundings, Understood
from deals_app.domain.strict_json import strict_loads
from deals_app.integrations.sources import source


def read(key: str, payload: dict[str, Any], *, base: str = "USD", **settings: Any) -> Understood | list[FieldProblem]:
    surroundings = Surroundings(base_currency=base, today=date(2026, 1, 15), settings=settings)
    found = source(key)
    assert found is not None
    return found.normalise(payload, surroundings)


def taken(key: str, payload: dict[str, Any], **how: Any) -> Understood:
    found = read(key, payload, **how)
    assert isinstance(found, Understood), found
    return found


@pytest.mark.parametrize("key", ["manual", "api", "web_form", "email"])
def test_it_understands_the_samples_of_the_mission(real_data: Path, key: str) -> None:
    sample = strict_loads((real_data / "seed_examples" / f"004_{key}.json").read_bytes())
    found = source(key)
    assert found is not None
    assert sample["endpoint"] == f"POST /api/sales/deals{found.path}"
    assert taken(key, sample["body"]) == found.EXAMPLE[1]
    assert sample["body"] == found.EXAMPLE[0]


@pytest.mark.parametrize(
    ("sent", "base", "value_minor", "currency"),
    [
        ({"value": 120000}, "USD", 12_000_000, None),
        ({"value": "120000.50"}, "USD", 12_000_050, None),
        ({"value": Decimal("0.10")}, "EUR", 10, None),
        ({"value": 0}, "USD", 0, None),
        ({"value": "0"}, "USD", 0, None),
        ({"value": Decimal("1E+5")}, "USD", 10_000_000, None),
        ({"value": 120000}, "JPY", 120_000, None),
        ({"value": "1.234", "currency": "kwd"}, "USD", 1_234, "KWD"),
        ({"value": "$1,234.50"}, "EUR", 123_450, "USD"),
        ({"value": "1.234,50", "currency": "EUR"}, "USD", 123_450, "EUR"),
        ({"value": "100.50000"}, "USD", 10_050, None),
        ({"value": None}, "USD", None, None),
        ({"value": " "}, "USD", None, None),
        ({}, "USD", None, None),
    ],
)
def test_it_reads_a_value(sent: dict[str, Any], base: str, value_minor: int | None, currency: str | None) -> None:
    draft = taken("manual", {"name": "x", **sent}, base=base).draft
    assert draft is not None
    assert (draft.value_minor, draft.currency) == (value_minor, currency)
    assert ("value_minor" in draft.given) is ("value" in sent)
    assert ("currency" in draft.given) is (currency is not None)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("value", -1, "negative"),
        ("value", "-5", "negative"),
        ("value", Decimal("0.001"), "at most 2 decimals"),
        ("value", "10.001", "at most 2 decimals"),
        ("value", "$1.234", "a thousand times"),
        ("value", "€5 or so", "not an amount"),
        ("value", 10**30, "too large"),
        ("value", Decimal("NaN"), "finite"),
        ("value", True, "not an amount"),
        ("value", 1.5, "not an amount"),
        ("currency", "XYZ", "ISO 4217"),
        ("currency", 978, "not a text"),
        ("probability", 101, "between 0 and 100"),
        ("probability", -1, "between 0 and 100"),
        ("probability", Decimal("33.333"), "more than 2 decimals"),
        ("probability", Decimal("Infinity"), "between 0 and 100"),
        ("probability", "0.6", "percent sign"),
        ("probability", "high", "not a probability"),
        ("expected_close_date", "2026-02-30", "not a day in the calendar"),
        ("expected_close_date", "06/01/2026", "like 2026-06-01"),
        ("expected_close_date", "soon", "like 2026-06-01"),
        ("expected_close_date", 20260601, "not a text"),
        ("contact_email", "ceo@acme", "not an e-mail address"),
        ("contact_email", "a@b.example, c@d.example", "not an e-mail address"),
        ("name", "x" * 201, "at most 200"),
        ("name", "\u200b", "is required"),
        ("company", "x" * 201, "at most 200"),
        ("description", "x" * 20_001, "at most 20000"),
    ],
)
def test_it_says_what_is_wrong_with_a_field(field: str, value: Any, words: str) -> None:
    problems = read("manual", {"name": "Deal", field: value})
    assert isinstance(problems, list)
    assert [problem.field for problem in problems] == [field]
    assert words in problems[0].message


@pytest.mark.parametrize(
    ("sent", "probability"),
    [(60, 60), (Decimal("33.33"), Decimal("33.33")), (Decimal("0.5"), Decimal("0.5")), ("60%", 60)],
)
def test_it_takes_a_number_for_a_probability_at_its_word(sent: Any, probability: Any) -> None:
    draft = taken("manual", {"name": "Deal", "probability": sent}).draft
    assert draft is not None
    assert draft.probability == probability


def test_a_value_and_its_currency_must_agree() -> None:
    problems = read("manual", {"name": "Deal", "value": "€5", "currency": "USD"})
    assert isinstance(problems, list)
    assert "does not agree" in problems[0].message


def test_null_empties_and_silence_leaves_alone() -> None:
    draft = taken("manual", {"name": "Deal", "company": None, "stage": ""}).draft
    assert draft is not None
    assert draft.given == {"name", "company", "stage_text"}


def test_text_comes_back_as_sent_but_for_its_ends() -> None:
    draft = taken("manual", {"name": "  Ｄeal\u00a0 №1 ", "description": "=1+1\n"}).draft
    assert draft is not None
    assert (draft.name, draft.description) == ("Ｄeal\u00a0 №1", "=1+1")


def test_an_api_deal_has_all_that_a_system_knows() -> None:
    found = taken(
        "api",
        {
            "name": "Deal",
            "external_id": 12345,
            "external_system": "billing",
            "tags": ["new", " new", "eu", ""],
            "source": "Partner",
            "owner": "rep@company.example",
            "pipeline": "Sales",
            "updated_at": "2026-01-15T14:30:00+02:00",
            "metadata": {"a": [1, {"b": None}], "extra": 1},
            "extra": 2,
            "color": "red",
        },
    )
    assert found.draft is not None
    assert (found.system, found.draft.external_id, found.draft.tags) == ("billing", "12345", ("new", "eu"))
    assert (found.draft.source, found.draft.owner_text, found.draft.pipeline_text) == (
        "partner",
        "rep@company.example",
        "Sales",
    )
    assert found.changed_at == datetime(2026, 1, 15, 12, 30, tzinfo=UTC)
    assert found.metadata == {"a": [1, {"b": None}], "extra": 1, "color": "red", "source": "Partner"}


def test_a_source_that_is_not_ours_is_kept() -> None:
    found = taken("api", {"name": "Deal", "source": "trade fair", "tags": "a, b"})
    assert found.draft is not None
    assert (found.draft.source, found.metadata, found.draft.tags) == (None, {"source": "trade fair"}, ("a", "b"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("updated_at", "2026-01-15T14:30:00"),
        ("updated_at", "0001-01-01T00:00:00+14:00"),
        ("updated_at", 1768480200),
        ("tags", [1]),
        ("tags", 0),
        ("tags", ["x" * 101]),
        ("external_id", "x" * 256),
        ("external_id", True),
        ("external_id", "1.23E+15"),
        ("metadata", "x"),
        ("metadata", []),
    ],
)
def test_an_api_deal_is_refused_by_field(field: str, value: Any) -> None:
    problems = read("api", {"name": "Deal", field: value})
    assert isinstance(problems, list)
    assert {problem.field for problem in problems} == {field}


def test_a_form_names_its_deal_by_who_and_what() -> None:
    names = [
        ({"company": "Acme", "product_interest": "CRM"}, "Acme – CRM"),
        ({"company": "Acme"}, "Acme – Web enquiry"),
        ({"first_name": "Jane", "last_name": "Doe"}, "Jane Doe – Web enquiry"),
        ({}, "j@a.example – Web enquiry"),
        ({"company": "A" * 200, "product_interest": "CRM"}, "A" * 200),
    ]
    for sent, name in names:
        draft = taken("web_form", {"email": "j@a.example", **sent}).draft
        assert draft is not None
        assert draft.name == name


def test_a_form_is_worth_what_its_table_says() -> None:
    sent = {"email": "j@a.example", "company_size": 60}
    usual, own = taken("web_form", sent, base="JPY"), taken("web_form", sent, company_size_values={"1-100": 7})
    unknown = taken("web_form", {**sent, "company_size": "many"})
    for found, value_minor in ((usual, 50_000), (own, 700), (unknown, None)):
        assert found.draft is not None
        assert (found.draft.value_minor, found.value_estimated) == (value_minor, value_minor is not None)
        assert "value_minor" not in found.draft.given
        assert found.lead is not None
        assert json.dumps(dict(found.lead.facts))


def test_a_forms_lead_knows_where_the_visit_came_from() -> None:
    found = taken("web_form", {"email": "j@a.example", "phone": "+1 555", "utm_source": "google", "referrer": "x"})
    assert found.lead is not None
    assert (found.lead.phone, found.lead.facts, found.metadata) == (
        "+1 555",
        {"utm_source": "google"},
        {"referrer": "x"},
    )


def test_a_mail_as_json_says_who_wrote_what_in_which_thread() -> None:
    found = taken(
        "email",
        {
            "sender": '"Lee, Dana" <dana@bigco.example>',
            "subject": "Re: Proposal",
            "content": "Fine, our budget is 20,000 EUR.\n\nOn Monday, Rep <rep@ourco.example> wrote:\n> It is $99,999",
            "message_id": "<a8@bigco>",
            "in_reply_to": "o2@ourco",
            "references": "<o1@ourco> <o2@ourco>",
            "date": "Thu, 15 Jan 2026 09:30:00 +0200",
            "campaign": 7,
        },
    )
    assert found.draft is not None
    assert found.lead is not None
    assert found.mail is not None
    assert (found.draft.name, found.draft.company, found.draft.contact_name) == ("Proposal", "Bigco", "Lee, Dana")
    assert (found.draft.value_minor, found.draft.currency, found.value_estimated) == (2_000_000, "EUR", False)
    assert {"value_minor", "currency", "external_id"} <= found.draft.given
    assert (found.draft.external_id, found.mail.message_id) == ("a8@bigco", "a8@bigco")
    assert found.mail.thread == ("o2@ourco", "o1@ourco")
    assert (found.lead.first_name, found.lead.last_name) == ("Dana", "Lee")
    assert found.metadata == {"campaign": 7, "sent_at": "2026-01-15T07:30:00+00:00"}
    assert found.found_in == {"company": "bigco.example", "value": "20,000 EUR"}


@pytest.mark.parametrize("sender", ["Jane", "jane@acme", "a@b.example, c@d.example", "Jane <jane@acme>", 5])
def test_a_mail_as_json_needs_one_sender(sender: Any) -> None:
    problems = read("email", {"sender": sender, "subject": "x"})
    assert isinstance(problems, list)
    assert [problem.field for problem in problems] == ["sender"]


def test_a_mail_without_an_amount_is_worth_the_default_in_any_currency() -> None:
    for base, value_minor in (("USD", 1_500_000), ("JPY", 15_000), ("KWD", 15_000_000)):
        draft = taken("email", {"sender": "a@gmail.com", "subject": "Re:"}, base=base).draft
        assert draft is not None
        assert (draft.name, draft.company, draft.value_minor) == ("E-mail from a@gmail.com", None, value_minor)
