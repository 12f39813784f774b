"""How promising a lead is, from 0 to 100: named factors, each with its points and a reason that people can check."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from deals_app.domain.company_sizes import company_size
from deals_app.domain.inbound import LeadDraft
from deals_app.domain.letters import plain_letters
from deals_app.domain.mail_domains import domain_of, is_free_mail
from deals_app.domain.matching import match_key

# The most points each factor gives; together 100.
MOST: Final = {"company_size": 35, "address": 20, "message": 25, "product_interest": 10, "contact": 10}

# From this many people on: this many points.
_SIZES: Final = ((1001, 35), (501, 32), (201, 27), (51, 20), (11, 12), (1, 6))
_INTENT: Final = re.compile(
    r"\b(?:pricing|prices?|quote|offer|demo|trial|buy|purchase|order|licen[cs]es?|contract|budget|roll[ -]?out"
    r"|deploy\w*|enterprise|migrat\w+|switch(?:ing)? from|replac\w+|urgent\w*|asap|deadline|this (?:week|month|quarter)"
    r"|angebot|preise?|kaufen|lizenz\w*|devis|tarifs?|acheter|precios?|comprar|preventivo|offerta)\b",
    re.IGNORECASE,
)
_LONG_MESSAGE: Final = 120
_SOME_MESSAGE: Final = 25
_ENOUGH_WORDS: Final = 2
_SHOWN: Final = 3


@dataclass(frozen=True)
class QualificationFactor:
    """One thing that speaks for a lead, or does not: its stable name, its points, and why."""

    name: str
    points: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Qualification:
    """The score and what it is made of, in the order of MOST."""

    factors: tuple[QualificationFactor, ...]

    @property
    def score(self) -> int:
        """0 to 100."""
        return min(100, sum(factor.points for factor in self.factors))

    @property
    def summary(self) -> str:
        """A line for each factor, the ones that count most first."""
        ordered = sorted(self.factors, key=lambda factor: -factor.points)
        return "\n".join(f"{factor.reason} (+{factor.points})" for factor in ordered)


def qualify(lead: LeadDraft, *, is_disposable: bool = False) -> Qualification:
    """The factors of a lead; `is_disposable`: the address is one that somebody has for ten minutes."""
    return Qualification(
        factors=(
            _company_size(lead),
            _address(lead, is_disposable=is_disposable),
            _message(lead.message or ""),
            _interest(lead.facts.get("product_interest")),
            _contact(lead),
        )
    )


def _company_size(lead: LeadDraft) -> QualificationFactor:
    said = lead.facts.get("company_size")
    band = company_size(said) if said else None
    if band is None:
        return QualificationFactor("company_size", 0, "How large the company is, is not known")
    fewest, most = band
    # "under 50" speaks of its upper end.
    people = most if fewest == 1 and most is not None else fewest
    points = next((points for least, points in _SIZES if people >= least), 0)
    return QualificationFactor("company_size", points, f"A company of {said} people")


def _address(lead: LeadDraft, *, is_disposable: bool) -> QualificationFactor:
    domain = domain_of(lead.email or "")
    if is_disposable:
        return QualificationFactor("address", 0, f"An address at {domain}, which is given up after minutes")
    if not domain or is_free_mail(domain):
        return QualificationFactor("address", 5, f"A private address at {domain}" if domain else "No address")
    company = match_key(lead.company or "").replace(" ", "")
    if company and company in plain_letters(domain).replace("-", ""):
        return QualificationFactor("address", 20, f"An address of the company itself, {domain}")
    return QualificationFactor("address", 15, f"A business address, {domain}")


def _message(message: str) -> QualificationFactor:
    words = list(dict.fromkeys(word.lower() for word in _INTENT.findall(message[:20_000])))
    length = len(message.strip())
    points = 10 if length >= _LONG_MESSAGE else 5 if length >= _SOME_MESSAGE else 0
    points += 15 if len(words) >= _ENOUGH_WORDS else 10 if words else 0
    if words:
        return QualificationFactor("message", points, f"Speaks of {', '.join(words[:_SHOWN])}")
    return QualificationFactor(
        "message", points, "Says what is wanted" if points else "Says little about what is wanted"
    )


def _interest(product: str | None) -> QualificationFactor:
    if not product:
        return QualificationFactor("product_interest", 0, "Names no product")
    return QualificationFactor("product_interest", MOST["product_interest"], f"Asks for {product}")


def _contact(lead: LeadDraft) -> QualificationFactor:
    known = [word for word, said in (("name", lead.name), ("telephone number", lead.phone)) if said]
    reason = f"Left a {' and a '.join(known)}" if known else "Left neither name nor telephone number"
    return QualificationFactor("contact", 5 * len(known), reason)
