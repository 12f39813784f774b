"""The list of routes, read; and each route as a path that can be asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from flask import Flask
from werkzeug.routing import Rule

INVENTORY = Path(__file__).with_name("routes.txt")
WHO = frozenset({"public", "operator", "signed-in", "admin", "api-key"})
UNASKED = {"HEAD", "OPTIONS"}
NOBODY = UUID(int=0)


@dataclass(frozen=True, kw_only=True)
class Route:
    """A line of the list."""

    method: str
    rule: str
    who: str

    def __str__(self) -> str:
        return f"{self.method} {self.rule}"

    def path(self, values: Mapping[str, object] | None = None) -> str:
        """The path with its variables filled; ids of nothing where none are given."""
        path = self.rule
        while "<" in path:
            before, _, rest = path.partition("<")
            variable, _, after = rest.partition(">")
            name = variable.rpartition(":")[2]
            otherwise = NOBODY if variable.startswith("uuid:") else "nothing"
            path = f"{before}{(values or {}).get(name, otherwise)}{after}"
        return path


def listed_routes(text: str | None = None) -> list[Route]:
    """The lines of routes.txt."""
    lines = (INVENTORY.read_text(encoding="utf-8") if text is None else text).splitlines()
    words = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    return [Route(method=method, rule=rule, who=who) for method, rule, who in words]


def served_routes(app: Flask) -> set[tuple[str, str]]:
    """(method, rule) of everything the application answers to."""
    rules: list[Rule] = list(app.url_map.iter_rules())
    return {(method, rule.rule) for rule in rules for method in (rule.methods or set()) - UNASKED}
