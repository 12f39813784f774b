"""The form of a source, made from the fields that the source names: what was typed, and what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from flask import current_app, request

from deals_app.domain.errors import FieldProblem
from deals_app.services.ingestion import Door

# Where a kind of source is set up, if this application has the page.
SETTINGS = {
    "form": ("/settings/forms", "Your forms"),
    "mail": ("/settings/mailboxes", "Mailboxes"),
    "sync": ("/settings/connections", "Connections"),
}


@dataclass(frozen=True, kw_only=True)
class SourceForm:
    """A form of fields, or of one JSON text; `problems` is a sentence for each field that is wrong.

    `others` are problems of what has no field on the form.
    """

    body: bytes = b""
    typed: Mapping[str, str] = field(default_factory=dict[str, str])
    text: str = ""
    problems: Mapping[str, str] = field(default_factory=dict[str, str])
    others: tuple[FieldProblem, ...] = ()

    @classmethod
    def blank(cls, door: Door) -> SourceForm:
        """Empty, or with the example where JSON is asked for."""
        return cls(text="" if door.has_form or door.is_upload else door.example_json)

    @classmethod
    def sent(cls, door: Door) -> SourceForm:
        """From the request's form; a field that was left empty says nothing."""
        if not door.has_form:
            text = request.form.get("body", "")
            return cls(text=text, body=text.encode("utf-8", "replace"))
        typed = {each.name: request.form.get(each.name, "") for each in door.fields}
        given = {name: text for name, text in typed.items() if text.strip()}
        return cls(typed=typed, body=json.dumps(given, ensure_ascii=False).encode("utf-8", "replace"))

    def refused(self, problems: Iterable[FieldProblem]) -> SourceForm:
        """The same with what is wrong, each problem beside its field."""
        beside: dict[str, str] = {}
        others: list[FieldProblem] = []
        for problem in problems:
            if problem.field in self.typed:
                beside.setdefault(problem.field, problem.message)
            else:
                others.append(problem)
        return replace(self, problems=beside, others=tuple(others))


def settings_links(door: Door) -> list[tuple[str, str]]:
    """(path, label) of the pages where this source is set up."""
    served = {rule.rule for rule in current_app.url_map.iter_rules()}
    return [link for kind, link in SETTINGS.items() if kind == door.kind and link[0] in served]
