"""A lead's score is made of named factors that people can check."""

from __future__ import annotations

import pytest

from deals_app.domain.inbound import LeadDraft
from deals_app.domain.qualification import MOST, qualify

BEST = LeadDraft(
    email="jane@globex.example",
    first_name="Jane",
    company="Globex Inc.",
    phone="+1 555 010 9999",
    message="We need an offer for an enterprise licence before our contract ends. " * 3,
    facts={"company_size": "1000+", "product_interest": "Enterprise"},
)


def points(lead: LeadDraft, **more: bool) -> dict[str, int]:
    return {factor.name: factor.points for factor in qualify(lead, **more).factors}


def test_the_best_has_all_the_points_and_nobody_none() -> None:
    assert points(BEST) == MOST
    assert sum(MOST.values()) == qualify(BEST).score == 100
    assert qualify(LeadDraft(email="x@mailinator.com"), is_disposable=True).score == 0


@pytest.mark.parametrize(
    ("size", "expected"),
    [("1-10", 6), ("11-50", 12), ("51-200", 20), ("201-500", 27), ("501-1000", 32), ("1000+", 35), ("many", 0)],
)
def test_a_larger_company_counts_more(size: str, expected: int) -> None:
    assert points(LeadDraft(facts={"company_size": size}))["company_size"] == expected


@pytest.mark.parametrize(
    ("email", "company", "expected"),
    [
        ("jane@gmail.com", "Globex", 5),
        ("jane@globex.example", None, 15),
        ("jane@globex.example", "Globex GmbH", 20),
        ("jane@big-corp.example", "Big Corp", 20),
        (None, "Globex", 5),
    ],
)
def test_whose_address_it_is_counts(email: str | None, company: str | None, expected: int) -> None:
    assert points(LeadDraft(email=email, company=company))["address"] == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [("", 0), ("Hello", 0), ("Hello there, how are you all?", 5), ("A quote", 10), ("A demo and a quote", 15)],
)
def test_what_is_wanted_counts(message: str, expected: int) -> None:
    assert points(LeadDraft(message=message))["message"] == expected


def test_the_summary_begins_with_what_counts_most() -> None:
    lines = qualify(BEST).summary.splitlines()
    assert lines[0] == "A company of 1000+ people (+35)"
    assert len(lines) == len(MOST)
    assert "Speaks of offer, enterprise, licence (+25)" in lines


@pytest.mark.parametrize("text", ["\u202e", "a" * 100_000, "<b>", "\U0001f469\u200d\U0001f469", "' OR 1=1"])
def test_strange_words_are_no_trouble(text: str) -> None:
    lead = LeadDraft(
        email=f"{text}@x", company=text, message=text, facts={"company_size": text, "product_interest": text}
    )
    assert 0 <= qualify(lead).score <= 100
