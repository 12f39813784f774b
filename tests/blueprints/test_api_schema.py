"""schemathesis at every operation of the OpenAPI document: what it states is what is answered, and nothing breaks.

The long form, 200 examples per operation and stateful, is tests/soak/test_soak_schema.py.
"""

from __future__ import annotations

import contextvars
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import FlakyStrategyDefinition
from schemathesis.core.failures import FailureGroup

from deals_app.services.customers import create_customer
from deals_app.services.deals import NewDeal, create_deal
from tests.people import People, api_key

EXAMPLES = 8
# Walks along the document's links, each of some steps: what one request has made is what the next ones speak of.
WALKS, STEPS = 5, 12
# Bodies of many fields take their time.
SLOWLY = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.large_base_example, HealthCheck.data_too_large]
# A rule that no schema states (a date that must be in the future, a customer that must be there) is a 400 with words.
MAY_REFUSE = ["2xx", "3xx", 400, 401, 403, 404, 409, 412, 429]


def read_schema(app: Flask) -> Any:
    """The document as schemathesis reads it from the application."""

    def outside(environ: Any, start_response: Any) -> Any:
        return contextvars.Context().run(app.wsgi_app, environ, start_response)

    config = schemathesis.Config.from_dict(
        {
            "checks": {"positive_data_acceptance": {"expected-statuses": MAY_REFUSE}},
            # The document says what leads where. Guessed from names, a new pipeline's id is taken for a stage's.
            "phases": {"stateful": {"inference": {"algorithms": []}}},
        }
    )
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", outside, config=config)


def checked(app: Flask, people: People, *, examples: int) -> Iterator[tuple[str, BaseException | None]]:
    """Each operation with what is wrong with it, if anything."""
    create_deal(people.alice, NewDeal(name="Rollout", currency="USD", value=100, assigned_to=people.alice.user_id))
    headers = api_key(people.ada)
    for found in read_schema(app).get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr] (an operation that cannot be read fails the test here)

        @settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=SLOWLY)
        @given(case=operation.as_strategy())
        def keeps_its_word(case: Any) -> None:
            case.call_and_validate(headers=headers)

        try:
            keeps_its_word()
        except ExceptionGroup as error:
            yield operation.label, error
        else:
            yield operation.label, None


@dataclass
class Walked:
    """What walks along the links saw: how often each operation answered what, and what was wrong."""

    seen: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])
    walks: int = 0
    wrong: set[str] = field(default_factory=set[str])


def walked(app: Flask, people: People, *, walks: int, steps: int) -> Walked:
    """So many walks from operation to operation, each of at most so many steps."""
    # What no schema can say: whose ids are there, and which days lie ahead.
    there = {
        "customer_id": str(create_customer(people.ada, name="Acme Inc.")),
        "assigned_to": str(people.alice.user_id),
        "expected_close_date": "2099-03-31",
        "pipeline_id": None,
        "source": "inbound",
    }
    headers, found = api_key(people.ada), Walked()
    schema = read_schema(app)

    @schema.auth()
    class Key:
        def get(self, _case: Any, _context: Any) -> dict[str, str]:
            return headers

        def set(self, case: Any, given: dict[str, str], _context: Any) -> None:
            case.headers.update(given)

    machine: Any = schema.as_state_machine()

    class Walk(machine):
        def before_call(self, case: Any) -> None:
            if isinstance(case.body, dict) and case.meta.generation.mode.is_positive:
                case.body.update({name: value for name, value in there.items() if name in case.body})

        def validate_response(self, response: Any, case: Any, *args: Any, **kwargs: Any) -> None:
            found.seen[case.operation.label, response.status_code] += 1
            try:
                super().validate_response(response, case, *args, **kwargs)
            except FailureGroup as error:
                found.wrong.add(f"{case.operation.label}: {error}"[:2000])

        def teardown(self) -> None:
            found.walks += 1
            super().teardown()

    for number in count():
        if found.walks >= walks:
            return found
        some = settings(
            max_examples=min(10, walks - found.walks),
            stateful_step_count=steps,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=SLOWLY,
        )
        # What one walk has made is there for the next: none goes the same way twice, which Hypothesis minds.
        with suppress(FlakyStrategyDefinition):
            seed(number)(Walk).run(settings=some)
    raise AssertionError


def test_walks_along_the_links_find_nothing_wrong(app: Flask, people: People) -> None:
    found = walked(app, people, walks=WALKS, steps=STEPS)
    assert found.wrong == set()
    assert found.seen.total() >= WALKS


def test_every_operation_keeps_its_word(app: Flask, people: People) -> None:
    found = dict(checked(app, people, examples=EXAMPLES))
    assert len(found) > 30
    assert {label: str(error)[:2000] for label, error in found.items() if error is not None} == {}
