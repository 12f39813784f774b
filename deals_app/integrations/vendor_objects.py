"""A vendor's object as a deal draft: its fields by the vendor's names, what they mean, and what the connection says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any, Final, TypeVar, cast

from deals_app.domain.dates import parse_date
from deals_app.domain.drafts import NAME_MAX_CHARACTERS, DealDraft
from deals_app.domain.errors import FieldProblem
from deals_app.domain.inbound import LeadDraft, Surroundings
from deals_app.domain.lengths import LONGEST_NAME, LONGEST_TAG
from deals_app.domain.matching import is_blank
from deals_app.domain.money import MoneyError, parse_currency, parse_money
from deals_app.domain.stages import KNOWN_ALIASES, stage_fold
from deals_app.integrations.cell_values import (
    agreed_currency,
    email_address,
    external_id,
    known_source,
    minor_units,
    plain_minor_units,
)
from deals_app.integrations.csv_columns import BY_KEY, CUSTOM, IGNORE, kept_as

_MILLISECONDS: Final = re.compile(r"[0-9]{12,13}")
_TWO_DECIMALS: Final = Decimal("0.01")
_CERTAIN: Final = Decimal(100)
_NEITHER: Final = "must be a text or a number"
_CLOSE_DATES: Final = ("expected_close_date", "close_date")

Parsed = TypeVar("Parsed")


class VendorObject:
    """The fields of one object, sorted by what they mean; collects all that is wrong with them.

    `meanings` says which of the vendor's fields is which of `csv_columns.FIELDS`; where two mean the same, the first
    that says something is taken. The connection's own mapping (`settings["fields"]`, with the same words as an
    import's) goes before it. What neither knows is a custom field, unless `is_bookkeeping` says that it is the
    vendor's own affair.
    """

    def __init__(
        self,
        values: Mapping[str, Any],
        meanings: Mapping[str, str],
        surroundings: Surroundings,
        is_bookkeeping: Callable[[str], bool],
    ) -> None:
        self._base = surroundings.base_currency
        self._settings = surroundings.settings
        self._chosen = self.mapping("fields")
        # Until a field says something: what to call the one that is missing.
        self._names = {target: name for name, target in reversed([*self._chosen.items(), *meanings.items()])}
        self._refused: set[str] = set()
        self._texts: dict[str, str | None] = {}
        self.custom: dict[str, str] = {}
        self.given: set[str] = set()
        self.problems: list[FieldProblem] = []
        known = [name for name in (*self._chosen, *meanings) if name in values]
        for name in dict.fromkeys([*known, *values]):
            target = self._chosen.get(name) or meanings.get(name) or (IGNORE if is_bookkeeping(name) else CUSTOM)
            self._put(name, target, values[name])

    def _put(self, name: str, target: str, value: object) -> None:
        if (kept := kept_as(name, target)) is not None:
            if text := _text_of(value):
                self.custom[kept] = text
            return
        if target not in BY_KEY or target == IGNORE or self._texts.get(target) is not None:
            return
        self._names[target] = name
        # A checkbox is a text only where the connection says so.
        if isinstance(value, Mapping | list) or (isinstance(value, bool) and name not in self._chosen):
            self.refuse(target, _NEITHER)
            return
        self._texts[target] = _text_of(value)
        self.given.update(BY_KEY[target].fills)

    def mapping(self, name: str) -> Mapping[str, str]:
        """What the connection says of `fields`, `stages`, `owners` or `pipelines`: the vendor's word -> ours."""
        found = self._settings.get(name)
        return cast("Mapping[str, str]", found) if isinstance(found, Mapping) else {}

    def refuse(self, target: str, message: str) -> None:
        """Something is wrong with the field that means `target`."""
        self._refused.add(target)
        self.problems.append(FieldProblem(self._names.get(target, target), message))

    def text(self, target: str) -> str | None:
        """What was sent, trimmed; None for nothing."""
        return self._texts.get(target)

    def translated(self, target: str, mapping: str) -> str | None:
        """The text in our words where the connection has one for it."""
        text = self.text(target)
        return self.mapping(mapping).get(text, text) if text else None

    def parsed(self, target: str, parse: Callable[[str], Parsed]) -> Parsed | None:
        """The text read by `parse`, whose ValueError becomes a problem."""
        text = self.text(target)
        if not text:
            return None
        try:
            return parse(text)
        except ValueError as error:
            self.refuse(target, str(error))
            return None

    def stage(self, outcome: str | None) -> str | None:
        """As the connection maps it, else as sent; a closed stage with a name of its own is its `outcome`, won or lost.

        What the vendor names otherwise is for services to find among the tenant's stages.
        """
        text = self.text("stage")
        mapped = self.mapping("stages").get(text or "")
        if mapped or outcome is None or (text and stage_fold(text) in KNOWN_ALIASES):
            return mapped or text
        self.given.add("stage_text")
        return outcome

    def changed_at(self, values: Mapping[str, Any], names: Sequence[str]) -> datetime | None:
        """The first of these fields that says when the object changed."""
        for name in names:
            if isinstance(values.get(name), Mapping | list | bool):
                self.problems.append(FieldProblem(name, _NEITHER))
                return None
            if text := _text_of(values.get(name)):
                try:
                    return moment(text)
                except ValueError as problem:
                    self.problems.append(FieldProblem(name, str(problem)))
                    return None
        return None

    def draft(self, *, name_if_gone: str | None, stage: str | None, owner: str | None, of_one: bool) -> DealDraft:
        """The draft of all fields; nothing of it counts when there are problems.

        `name_if_gone` is for an object that was deleted, of which a vendor tells no more than its id. `of_one`: 0.6
        is 60 %.
        """
        value_minor, currency = self._money()
        closed_on = self._date("actual_close_date") or self._date("close_date")
        return DealDraft(
            name=self._name(name_if_gone),
            company=self._company(),
            value_minor=value_minor,
            currency=currency,
            stage_text=stage,
            probability=self.parsed("probability", partial(_chance, of_one=of_one)),
            expected_close_on=next((found for each in _CLOSE_DATES if (found := self._date(each))), None),
            closed_on=closed_on,
            created_on=self._date("created_at"),
            owner_text=owner,
            contact_email=self.parsed("contact_email", email_address),
            contact_name=self.text("contact_name"),
            description=self.text("description"),
            source=self._source(),
            tags=self._tags(),
            external_id=self.parsed("external_id", external_id),
            pipeline_text=self.translated("pipeline", "pipelines"),
            loss_reason=self.text("loss_reason"),
            custom=self.custom,
            given=frozenset(self.given),
        )

    def _name(self, if_gone: str | None) -> str:
        name = self.text("name") or if_gone or ""
        if not name and "name" not in self._refused:
            self.refuse("name", "is required")
        elif len(name) > NAME_MAX_CHARACTERS:
            self.refuse("name", f"has {len(name)} characters; at most {NAME_MAX_CHARACTERS} are allowed")
        return name

    def _company(self) -> str | None:
        company = self.text("company")
        if company and len(company) > LONGEST_NAME:
            self.refuse("company", f"has {len(company)} characters; at most {LONGEST_NAME} are allowed")
        return company

    def _money(self) -> tuple[int | None, str | None]:
        stated = self.parsed("currency", partial(parse_currency, base_currency=self._base))
        text = self.text("value")
        if not text:
            return None, stated
        if (plain := plain_minor_units(text, stated or self._base)) is not None:
            return plain, stated
        try:
            money = parse_money(text, decimal_mark=".", base_currency=stated or self._base)
            currency = agreed_currency(text, money, stated)
            return minor_units(text, money, currency or self._base), currency
        except MoneyError as error:
            self.refuse("value", str(error))
            return None, stated

    def _date(self, target: str) -> date | None:
        """Each problem once, though a close date is asked for twice."""
        return None if target in self._refused else self.parsed(target, partial(parse_date, order="ymd"))

    def _source(self) -> str | None:
        text = self.text("source")
        source = known_source(text) if text else None
        if text and source != text:
            self.custom[self._names["source"]] = text
        if source is None:
            self.given.discard("source")
        return source

    def _tags(self) -> tuple[str, ...]:
        parts = [part.strip() for part in (self.text("tags") or "").replace(";", ",").split(",")]
        for part in parts:
            if len(part) > LONGEST_TAG:
                self.refuse("tags", f"“{part[:40]}…” has {len(part)} characters; a tag has at most {LONGEST_TAG}")
        return tuple(dict.fromkeys(part for part in parts if part))


