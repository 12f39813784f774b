"""Our templates keep the rules, and each rule sees a planted sin."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.house_rules import template_rules as rules
from tests.house_rules.sources import Rule, breaches, files

RULES: list[Rule] = [
    rules.no_code_in_tags,
    rules.everything_is_escaped,
    rules.posts_carry_a_token,
    rules.components_are_looks,
]
PAGE = "deals_app/templates/deals/page.html"
MACRO = "deals_app/templates/components/looks.html"
SINS: list[tuple[Rule, str, str]] = [
    (rules.no_code_in_tags, PAGE, '<p style="color: red">'),
    (rules.no_code_in_tags, PAGE, '<p style="{{ colour }}">'),
    (rules.no_code_in_tags, PAGE, "<button onclick='go()'>"),
    (rules.no_code_in_tags, PAGE, '<button hx-on:click="go()">'),
    (rules.no_code_in_tags, PAGE, "<script>go()</script>"),
    (rules.no_code_in_tags, PAGE, "<style>p {}</style>"),
    (rules.no_code_in_tags, PAGE, '<a href="javascript:go()">'),
    (rules.everything_is_escaped, PAGE, "{{ deal.name | safe }}"),
    (rules.everything_is_escaped, PAGE, "{% autoescape false %}{{ deal.name }}{% endautoescape %}"),
    (rules.everything_is_escaped, "deals_app/templates/components/icons.html", "{{ a|safe }}{{ b|safe }}"),
    (rules.posts_carry_a_token, PAGE, '<form action="/x" method="post"><button>Go</button></form>'),
    (rules.posts_carry_a_token, PAGE, "<form method=POST>{# csrf() #}</form>"),
    (rules.components_are_looks, MACRO, '<p id="total">'),
    (rules.components_are_looks, MACRO, '<p hx-get="/x">'),
    (rules.components_are_looks, MACRO, "<a href=\"{{ url_for('board.home') }}\">"),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_our_templates_keep_the_rule(rule: Rule) -> None:
    assert breaches(rule, "*.html") == []


@pytest.mark.parametrize(("rule", "path", "source"), SINS, ids=lambda value: getattr(value, "__name__", None))
def test_a_planted_sin_is_seen(rule: Rule, path: str, source: str) -> None:
    assert rule(path, source)


def test_every_rule_has_a_planted_sin() -> None:
    assert {rule for rule, _, _ in SINS} == set(RULES)


def test_every_endpoint_of_a_template_is_there(app: Flask) -> None:
    wanted = {endpoint for _, text in files("*.html") for endpoint in rules.endpoints_of(text)}
    assert wanted - set(app.view_functions) == set()


def test_an_endpoint_that_is_not_there_is_seen(app: Flask) -> None:
    assert rules.endpoints_of("{{ url_for('deals.nowhere', id=1) }}") - set(app.view_functions) == {"deals.nowhere"}
