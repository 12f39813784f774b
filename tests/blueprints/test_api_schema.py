"""schemathesis at every operation of the OpenAPI document: what it states is what is answered, and nothing breaks.

The long form, 200 examples per operation and stateful, is tests/soak/test_soak_schema.py.
"""

from __future__ import annotations

import contextvars
from collections.abc import Iterator
from typing import Any

import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings

from deals_app.services.deals import NewDeal, create_deal
from tests.people import People, api_key

EXAMPLES = 8
# Bodies of many fields take their time.
SLOWLY = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.large_base_example, HealthCheck.data_too_large]
# A rule that no schema states (a date that must be in the future, a customer that must be there) is a 400 with words.
MAY_REFUSE = ["2xx", "3xx", 400, 401, 403, 404, 409, 412, 429]


def checked(app: Flask, people: People, *, examples: int) -> Iterator[tuple[str, BaseException | None]]:
    """Each operation with what is wrong with it, if anything."""
    create_deal(people.alice, NewDeal(name="Rollout", currency="USD", value=100, assigned_to=people.alice.user_id))
    headers = api_key(people.ada)

    def outside(environ: Any, start_response: Any) -> Any:
        return contextvars.Context().run(app.wsgi_app, environ, start_response)

    config = schemathesis.Config.from_dict({"checks": {"positive_data_acceptance": {"expected-statuses": MAY_REFUSE}}})
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", outside, config=config)
    for found in schema.get_all_operations():
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


def test_every_operation_keeps_its_word(app: Flask, people: People) -> None:
    found = dict(checked(app, people, examples=EXAMPLES))
    assert len(found) > 30
    assert {label: str(error)[:2000] for label, error in found.items() if error is not None} == {}