def lead_of(draft: DealDraft) -> LeadDraft | None:
    """The person behind a deal, where the vendor's object names an address."""
    if draft.contact_email is None:
        return None
    first, _, last = (draft.contact_name or "").partition(" ")
    return LeadDraft(email=draft.contact_email, first_name=first or None, last_name=last or None, company=draft.company)


def moment(text: str) -> datetime:
    """A vendor's time, aware: ISO 8601 (UTC where it names no zone) or epoch milliseconds. Raises ValueError."""
    try:
        if _MILLISECONDS.fullmatch(text):
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        message = f"“{text[:60]}” is not a time; write it like 2026-06-01T12:00:00Z"
        raise ValueError(message) from None


def is_true(value: object) -> bool:
    """True of JSON, and what HubSpot's properties and SOAP write for it."""
    return value is True or (isinstance(value, str) and value.strip().lower() == "true")


def is_false(value: object) -> bool:
    """Said to be false, not merely silent."""
    return value is False or (isinstance(value, str) and value.strip().lower() == "false")


def _text_of(value: object) -> str | None:
    if isinstance(value, str):
        return value.strip() if not is_blank(value) else None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float | Decimal) else None


def _chance(text: str, *, of_one: bool) -> Decimal:
    """0 to 100. Vendors send floats (HubSpot's 0.4 has fifty decimals), so surplus decimals are rounded away."""
    try:
        number = Decimal(text.removesuffix("%").strip())
        number = number * 100 if of_one and number <= 1 else number
        if 0 <= number <= _CERTAIN:
            return number.quantize(_TWO_DECIMALS).normalize() + 0
    except InvalidOperation:
        pass
    message = f"“{text[:60]}” is not a probability; write a number from 0 to {1 if of_one else 100}"
    raise ValueError(message)
