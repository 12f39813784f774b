"""What a person filled in: whether it is what the form asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from deals_app.domain.email_address import is_email_address
from deals_app.domain.errors import FieldProblem
from deals_app.domain.forms import FormField, FormView
from deals_app.domain.lengths import LONGEST_EMAIL_ADDRESS, LONGEST_NAME, LONGEST_NOTE
from deals_app.domain.matching import is_blank

CONSENT: Final = "consent"
_LONGEST: Final = {"message": LONGEST_NOTE, "email": LONGEST_EMAIL_ADDRESS}


def longest(name: str) -> int:
    """How many characters a field takes."""
    return _LONGEST.get(name, LONGEST_NAME)


def answers_to(form: FormView, sent: Mapping[str, str]) -> dict[str, str]:
    """What was filled in of the fields that the form shows, trimmed; what no text can hold is left out."""
    said = {field.name: sent.get(field.name, "").replace("\x00", "").strip() for field in form.fields}
    return {name: text for name, text in said.items() if not is_blank(text)}


def answer_problems(form: FormView, answers: Mapping[str, str], *, has_consented: bool) -> list[FieldProblem]:
    """All that is wrong, each under its field's name, in the words of people."""
    problems = [problem for field in form.fields if (problem := _problem(form, field, answers.get(field.name, "")))]
    if form.consent and not has_consented:
        problems.append(FieldProblem(CONSENT, "Please tick this box: without it we may not keep what you send."))
    return problems


def _problem(form: FormView, field: FormField, text: str) -> FieldProblem | None:
    if not text:
        return FieldProblem(field.name, "Please fill this in.") if field.is_required else None
    if len(text) > longest(field.name):
        message = f"This has {len(text)} characters; at most {longest(field.name)} are possible."
        return FieldProblem(field.name, message)
    if field.name == "email" and not is_email_address(text):
        return FieldProblem(field.name, "This is not an e-mail address. It should look like jane@company.com.")
    offered = {"product_interest": form.products, "company_size": form.sizes}.get(field.name)
    if offered and text not in offered:
        return FieldProblem(field.name, "Please choose one of the list.")
    return None
