"""What somebody sent through a form on a web site. Whether it is spam is domain/spam.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from deals_app.domain.company_sizes import estimated_value
from deals_app.domain.drafts import NAME_MAX_CHARACTERS, DealDraft
from deals_app.domain.errors import FieldProblem
from deals_app.domain.inbound import LeadDraft, SourceField, Surroundings, Understood
from deals_app.domain.lengths import LONGEST_NOTE
from deals_app.domain.money import MoneyError, round_to_minor
from deals_app.integrations.object_drafts import ReadObject

key: Final = "web_form"
label: Final = "Web form"
says: Final = "A contact or demo form on your site; the value is estimated from the size of the company."
kind: Final = "form"
path: Final = "/web-form"

_UTM: Final = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")

FIELDS: Final = (
    SourceField(
        name="email",
        says="E-mail address of who asks",
        example="jane@company.example",
        is_required=True,
        looks="email",
    ),
    SourceField(name="first_name", says="First name", example="Jane"),
    SourceField(name="last_name", says="Last name", example="Doe"),
    SourceField(name="company", says="Their company", example="Company Inc"),
    SourceField(name="phone", says="Their telephone number", example="+1 555 010 9999"),
    SourceField(name="message", says="What they ask", example="Interested in enterprise plan", looks="lines"),
    SourceField(name="product_interest", says="What they are interested in", example="Enterprise License"),
    SourceField(name="company_size", says="How many people the company has", example="51-200"),
    *(SourceField(name=name, says="Where the visit came from", example="spring-sale") for name in _UTM),
    SourceField(name="referrer", says="The page that led to the form", example="https://news.example/article"),
    SourceField(name="form_key", says="Which form it is; needed without an API key"),
)

_ENQUIRY: Final = "Web enquiry"

# The sample of deal-ingestion.txt.
EXAMPLE: Final[tuple[Mapping[str, Any], Understood]] = (
    {
        "first_name": "Jane",
        "last_name": "Doe",
        "email": "jane@company.com",
        "company": "Company Inc",
        "message": "Interested in enterprise plan",
        "product_interest": "Enterprise License",
        "company_size": "51-200",
    },
    Understood(
        system="web_form",
        draft=DealDraft(
            name="Company Inc – Enterprise License",
            company="Company Inc",
            value_minor=5_000_000,
            contact_email="jane@company.com",
            contact_name="Jane Doe",
            description="Interested in enterprise plan",
            source="inbound",
            given=frozenset({"name", "company", "contact_email", "contact_name", "description"}),
        ),
        lead=LeadDraft(
            email="jane@company.com",
            first_name="Jane",
            last_name="Doe",
            company="Company Inc",
            message="Interested in enterprise plan",
            facts={"product_interest": "Enterprise License", "company_size": "51-200"},
        ),
        value_estimated=True,
        found_in={"name": "Enterprise License", "value": "51-200"},
    ),
)


def normalise(payload: Mapping[str, Any], surroundings: Surroundings) -> Understood | list[FieldProblem]:
    """A deal named after company and interest with the person behind it, or all that is wrong with it.

    The estimated value is not in `given`: it never takes the place of a known one.
    """
    read = ReadObject(payload, FIELDS)
    lead = _lead(read)
    read.text("form_key")
    if read.problems:
        return read.problems
    size, interest = lead.facts.get("company_size"), lead.facts.get("product_interest")
    value_minor = _estimate(size, surroundings)
    settings = surroundings.settings
    said = {"company": lead.company, "contact_name": lead.name, "description": lead.message}
    draft = DealDraft(
        name=_name(lead.company or lead.name or lead.email or "", interest or _ENQUIRY),
        company=lead.company,
        value_minor=value_minor,
        contact_email=lead.email,
        contact_name=lead.name or None,
        description=lead.message,
        source="inbound",
        # Where a new deal starts; one that is known stays where it is.
        pipeline_text=settings.get("pipeline"),
        stage_text=settings.get("stage"),
        owner_text=settings.get("owner"),
        given=frozenset({"name", "contact_email", *(field for field, text in said.items() if text)}),
    )
    found = {"name": interest, "value": size if value_minor is not None else None}
    return Understood(
        draft=draft,
        system=key,
        lead=lead,
        value_estimated=value_minor is not None,
        metadata=read.unknown(),
        found_in={fact: words for fact, words in found.items() if words},
    )


def _lead(read: ReadObject) -> LeadDraft:
    facts = {
        "product_interest": read.text("product_interest"),
        "company_size": read.text("company_size", numbers=True),
        **{name: read.text(name) for name in _UTM},
        "referrer": read.text("referrer", longest=LONGEST_NOTE),
    }
    return LeadDraft(
        email=read.email("email"),
        first_name=read.text("first_name"),
        last_name=read.text("last_name"),
        company=read.text("company"),
        phone=read.text("phone"),
        message=read.text("message", longest=LONGEST_NOTE),
        facts={name: text for name, text in facts.items() if text},
    )


def _name(who: str, what: str) -> str:
    """`Company Inc – Enterprise License`: who comes first, as boards and lists cut long names at their end."""
    return f"{who} – {what}"[:NAME_MAX_CHARACTERS].strip()


def _estimate(size: str | None, surroundings: Surroundings) -> int | None:
    value = estimated_value(size, surroundings.settings.get("company_size_values")) if size else None
    try:
        return None if value is None else round_to_minor(value, surroundings.base_currency)
    except MoneyError:
        return None
