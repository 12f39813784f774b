"""Our own Python keeps the rules, and each rule sees a planted sin."""

from __future__ import annotations

import importlib

import pytest

from tests.house_rules import python_rules as rules
from tests.house_rules.sources import Rule, breaches, files

RULES: list[Rule] = [
    rules.only_the_unit_of_work_commits,
    rules.only_services_hold_sessions,
    rules.jobs_are_doorbells,
    rules.routes_translate,
    rules.sources_are_not_told_apart,
    rules.names_say_something,
    rules.imports_stand_at_the_top,
    rules.suppressions_say_why,
    rules.files_stay_readable,
]
LONG = "".join(f"    x = {number}\n" for number in range(16))
SINS: list[tuple[Rule, str, str]] = [
    (rules.only_the_unit_of_work_commits, "deals_app/services/deals.py", "session.commit()"),
    (rules.only_the_unit_of_work_commits, "deals_app/services/unit_of_work.py", "s.commit()\ns.commit()"),
    (rules.only_services_hold_sessions, "deals_app/blueprints/deals.py", "db.session.get(Deal, 1)"),
    (rules.only_services_hold_sessions, "deals_app/cli/db.py", "from sqlalchemy.orm import Session"),
    (
        rules.jobs_are_doorbells,
        "deals_app/jobs/mail.py",
        "def send(id):\n    try:\n        go()\n    except E:\n        pass",
    ),
    (rules.jobs_are_doorbells, "deals_app/jobs/mail.py", f"def send(id):\n{LONG}"),
    (rules.routes_translate, "deals_app/blueprints/deals.py", f'@blueprint.get("/")\n@signed_in\ndef index():\n{LONG}'),
    (rules.sources_are_not_told_apart, "deals_app/services/ingestion.py", 'if deal.source == "hubspot":\n    pass'),
    (rules.sources_are_not_told_apart, "deals_app/services/ingestion.py", 'x = 1 if "csv" != ingested_from else 2'),
    (rules.names_say_something, "deals_app/services/utils.py", ""),
    (rules.names_say_something, "deals_app/common/money.py", ""),
    (rules.imports_stand_at_the_top, "deals_app/services/deals.py", "def f():\n    from deals_app.models import Deal"),
    (rules.imports_stand_at_the_top, "deals_app/services/deals.py", "def f():\n    import deals_app.models"),
    (rules.suppressions_say_why, "deals_app/services/deals.py", "x = 1  # noqa: E501"),
    (rules.suppressions_say_why, "deals_app/services/deals.py", "x = 1  # noqa"),
    (rules.files_stay_readable, "deals_app/static/css/board.css", "a {}\n" * 351),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_application_keeps_the_rule(rule: Rule) -> None:
    assert breaches(rule, "*.py") == []


@pytest.mark.parametrize(("rule", "path", "source"), SINS, ids=lambda value: getattr(value, "__name__", None))
def test_a_planted_sin_is_seen(rule: Rule, path: str, source: str) -> None:
    assert rule(path, source)


def test_every_rule_has_a_planted_sin() -> None:
    assert {rule for rule, _, _ in SINS} == set(RULES)


@pytest.mark.parametrize("under", ["deals_app", "migrations", "tests", "docs"])
def test_no_file_is_longer_than_a_person_reads(under: str) -> None:
    assert breaches(rules.files_stay_readable, "*.py", "*.html", "*.css", "*.js", "*.md", under=under) == []


@pytest.mark.parametrize("under", ["migrations", "tests"])
@pytest.mark.parametrize("rule", [rules.names_say_something, rules.imports_stand_at_the_top], ids=lambda r: r.__name__)
def test_migrations_and_tests_keep_it_too(rule: Rule, under: str) -> None:
    assert breaches(rule, "*.py", under=under) == []


def test_the_unit_of_work_does_commit() -> None:
    source = dict(files("unit_of_work.py"))["deals_app/services/unit_of_work.py"]
    assert rules.only_the_unit_of_work_commits("elsewhere.py", source)


def test_every_named_job_is_defined_and_every_job_is_named() -> None:
    named = {job for path, text in files("*.py") if "/services/" in path for job in rules.named_jobs(text)}
    defined = {job for path, text in files("*.py") for job in rules.defined_jobs(path, text)}
    assert named == defined != set()
    for job in named:
        module, _, name = job.rpartition(".")
        assert callable(getattr(importlib.import_module(module), name))


def test_a_job_that_nobody_names_and_a_name_without_a_job_are_seen() -> None:
    assert rules.named_jobs('work.enqueue("deals_app.jobs.mail.send", "t", {})') == {"deals_app.jobs.mail.send"}
    assert rules.defined_jobs("deals_app/jobs/mail.py", "def send(): ...\ndef _aside(): ...") == {
        "deals_app.jobs.mail.send"
    }
