"""Moves through the whole stack, beside bare routes: one UPDATE and its COMMIT, and for a drop what the board shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle
from urllib.parse import urlencode
from uuid import UUID

import psycopg

from bench.figures import Ratio
from bench.load import CLIENTS, Load, Script, rate, request
from bench.scene import Browser, Scene, signed_in
from deals_app.domain.actor import Actor
from deals_app.services.api_keys import create_api_key
from deals_app.services.pipelines import pipelines
from deals_app.services.queries.deal_pages import Narrowing, deal_page

DEMANDED = 0.3
DEALS_PER_CLIENT = 100
# A key may make 200 requests a second (CONTRACT.md section 6).
KEYS_PER_CLIENT = 5
STAGES = ("qualified", "proposal", "negotiation", "lead")
# The same number of rows in the same indexes as the deals have that are moved.
COPY_OF_DEALS = """
    CREATE TABLE bare_deals (LIKE deals INCLUDING ALL);
    INSERT INTO bare_deals SELECT * FROM deals;
    ANALYZE bare_deals;
    CREATE TABLE bare_counts (id integer PRIMARY KEY, n integer NOT NULL DEFAULT 0);
    INSERT INTO bare_counts (id) SELECT generate_series(0, 999);
"""


@dataclass(frozen=True, kw_only=True)
class Contest:
    """A way to move deals, the bare route beside it, and what that does; scripts by the client's number."""

    name: str
    ours: Callable[[int], Script]
    bare: Callable[[int], Script]
    limit_is: str
    demanded: float | None = DEMANDED


def measured_moves(
    made: Scene, actor: Actor, slug: str, *, port: int, bare_port: int, rounds: int, seconds: float
) -> list[Ratio]:
    """By API with a key, and as the page drops a card; each client moves deals of its own."""
    with psycopg.connect(made.conninfo, autocommit=True) as connection:
        connection.execute(COPY_OF_DEALS)
    ids = deal_ids(actor, CLIENTS * DEALS_PER_CLIENT)
    shares = [ids[number::CLIENTS] for number in range(CLIENTS)]
    keys = [new_keys(actor) for _ in range(CLIENTS)]
    stages = [stage.id for key in STAGES for stage in pipelines(actor)[0].stages if stage.key == key]
    browser = signed_in(port, slug)
    contests = (
        Contest(
            name="move by API",
            ours=lambda number: api_moves(keys[number], shares[number]),
            bare=lambda number: bare_moves("PUT", actor, shares[number], stages),
            limit_is="a bare Flask route: one UPDATE of the deal's row with its indexes, COMMIT",
        ),
        Contest(
            name="the same, strictly",
            ours=lambda number: api_moves(keys[number], shares[number]),
            bare=counts_up,
            limit_is="a bare Flask route: any UPDATE at all (two integers), COMMIT",
            demanded=None,
        ),
        Contest(
            name="move by drop",
            ours=lambda number: drops(browser, shares[number]),
            bare=lambda number: bare_moves("POST", actor, shares[number], stages),
            limit_is="the same, and the card and the sums of two columns by plain SQL and plain Jinja",
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
            unit="moves",
            demanded=each.demanded,
            limit_is=each.limit_is,
            facts={"clients": CLIENTS},
        )
        for each in contests
    ]


def deal_ids(actor: Actor, wanted: int) -> list[str]:
    """So many of the tenant's deals."""
    return [str(view.id) for view in deal_page(actor, Narrowing(), page=1, page_size=wanted).items]


def new_keys(actor: Actor) -> list[str]:
    """As many as a client needs to stay below the limit of each."""
    return [create_api_key(actor, name="bench", role="admin").key for _ in range(KEYS_PER_CLIENT)]


def api_moves(keys: list[str], ids: list[str]) -> Script:
    """Every deal from stage to stage, again and again."""
    key = cycle(keys)
    for stage in cycle(STAGES):
        for deal_id in ids:
            headers = {"Authorization": f"Bearer {next(key)}", "Content-Type": "application/json"}
            path = f"/api/v1/customer-mgmt/deals/{deal_id}/stage"
            yield request("PUT", path, headers, json.dumps({"stage": stage}))


def drops(browser: Browser, ids: list[str]) -> Script:
    """As the board's script posts a drop on top of a column; the version is the one of the last answer."""
    headers = {
        "Cookie": browser.cookie,
        "Content-Type": "application/x-www-form-urlencoded",
        "HX-Request": "true",
        "X-CSRFToken": browser.token,
    }
    versions: dict[str, str] = {}
    for stage in cycle(STAGES):
        for deal_id in ids:
            form = {"stage": stage, "before": "", "after": ""}
            if deal_id in versions:
                form["version"] = versions[deal_id]
            answer = yield request("POST", f"/deals/{deal_id}/move", headers, urlencode(form))
            versions[deal_id] = answer.partition('data-version="')[2].partition('"')[0]


def bare_moves(method: str, actor: Actor, ids: list[str], stages: list[UUID]) -> Script:
    """The bare routes, asked for the same."""
    before = stages[-1]
    for stage in cycle(stages):
        for deal_id in ids:
            path = f"/bare/{actor.tenant_id}/{deal_id}/{stage}"
            yield request(method, path if method == "PUT" else f"{path}/from/{before}")
        before = stage


def counts_up(number: int) -> Script:
    """The barest route; each client has rows of its own."""
    for row in cycle(range(DEALS_PER_CLIENT)):
        yield request("PUT", f"/bare/{number * DEALS_PER_CLIENT + row}")
