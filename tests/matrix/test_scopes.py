"""Every route of the APIs × scopes: without the one it needs it is refused by name, with that one alone it is not."""

from __future__ import annotations

from functools import cache

from flask_openapi3 import OpenAPI

from deals_app.domain.scopes import PARTS, SCOPES, part_of, scope_of
from deals_app.services.api_keys import create_api_key
from tests.matrix.asking import Asker, Route, request_of, routes_of
from tests.matrix.bodies import operation_of
from tests.matrix.rights import May, rule_of
from tests.people import People

# The ingestion API is in no OpenAPI document yet.
INGESTION = "Imports"


def tag_of(app: OpenAPI, route: Route) -> str:
    """The part of the API that a route is of."""
    return operation_of(app, route.rule, route.method).get("tags", [INGESTION])[0]


def test_every_part_of_the_api_has_its_scopes(app: OpenAPI) -> None:
    unknown = {tag for route in routes_of(app) if route.is_api if part_of(tag := tag_of(app, route)) not in PARTS}
    assert not unknown, f"add {unknown} to PARTS in deals_app/domain/scopes.py"


def test_each_route_needs_the_scope_of_its_part_and_verb_and_no_other(app: OpenAPI, people: People) -> None:
    @cache
    def asker(*scopes: str) -> Asker:
        made = create_api_key(people.ada, name="narrow", role="admin", scopes=scopes)
        return Asker(app.test_client(), {"Authorization": f"Bearer {made.key}"}, None)

    wrong: list[str] = []
    for route in routes_of(app):
        if not route.is_api or rule_of(route.endpoint) is May.ANYBODY:
            continue
        needed = scope_of(tag_of(app, route), route.method)
        request = request_of(app, route, admin=people.ada)
        without = asker(*(scope for scope in SCOPES if scope != needed))(request)
        said = without.get_data(as_text=True)
        if without.status_code != 403 or f"This key lacks the scope {needed}" not in said:
            wrong.append(f"{route} without {needed}: {without.status_code} {said}")
        if (alone := asker(needed)(request)).status_code in {401, 403}:
            wrong.append(f"{route} with {needed} alone: {alone.get_data(as_text=True)}")
    assert not wrong, "\n".join(wrong)
