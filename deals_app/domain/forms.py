"""What a public form may be: its fields, what it offers, who may show it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final, cast
from urllib.parse import urlsplit
from uuid import UUID

from deals_app.domain.company_sizes import DEFAULT_VALUES, company_size
from deals_app.domain.errors import FieldProblem
from deals_app.domain.lengths import LONGEST_NAME
from deals_app.domain.matching import is_blank

LONGEST_TEXT: Final = 2_000
LONGEST_LABEL: Final = 100
MOST_ENTRIES: Final = 50
# Twelve digits of major units: more than any deal, and far within a 64-bit number of minor units.
HIGHEST_VALUE: Final = Decimal(10) ** 12
MOST_DECIMALS: Final = 4

# The fields there are, in the order in which a page shows them, with what they are called unless somebody says more.
STANDARD_FIELDS: Final[Mapping[str, str]] = {
    "first_name": "First name",
    "last_name": "Last name",
    "email": "Work e-mail",
    "company": "Company",
    "phone": "Phone",
    "company_size": "Company size",
    "product_interest": "What are you interested in?",
    "message": "How can we help?",
}
ALWAYS_ASKED: Final = "email"
THANKS: Final = "Thank you. We will be in touch soon."

_HOST: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True, kw_only=True)
class FormField:
    """A field that a form shows."""

    name: str
    label: str
    is_required: bool = False


@dataclass(frozen=True, kw_only=True)
class FormView:
    """A form as its page needs it; `company_size_values` are major units of the base currency as texts."""

    id: UUID
    form_key: str
    name: str
    title: str
    intro: str
    fields: tuple[FormField, ...]
    products: tuple[str, ...]
    company_size_values: Mapping[str, str]
    thank_you: str
    consent: str
    allowed_origins: tuple[str, ...]
    version: int

    @property
    def heading(self) -> str:
        """What its page is called."""
        return self.title or self.name

    @property
    def sizes(self) -> tuple[str, ...]:
        """The company sizes to choose from, smallest first."""
        table = self.company_size_values or dict.fromkeys(DEFAULT_VALUES, "")
        return tuple(sorted(table, key=lambda size: company_size(size) or (0, None)))


@dataclass(frozen=True, kw_only=True)
class FormInFull(FormView):
    """A form as those who edit it see it."""

    pipeline_id: UUID | None
    stage_id: UUID | None
    owner_id: UUID | None
    is_active: bool


# What is shown unless somebody says otherwise; a phone and products only where they are wanted.
DEFAULT_FIELDS: Final = tuple(
    FormField(name=name, label=label, is_required=name == ALWAYS_ASKED)
    for name, label in STANDARD_FIELDS.items()
    if name not in {"phone", "product_interest"}
)


def checked(facts: Mapping[str, Any]) -> tuple[dict[str, Any], list[FieldProblem]]:
    """The facts of a form as they are kept, and all that is wrong with them; ids are for whoever knows the tenant."""
    values, problems = dict(facts), list[FieldProblem]()
    for name in CHECKS.keys() & facts.keys():
        try:
            values[name] = CHECKS[name](facts[name])
        except ValueError as error:
            problems.append(FieldProblem(name, str(error)))
    return values, sorted(problems, key=lambda problem: problem.field)


def origin_of(text: str) -> str:
    """`https://www.acme.example` of an address, as browsers send it; raises ValueError saying what would be right."""
    message = f"“{text[:80]}” is not the address of a site; write it like https://www.acme.example"
    try:
        parts = urlsplit(text.strip().lower())
        port = parts.port
        # As browsers send it: `müller.example` in its ASCII form.
        host = (parts.hostname or "").encode("idna").decode("ascii")
    except ValueError:
        raise ValueError(message) from None
    is_bare = parts.path in {"", "/"} and not (parts.query or parts.fragment or parts.username or parts.password)
    if parts.scheme not in {"https", "http"} or not _HOST.fullmatch(host) or not is_bare:
        raise ValueError(message)
    usual = {"https": 443, "http": 80}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port not in {None, usual} else "")


def _name(given: object) -> str:
    text = str(given).strip()
    if is_blank(text) or len(text) > LONGEST_NAME:
        message = f"must have 1 to {LONGEST_NAME} characters"
        raise ValueError(message)
    return text


def _text(given: object) -> str:
    text = str(given or "").strip()
    if len(text) > LONGEST_TEXT:
        message = f"has {len(text)} characters; at most {LONGEST_TEXT} are allowed"
        raise ValueError(message)
    return text


def _fields(given: object) -> list[dict[str, Any]]:
    """Those that are shown, in the standard order; e-mail always is, and must be filled in."""
    chosen: dict[str, FormField] = {}
    for each in cast("Sequence[FormField]", given):
        if each.name not in STANDARD_FIELDS:
            message = f"{each.name!r} is no field; there are {', '.join(STANDARD_FIELDS)}"
            raise ValueError(message)
        if len(each.label.strip()) > LONGEST_LABEL:
            message = f"the label of {each.name} may have {LONGEST_LABEL} characters"
            raise ValueError(message)
        chosen[each.name] = each
    chosen.setdefault(ALWAYS_ASKED, FormField(name=ALWAYS_ASKED, label=""))
    return [
        {
            "name": name,
            "label": chosen[name].label.strip() or label,
            "is_required": chosen[name].is_required or name == ALWAYS_ASKED,
        }
        for name, label in STANDARD_FIELDS.items()
        if name in chosen
    ]


def _products(given: object) -> list[str]:
    names = dict.fromkeys(text.strip() for text in cast("Sequence[str]", given) if not is_blank(text))
    if len(names) > MOST_ENTRIES or any(len(name) > LONGEST_NAME for name in names):
        message = f"may be {MOST_ENTRIES} at most, each of {LONGEST_NAME} characters"
        raise ValueError(message)
    return list(names)


def _sizes(given: object) -> dict[str, str]:
    """`{"51-200": "50000"}`: sizes that can be read, each with an amount in major units."""
    table: dict[str, str] = {}
    for size, amount in cast("Mapping[str, Any]", given).items():
        if is_blank(size):
            continue
        if company_size(size) is None:
            message = f"“{size[:40]}” is not a company size; write it like 51-200 or 1000+"
            raise ValueError(message)
        table[size.strip()] = _amount(size, amount)
    if len(table) > MOST_ENTRIES:
        message = f"may have {MOST_ENTRIES} rows at most"
        raise ValueError(message)
    return table


def _amount(size: str, given: object) -> str:
    try:
        amount = Decimal(str(given).strip().replace(",", ""))
    except InvalidOperation:
        amount = Decimal("NaN")
    # Its text is kept: a number with a million decimals is none.
    is_written_out = amount.is_finite() and cast("int", amount.as_tuple().exponent) >= -MOST_DECIMALS
    if not is_written_out or not 0 <= amount < HIGHEST_VALUE:
        message = f"“{str(given)[:40]}” is not a value for {size.strip()[:40]}; write a number such as 50000"
        raise ValueError(message)
    return f"{amount:f}"


def _origins(given: object) -> list[str]:
    found = dict.fromkeys(origin_of(text) for text in cast("Sequence[str]", given) if not is_blank(text))
    if len(found) > MOST_ENTRIES:
        message = f"may be {MOST_ENTRIES} at most"
        raise ValueError(message)
    return list(found)


CHECKS: Final[Mapping[str, Callable[[object], Any]]] = {
    "name": _name,
    "title": _text,
    "intro": _text,
    "fields": _fields,
    "products": _products,
    "company_size_values": _sizes,
    "thank_you": _text,
    "consent": _text,
    "allowed_origins": _origins,
}
