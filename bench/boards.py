"""The whole board, beside a bare route with the same aggregates and cards by plain SQL in the same HTML."""

from __future__ import annotations

import re
from itertools import zip_longest

from bench.figures import Ratio
from bench.load import Load, Script, once, rate, request
from bench.scene import signed_in
from deals_app.domain.actor import Actor

DEMANDED = 0.5
LIMIT_IS = "a bare Flask route: the same sums and cards by plain SQL, the same HTML by plain Jinja"
# What a card consists of; the bare cards must have as many of each.
PARTS = ("data-deal-id=", "<form", "<input", "<option", "<time", "<select", "<svg", "<button", 'name="version"')


def measured_board(
    actor: Actor, slug: str, deals: int, *, port: int, bare_port: int, rounds: int, seconds: float
) -> Ratio:
    """The board of a tenant with so many deals; raises RuntimeError when the bare board does not show the same."""
    cookie = {"Cookie": signed_in(port, slug).cookie}
    page = Load(port=port, script=lambda _: _again(request("GET", "/", cookie)))
    bare_page = Load(port=bare_port, script=lambda _: _again(request("GET", f"/bare/board/{actor.tenant_id}")))
    facts = _compared(once(page), once(bare_page))
    return Ratio.of_loads(
        f"board of {deals:,}",
        [(rate(page, seconds), rate(bare_page, seconds)) for _ in range(rounds)],
        unit="boards",
        demanded=DEMANDED,
        limit_is=LIMIT_IS,
        facts=facts,
    )


def _again(asked: bytes) -> Script:
    while True:
        yield asked


def _compared(page: str, bare_page: str) -> dict[str, int]:
    """How large both are; raises RuntimeError when they do not show the same sums, cards and words on them."""
    ours, bare = _cards_of(page), _cards_of(bare_page)
    for part in PARTS:
        if ours.count(part) != bare.count(part):
            message = f"the cards have {ours.count(part)} of {part}, the bare ones {bare.count(part)}: bench/templates"
            raise RuntimeError(message)
    for said, said_bare in ((_words(ours), _words(bare)), (_sums(page), _sums(bare_page))):
        if different := [pair for pair in zip_longest(said, said_bare) if pair[0] != pair[1]]:
            message = f"the boards read differently, first where one says {different[0]}: bench/templates"
            raise RuntimeError(message)
    return {"cards": ours.count(PARTS[0]), "bytes": len(page.encode()), "bare_bytes": len(bare_page.encode())}


def _cards_of(page: str) -> str:
    return "".join(re.findall(r'<li class="card".*?</li>', page, re.DOTALL))


def _sums(page: str) -> list[str]:
    """The number of deals above each column, and what they add up to."""
    heads = "".join(re.findall(r'<header [^>]*id="head-.*?</header>', page, re.DOTALL))
    return re.findall(r'data-count="[0-9]+"|<strong>.*?</strong>', heads)


def _words(html: str) -> list[str]:
    return re.sub(r"<[^>]*>", " ", html).split()
