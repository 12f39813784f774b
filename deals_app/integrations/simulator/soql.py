"""The little of SOQL that a sync needs: one object, comparisons joined by AND and OR, ORDER BY and LIMIT.

Anything else raises ValueError, as Salesforce answers MALFORMED_QUERY.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

_QUERY: Final = re.compile(
    r"SELECT\s+(?P<fields>[\w.,\s]+?)\s+FROM\s+(?P<object>\w+)(?:\s+WHERE\s+(?P<where>.+?))?"
    r"(?:\s+ORDER\s+BY\s+(?P<order>[\w\s,]+?))?(?:\s+LIMIT\s+(?P<limit>\d+))?\s*",
    re.IGNORECASE | re.DOTALL,
)
_WORD: Final = re.compile(r"\s*(\(|\)|,|AND\b|OR\b|IN\b|>=|<=|=|>|<|'(?:[^'\\]|\\.)*'|[\w.:+-]+)", re.IGNORECASE)
_COMPARED: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": lambda one, other: one == other,
    ">": lambda one, other: one is not None and one > other,
    ">=": lambda one, other: one is not None and one >= other,
    "<": lambda one, other: one is not None and one < other,
    "<=": lambda one, other: one is not None and one <= other,
}

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Query:
    """What is asked for."""

    fields: tuple[str, ...]
    object: str
    where: Callable[[Record], bool]
    order: tuple[str, ...]
    limit: int | None

    def rows_of(self, records: Iterable[Record]) -> list[Record]:
        """Those it asks for, in its order."""
        found = [record for record in records if self.where(record)]
        for name in reversed(self.order):
            found.sort(key=lambda record: _value(record.get(name)))
        return found[: self.limit]


def parsed(text: str) -> Query:
    """Read a query. Raises ValueError."""
    found = _QUERY.fullmatch(text.strip())
    if found is None:
        message = "unexpected token"
        raise ValueError(message)
    condition = _Condition(found["where"]).whole() if found["where"] else _always
    return Query(
        fields=tuple(name.strip() for name in found["fields"].split(",")),
        object=found["object"],
        where=condition,
        order=tuple(name.split()[0] for name in (found["order"] or "").split(",") if name.strip()),
        limit=int(found["limit"]) if found["limit"] else None,
    )


def _always(_: Record) -> bool:
    return True


class _Condition:
    def __init__(self, text: str) -> None:
        self._words: list[str] = []
        at = 0
        while text[at:].strip():
            found = _WORD.match(text, at)
            if found is None:
                message = f"unexpected token: {text[at : at + 20]}"
                raise ValueError(message)
            self._words.append(found[1])
            at = found.end()

    def whole(self) -> Callable[[Record], bool]:
        """Everything, or ValueError."""
        condition = self._any()
        if self._words:
            message = f"unexpected token: {self._words[0]}"
            raise ValueError(message)
        return condition

    def _any(self) -> Callable[[Record], bool]:
        parts = [self._all()]
        while self._comes("OR"):
            parts.append(self._all())
        return lambda record: any(part(record) for part in parts)

    def _all(self) -> Callable[[Record], bool]:
        parts = [self._one()]
        while self._comes("AND"):
            parts.append(self._one())
        return lambda record: all(part(record) for part in parts)

    def _one(self) -> Callable[[Record], bool]:
        if self._comes("("):
            inner = self._any()
            self._must(")")
            return inner
        name = self._next()
        if self._comes("IN"):
            self._must("(")
            wanted = [_literal(self._next())]
            while self._comes(","):
                wanted.append(_literal(self._next()))
            self._must(")")
            return lambda record: _value(record.get(name)) in wanted
        compare = _COMPARED[self._next()]
        other = _literal(self._next())
        return lambda record: compare(_value(record.get(name)), other)

    def _next(self) -> str:
        if not self._words:
            message = "unexpected end of the query"
            raise ValueError(message)
        return self._words.pop(0)

    def _comes(self, word: str) -> bool:
        if self._words and self._words[0].upper() == word:
            self._words.pop(0)
            return True
        return False

    def _must(self, word: str) -> None:
        if not self._comes(word):
            message = f"expecting {word}"
            raise ValueError(message)


def _literal(word: str) -> Any:
    if word.startswith("'"):
        return re.sub(r"\\(.)", r"\1", word[1:-1])
    if word.lower() in {"true", "false", "null"}:
        return {"true": True, "false": False, "null": None}[word.lower()]
    return float(word) if re.fullmatch(r"-?[0-9]+(?:\.[0-9]+)?", word) else datetime.fromisoformat(word)


def _value(value: Any) -> Any:
    """Times are compared as times, whatever their zone is written like."""
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value):
        return datetime.fromisoformat(value)
    return value
