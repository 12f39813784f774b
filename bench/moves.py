"""Moves through the whole stack, beside a bare route that does one UPDATE and its COMMIT."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import count, cycle
from urllib.parse import urlencode

from bench.figures import Ratio
from bench.load import CLIENTS, Load, Script, rate, request
from bench.scene import Browser, signed_in
from deals_app.domain.actor import Actor
from deals_app.services.api_keys import create_api_key
from deals_app.services.queries.deal_pages import Narrowing, deal_page

DEMANDED = 0.3
DEALS_PER_CLIENT = 100
# A key may make 200 requests a second (CONTRACT.md section 6).
KEYS_PER_CLIENT = 5
STAGES = ("qualified", "proposal", "negotiation", "lead")
LIMIT_IS = "a bare Flask route: one UPDATE, COMMIT"


def measured_moves(actor: Actor, slug: str, *, port: int, bare_port: int, rounds: int, seconds: float) -> list[Ratio]:
    """By API with a key, and as the page drops a card; each client moves deals of its own."""
    ids = deal_ids(actor, CLIENTS * DEALS_PER_CLIENT)
    shares = [ids[number::CLIENTS] for number in range(CLIENTS)]
    keys = [new_keys(actor) for _ in range(CLIENTS)]
    browser = signed_in(port, slug)
    scripts: dict[str, Callable[[int], Script]] = {
        "move by API": lambda number: api_moves(keys[number], shares[number]),
        "move by drop": lambda number: drops(browser, shares[number]),
    }
    bare = Load(port=bare_port, script=updates)
    return [
        Ratio.of_loads(
            name,
            [(rate(Load(port=port, script=script), seconds), rate(bare, seconds)) for _ in range(rounds)],
            unit="moves",
            demanded=DEMANDED,
            limit_is=LIMIT_IS,
            facts={"clients": CLIENTS},
        )
        for name, script in scripts.items()
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


def updates(number: int) -> Script:
    """The bare route; each client has rows of its own."""
    for turn in count():
        yield request("PUT", f"/bare/{number * DEALS_PER_CLIENT + turn % DEALS_PER_CLIENT}")
