"""Creating, moving and listing through the API, beside bare routes that do the same SQL and answer the same JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from itertools import count, cycle
from typing import Any

from bench.figures import Ratio
from bench.load import CLIENTS, Load, Script, rate, request
from bench.moves import DEALS_PER_CLIENT, STAGES, Contest, api_moves, deal_ids, new_keys
from deals_app.domain.actor import Actor
from deals_app.services.accounts import members
from deals_app.services.customers import create_customer

DEMANDED = 0.4
DEALS = "/api/v1/customer-mgmt/deals"
JSON = {"Content-Type": "application/json"}


def measured_api_calls(actor: Actor, *, port: int, bare_port: int, rounds: int, seconds: float) -> list[Ratio]:
    """Needs the copy of the deals that `measured_moves` makes; what is made here makes a list no longer."""
    keys = [new_keys(actor) for _ in range(CLIENTS)]
    ids = deal_ids(actor, CLIENTS * DEALS_PER_CLIENT)
    shares = [ids[number::CLIENTS] for number in range(CLIENTS)]
    bare, body = f"/bare/deals/{actor.tenant_id}", new_deal(actor)
    contests = (
        Contest(
            name="API: list",
            ours=lambda number: api_lists(keys[number]),
            bare=lambda _: repeated("GET", bare),
            limit_is="a bare Flask route: the same count and the same twenty rows by plain SQL, as JSON",
        ),
        Contest(
            name="API: move",
            ours=lambda number: api_moves(keys[number], shares[number]),
            bare=lambda number: bare_moves(bare, shares[number]),
            limit_is="a bare Flask route: the stage looked up, one UPDATE, the deal read back as JSON, COMMIT",
        ),
        Contest(
            name="API: create",
            ours=lambda number: api_creates(keys[number], number, body),
            bare=lambda _: repeated("POST", bare, json.dumps(body)),
            limit_is="a bare Flask route: customer and owner looked up, one INSERT, the deal read back, COMMIT",
        ),
    )
    return [
        Ratio.of_loads(
            each.name,
            [
                (
                    rate(Load(port=port, script=each.ours), seconds),
                    rate(Load(port=bare_port, script=each.bare), seconds),
                )
                for _ in range(rounds)
            ],
            unit="answers",
            demanded=DEMANDED,
            limit_is=each.limit_is,
            facts={"clients": CLIENTS},
        )
        for each in contests
    ]


def new_deal(actor: Actor) -> dict[str, Any]:
    """A body that makes a deal."""
    return {
        "customer_id": str(create_customer(actor, name="Bench Inc.")),
        "assigned_to": str(members(actor)[0].id),
        "name": "Enterprise Software License",
        "value": 50_000_000,
        "currency": "USD",
        "expected_close_date": (actor.today + timedelta(days=90)).isoformat(),
    }


def api_lists(keys: list[str]) -> Script:
    """The first page, again and again."""
    for key in cycle(keys):
        yield request("GET", DEALS, {"Authorization": f"Bearer {key}"})


def api_creates(keys: list[str], client: int, body: Mapping[str, Any]) -> Script:
    """Deal after deal, each with a name of its own."""
    key = cycle(keys)
    for number in count():
        headers = JSON | {"Authorization": f"Bearer {next(key)}"}
        yield request("POST", DEALS, headers, json.dumps({**body, "name": f"Deal {client}-{number}"}))


def repeated(method: str, path: str, body: str = "") -> Script:
    """The same request without end."""
    while True:
        yield request(method, path, JSON, body)


def bare_moves(path: str, ids: list[str]) -> Script:
    """The bare route, asked for the same moves."""
    for stage in cycle(STAGES):
        for deal_id in ids:
            yield request("PUT", f"{path}/{deal_id}/stage", JSON, json.dumps({"stage": stage}))
