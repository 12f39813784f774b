"""Seen only when pages are made: templates ask the database nothing, reading changes nothing, forms carry tokens."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask, before_render_template, render_template_string, template_rendered
from sqlalchemy import text

from deals_app.services.pipelines import pipelines
from deals_app.services.queries.cursor import cursor_of
from deals_app.services.unit_of_work import before_tenant
from tests.filled import fill
from tests.heard import heard
from tests.house_rules import template_rules as rules
from tests.house_rules.inventory import listed_routes
from tests.people import People

# Also inside a WITH.
CHANGES = re.compile(
    r"(?<!for )\b(insert into|update [a-z]+ set|delete from|merge into|copy|truncate)\b", re.IGNORECASE
)
PAGES = [route for route in listed_routes() if route.method == "GET" and route.who in {"public", "signed-in", "admin"}]
# The parts of pages that are no HTML, or none of ours.
NO_PAGES = {"/static/<path:filename>", "/imports/<uuid:import_id>/errors.csv", "/healthz", "/readyz"}


class Watch:
    """SQL by when it ran: while a template was rendered, or otherwise."""

    def __init__(self) -> None:
        self.rendering = 0
        self.rendered: list[str] = []
        self.while_rendering: list[str] = []
        self.statements: list[str] = []

    def begin(self, _app: Flask, template: Any, **_: object) -> None:
        """A template starts."""
        self.rendering += 1
        self.rendered.append(template.name or "text")

    def end(self, _app: Flask, **_: object) -> None:
        """A template is done."""
        self.rendering -= 1

    def statement(self, statement: str) -> None:
        """A statement is about to run."""
        self.statements.append(statement)
        if self.rendering:
            self.while_rendering.append(statement)

    @property
    def changes(self) -> list[str]:
        """Statements that change something."""
        return [statement for statement in self.statements if CHANGES.search(statement)]


@contextmanager
def watching(app: Flask) -> Iterator[Watch]:
    """Watch all SQL and all templates of an application."""
    watch = Watch()
    shown = before_render_template.connected_to(watch.begin, app), template_rendered.connected_to(watch.end, app)
    with heard(watch.statement), shown[0], shown[1]:
        yield watch


@pytest.fixture
def pages(app: Flask, people: People, sign_in: Callable[[str], Any]) -> tuple[dict[str, str], Watch]:
    """Every page as an admin sees it over a tenant with something in every table, and what was seen meanwhile."""
    filled = fill(people.ada)
    pipeline = pipelines(people.ada)[0]
    values = {
        "deal_id": filled.deal_id,
        "import_id": filled.import_id,
        "pipeline": pipeline.id,
        "stage_id": pipeline.stages[0].id,
    }
    ada = sign_in("ada")
    found: dict[str, str] = {}
    with watching(app) as watch:
        for route in PAGES:
            if route.rule not in NO_PAGES:
                query = f"?after={cursor_of(0, filled.deal_id)}" if route.rule.startswith("/board/column") else ""
                answer = ada.get(route.path(values) + query)
                assert answer.status_code in {200, 302, 303, 404, 422}, f"{route}: {answer.status_code}"
                found[route.rule] = answer.get_data(as_text=True)
    return found, watch


def test_templates_ask_the_database_nothing(pages: tuple[dict[str, str], Watch]) -> None:
    _, watch = pages
    assert "board/page.html" in watch.rendered
    assert "deals/page.html" in watch.rendered
    assert watch.while_rendering == []


def test_reading_changes_nothing(pages: tuple[dict[str, str], Watch]) -> None:
    _, watch = pages
    assert watch.statements
    assert watch.changes == []


def test_rendered_pages_keep_the_rules_of_templates(pages: tuple[dict[str, str], Watch]) -> None:
    made, _ = pages
    kept = (rules.no_code_in_tags, rules.posts_carry_a_token)
    sins = [sin for path, page in made.items() for rule in kept for sin in rule(path, page)]
    assert any("<form" in page for page in made.values())
    assert sins == []


def test_a_template_that_asks_is_seen(app: Flask) -> None:
    def ask() -> int:
        with before_tenant() as connection:
            return connection.execute(text("SELECT 1")).scalar_one()

    with app.test_request_context(), watching(app) as watch:
        assert render_template_string("{{ ask() }}", ask=ask) == "1"
    assert any("SELECT 1" in statement for statement in watch.while_rendering)


def test_a_read_that_changes_something_is_seen(app: Flask) -> None:
    with watching(app) as watch, before_tenant() as connection:
        connection.execute(text("UPDATE pipelines SET name = name"))
    assert watch.changes == ["UPDATE pipelines SET name = name"]
