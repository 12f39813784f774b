"""The fields of a JSON object, each read as what it is to be; all that is wrong is collected, under the caller's names.

What a row of a table says is row_drafts.py. The object has been read strictly: fractions are Decimal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, Final, TypeVar, cast

from deals_app.domain.dates import FIRST_YEAR, LAST_YEAR, parse_date
from deals_app.domain.drafts import NAME_MAX_CHARACTERS, DealDraft
from deals_app.domain.errors import FieldProblem
from deals_app.domain.inbound import LeadDraft, SourceField
from deals_app.domain.lengths import LONGEST_NAME, LONGEST_NOTE, LONGEST_TAG
from deals_app.domain.matching import is_blank
from deals_app.domain.money import MoneyError, parse_currency, parse_money, to_minor
from deals_app.domain.person_names import split_name
from deals_app.domain.probability import CERTAIN, parse_probability
from deals_app.integrations.cell_values import agreed_currency, email_address, external_id

Parsed = TypeVar("Parsed")

_PLAIN_NUMBER: Final = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?")
_YEAR_FIRST: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?!\S{30})")
_LONGEST_MOMENT: Final = 40
_DECIMALS: Final = 2
_SHOWN: Final = 40
_PLAIN_INTEGERS: Final = 10**30

# The fields of a deal that a person types or a system sends, and what they become in a DealDraft.
DEAL_FIELDS: Final[Mapping[str, str]] = {
    "name": "name",
    "company": "company",
    "value": "value_minor",
    "currency": "currency",
    "stage": "stage_text",
    "probability": "probability",
    "expected_close_date": "expected_close_on",
    "contact_email": "contact_email",
    "contact_name": "contact_name",
    "description": "description",
}

DEAL_SOURCE_FIELDS: Final = (
    SourceField(
        name="name",
        says="What the deal is called, at most 200 characters",
        example="Enterprise License",
        is_required=True,
    ),
    SourceField(name="company", says="The company it is with", example="Acme Corporation"),
    SourceField(
        name="value", says="What it is worth, in whole units of its currency (not in cents)", example="120000.50"
    ),
    SourceField(name="currency", says="ISO 4217 code; your base currency when left out", example="USD"),
    SourceField(
        name="stage", says="Key or name of a stage; the first one when left out", example="proposal", looks="stage"
    ),
    SourceField(name="probability", says="Chance of winning in percent, 0 to 100", example="60"),
    SourceField(name="expected_close_date", says="Day on which it may be won", example="2026-06-01", looks="date"),
    SourceField(name="contact_email", says="E-mail address of the person", example="ceo@acme.example", looks="email"),
    SourceField(name="contact_name", says="Name of the person", example="John Smith"),
    SourceField(name="description", says="Notes", example="Enterprise license for 500 users", looks="lines"),
)


class ReadObject:
    """One JSON object being read. `problems` holds what was wrong with the fields asked for so far."""

    def __init__(self, payload: Mapping[str, Any], fields: Sequence[SourceField]) -> None:
        self.payload = payload
        self.problems: list[FieldProblem] = []
        self._fields = {field.name for field in fields}
        self._required = {field.name for field in fields if field.is_required}

    def refuse(self, name: str, message: str) -> None:
        """Note a problem of one field."""
        self.problems.append(FieldProblem(name, message))

    def unknown(self) -> dict[str, Any]:
        """What was sent beside the source's fields: nobody's mistake, kept with the deal."""
        return {name: value for name, value in self.payload.items() if name not in self._fields}

    def text(self, name: str, *, longest: int = LONGEST_NAME, numbers: bool = False) -> str | None:
        """A text trimmed; None when it is absent, null or blank. `numbers` takes whole numbers for texts (ids)."""
        value = self.payload.get(name)
        if numbers and isinstance(value, int) and not isinstance(value, bool):
            value = _shown(value)
        if value is not None and not isinstance(value, str):
            self.refuse(name, f"{_shown(value)} is not a text; send it in quotes")
            return None
        text = (value or "").strip()
        if is_blank(text):
            if name in self._required:
                self.refuse(name, "is required")
            return None
        if len(text) > longest:
            self.refuse(name, f"“{text[:_SHOWN]}…” has {len(text)} characters; at most {longest} are allowed")
            return None
        return text

    def parsed(self, name: str, parse: Callable[[str], Parsed], *, longest: int = LONGEST_NOTE) -> Parsed | None:
        """A text read by a function that raises ValueError with a sentence."""
        text = self.text(name, longest=longest)
        if text is None:
            return None
        try:
            return parse(text)
        except ValueError as error:
            self.refuse(name, str(error))
            return None

    def email(self, name: str) -> str | None:
        """An e-mail address, as sent."""
        return self.parsed(name, email_address)

    def date(self, name: str) -> date | None:
        """A date as ISO 8601 writes it; the time of day and the zone are dropped."""
        return self.parsed(name, _iso_date)

    def moment(self, name: str) -> datetime | None:
        """A time with its zone, in UTC."""
        return self.parsed(name, _rfc3339)

    def external_id(self, name: str) -> str | None:
        """An id of the other system; whole numbers are taken too."""
        text = self.text(name, longest=LONGEST_NOTE, numbers=True)
        if text is None:
            return None
        try:
            return external_id(text)
        except ValueError as error:
            self.refuse(name, str(error))
            return None

    def money(self, value: str, currency: str, base_currency: str) -> tuple[int | None, str | None]:
        """Minor units, and the currency that was named, if any; more decimals than it has are a problem."""
        stated = self.parsed(currency, partial(parse_currency, base_currency=base_currency))
        sent = self.payload.get(value)
        if sent is None or (isinstance(sent, str) and is_blank(sent)):
            return None, stated
        try:
            amount, named = _amount(sent, stated, base_currency)
            if amount.is_finite() and amount < 0:
                self.refuse(value, f"{_shown(sent)} is negative; a value is 0 or more")
                return None, named
            return to_minor(amount, named or base_currency), named
        except MoneyError as error:
            self.refuse(value, str(error))
            return None, stated

    def probability(self, name: str) -> Decimal | None:
        """A number from 0 to 100 at its word; a text as people write it (`60%`)."""
        sent = self.payload.get(name)
        if not _is_number(sent):
            if sent is not None and not isinstance(sent, str):
                self.refuse(name, f"{_shown(sent)} is not a probability; send a number from 0 to 100")
                return None
            return self.parsed(name, parse_probability)
        number = Decimal(cast("int | Decimal", sent))
        if not number.is_finite() or not 0 <= number <= CERTAIN:
            self.refuse(name, f"{_shown(sent)} is not a probability; it is between 0 and 100")
        elif number != round(number, _DECIMALS):
            self.refuse(name, f"{_shown(sent)} has more than {_DECIMALS} decimals; round it")
        else:
            return number
        return None

    def tags(self, name: str) -> tuple[str, ...]:
        """A list of texts, or one text with commas; each once."""
        sent = self.payload.get(name)
        if sent is None:
            return ()
        parts = cast("list[Any]", sent) if isinstance(sent, list) else str(sent).split(",")
        if not isinstance(sent, list | str) or not all(isinstance(part, str) for part in parts):
            self.refuse(name, 'must be a list of texts, such as ["new", "europe"]')
            return ()
        tags = [part.strip() for part in parts]
        for tag in tags:
            if len(tag) > LONGEST_TAG:
                self.refuse(name, f"“{tag[:_SHOWN]}…” has {len(tag)} characters; a tag has at most {LONGEST_TAG}")
        return tuple(dict.fromkeys(tag for tag in tags if not is_blank(tag)))

    def object(self, name: str) -> dict[str, Any]:
        """A JSON object, whole."""
        sent = self.payload.get(name)
        if sent is None:
            return {}
        if not isinstance(sent, Mapping):
            self.refuse(name, f"{_shown(sent)} is not an object; send it in curly braces")
            return {}
        return dict(cast("Mapping[str, Any]", sent))


def deal_of(read: ReadObject, base_currency: str) -> DealDraft:
    """The deal in an object of `DEAL_FIELDS`; what is wrong is in `read.problems` afterwards.

    `given` is what the object names, null included, and the currency where the value carried its sign.
    """
    name = read.text("name", longest=NAME_MAX_CHARACTERS)
    company = read.text("company")
    value_minor, currency = read.money("value", "currency", base_currency)
    given = {field for key, field in DEAL_FIELDS.items() if key in read.payload}
    return DealDraft(
        name=name or "",
        company=company,
        value_minor=value_minor,
        currency=currency,
        stage_text=read.text("stage"),
        probability=read.probability("probability"),
        expected_close_on=read.date("expected_close_date"),
        contact_email=read.email("contact_email"),
        contact_name=read.text("contact_name"),
        description=read.text("description", longest=LONGEST_NOTE),
        given=frozenset(given | ({"currency"} if currency else set())),
    )


def lead_of(draft: DealDraft) -> LeadDraft | None:
    """The person a deal names; None without an e-mail address, by which people are known."""
    if draft.contact_email is None:
        return None
    first, last = split_name(draft.contact_name)
    return LeadDraft(email=draft.contact_email, first_name=first, last_name=last, company=draft.company)


def _is_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _amount(sent: object, stated: str | None, base_currency: str) -> tuple[Decimal, str | None]:
    """Major units and the currency; raises MoneyError for what is neither a number nor an amount as people write it."""
    if _is_number(sent):
        return Decimal(cast("int | Decimal", sent)), stated
    if not isinstance(sent, str):
        message = f"{_shown(sent)} is not an amount; send a number such as 120000.50"
        raise MoneyError(message)
    text = sent.strip()
    if _PLAIN_NUMBER.fullmatch(text):
        return Decimal(text), stated
    money = parse_money(text, base_currency=stated or base_currency)
    if money.ambiguous:
        message = f"“{text}” may mean a thousand times as much; send a number such as 120000.50"
        raise MoneyError(message)
    return money.amount, agreed_currency(text, money, stated)


def _iso_date(text: str) -> date:
    if not _YEAR_FIRST.match(text):
        message = f"“{text[:_SHOWN]}” is not a date; write it like 2026-06-01"
        raise ValueError(message)
    return parse_date(text, order="ymd")


def _rfc3339(text: str) -> datetime:
    """Raises ValueError for what is no time, has no zone, or lies outside the years we know."""
    try:
        moment = datetime.fromisoformat(text[:_LONGEST_MOMENT])
        if moment.tzinfo is not None and FIRST_YEAR <= moment.year <= LAST_YEAR:
            return moment.astimezone(UTC)
    except ValueError:
        pass
    message = f"“{text[:_SHOWN]}” is not a time with its zone; write it like 2026-06-01T12:30:00Z"
    raise ValueError(message)


def _shown(value: object) -> str:
    """As the caller wrote it, roughly, and never long."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Mapping | list | tuple):
        return "an object" if isinstance(value, Mapping) else "a list"
    if isinstance(value, int) and abs(value) >= _PLAIN_INTEGERS:
        return "a number that long"
    text = str(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
