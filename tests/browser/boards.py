"""A small team and its board: what the database says, what the screen says, and the hands that move cards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from sqlalchemy import select

from deals_app.domain.actor import Actor, Role
from deals_app.models import Deal, Stage
from deals_app.services.accounts import actor_for_tenant, add_member, create_tenant
from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.demo.company import PASSWORD
from deals_app.services.stage_transition import move_deal
from deals_app.services.unit_of_work import reading
from tests.browser.conftest import violations

NUMBERS = count(1)
# What the board shows: by column its count and its cards from the top, each with its version. Cards on their way, or
# still marked as such, are no answer yet.
SCREEN = """() => {
  if (document.querySelector(".is-pending, .is-dropped, .is-grabbed, .is-chosen, .is-ghost")) return null;
  const cardOf = ({ dataset }) => [dataset.dealId, Number(dataset.version)];
  return Object.fromEntries([...document.querySelectorAll("[data-stage]")].map((column) => [column.dataset.stage, {
    count: Number(column.querySelector("[data-count]").dataset.count),
    cards: [...column.querySelectorAll("[data-deal-id]")].map(cardOf),
  }]));
}"""
EQUALS = f"(truth) => JSON.stringify(({SCREEN})()) === JSON.stringify(truth)"

# Skeletons shimmer for as long as they are there; everything else comes to rest.
STILL = """() => Promise.all(document.getAnimations()
  .filter((each) => each.effect.getComputedTiming().iterations !== Infinity)
  .map((each) => each.finished.catch(() => {})))"""

Truth = dict[str, dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Team:
    """A tenant with a rep, who owns all its deals, a colleague and a manager."""

    setup: Actor
    rep: Actor
    colleague: Actor
    manager: Actor
    deals: dict[str, UUID]


def make_team() -> Team:
    """Six stages; the rep's deals by name, those of a column in this order from the top."""
    slug = f"team-{next(NUMBERS)}"
    made = create_tenant(
        slug=slug, name=slug, owner_email=f"owner@{slug}.example", owner_name="Olga", password=PASSWORD
    )
    setup = actor_for_tenant(slug, reference="system:test", door="cli")
    rep, colleague, manager = (
        _member(setup, made.tenant_id, name, role)
        for name, role in (("Rhea", Role.REP), ("Carl", Role.REP), ("Mona", Role.MANAGER))
    )
    deals: dict[str, UUID] = {}
    columns = {"lead": ("Alpha", "Rollout", "Beta"), "proposal": ("Gamma", "Delta"), "closed_lost": ("Omega",)}
    for stage, names in columns.items():
        for name in reversed(names):
            new = NewDeal(name=name, currency="USD", value=100_000, stage="lead", assigned_to=rep.user_id)
            deals[name] = create_deal(rep, new)
            if stage != "lead":
                move_deal(rep, deals[name], stage=stage)
    return Team(setup=setup, rep=rep, colleague=colleague, manager=manager, deals=deals)


def truth(actor: Actor) -> Truth:
    """What the database says, in the shape of SCREEN."""
    with reading(actor) as session:
        stages = session.scalars(select(Stage.key).order_by(Stage.position)).all()
        rows = session.execute(
            select(Stage.key, Deal.id, Deal.version)
            .join(Stage, Stage.id == Deal.stage_id)
            .where(Deal.deleted_at.is_(None))
            .order_by(Deal.position, Deal.id)
        ).all()
    cards = {stage: [[str(row.id), row.version] for row in rows if row.key == stage] for stage in stages}
    return {stage: {"count": len(found), "cards": found} for stage, found in cards.items()}


def expect_truth(page: Page, team: Team, *, within_seconds: float = 5) -> None:
    """The screen comes to say what the database says now."""
    said = truth(team.rep)
    try:
        page.wait_for_function(EQUALS, arg=said, timeout=within_seconds * 1000)
    except PlaywrightTimeout:
        shown = page.evaluate(SCREEN)
        pytest.fail(f"the screen shows {shown}, the database says {said}")


def card(page: Page, deal_id: UUID) -> Locator:
    return page.locator(f'[data-deal-id="{deal_id}"]')


def column(page: Page, stage: str) -> Locator:
    return page.locator(f'[data-stage="{stage}"]')


def expect_accessible(page: Page) -> None:
    """No violation that axe knows, once what is fading in has done so."""
    page.evaluate(STILL)
    assert violations(page) == []


def names_in(page: Page, stage: str) -> list[str]:
    return column(page, stage).locator(".card-name").all_inner_texts()


def drag(page: Page, deal_id: UUID, stage: str, *, past: Locator | None = None, drop: bool = True) -> None:
    """With the mouse, as a hand does it, to the top of a column, or within it past another card."""
    start, end = card(page, deal_id).bounding_box(), column(page, stage).locator("[data-cards]").bounding_box()
    assert start is not None
    assert end is not None
    x, y = end["x"] + 60, end["y"] + 12
    page.mouse.move(start["x"] + 30, start["y"] + 10)
    page.mouse.down()
    page.mouse.move(start["x"] + 40, start["y"] + 2, steps=4)
    page.mouse.move(x, y, steps=20)
    here = f'[data-deal-id="{deal_id}"]'
    arrived = column(page, stage).locator(here)
    if past is not None:
        arrived = page.locator(f'{here} ~ [data-deal-id="{past.get_attribute("data-deal-id")}"]')
    # A hand is never quite still, and only a pointer that moves is heard of.
    for nudge in range(100):
        if arrived.count():
            break
        page.mouse.move(x + nudge % 5, y + nudge % 3)
        page.evaluate("() => new Promise(requestAnimationFrame)")
    expect(arrived).to_be_attached()
    if drop:
        page.mouse.up()


def carry(page: Page, deal_id: UUID, stage: str) -> None:
    """With the keyboard: pick up, arrows, put down."""
    stages = page.locator("[data-stage]").evaluate_all("(all) => all.map((each) => each.dataset.stage)")
    name = card(page, deal_id).locator(".card-name")
    name.focus()
    here = name.evaluate("(name) => name.closest('[data-stage]').dataset.stage")
    page.keyboard.press("Space")
    steps = stages.index(stage) - stages.index(here)
    for _ in range(abs(steps)):
        page.keyboard.press("ArrowRight" if steps > 0 else "ArrowLeft")
    page.keyboard.press("Space")


def choose(page: Page, deal_id: UUID, stage: str) -> None:
    """From the card's menu."""
    target = column(page, stage).get_attribute("data-stage-id")
    found = card(page, deal_id)
    found.hover()
    found.locator("summary").click()
    found.locator("select").select_option(value=target)
    found.get_by_role("button", name="Move", exact=True).click()


GESTURES: dict[str, Callable[[Page, UUID, str], None]] = {"drag": drag, "keyboard": carry, "menu": choose}


def _member(setup: Actor, tenant_id: UUID, name: str, role: Role) -> Actor:
    email = f"{name.lower()}@{setup.tenant_name}.example"
    user_id = add_member(setup, email=email, name=name, role=role.value, password=PASSWORD)
    return Actor(
        tenant_id=tenant_id,
        reference=f"user:{user_id}",
        role=role,
        door="page",
        user_id=user_id,
        name=name,
        email=email,
        tenant_name=setup.tenant_name,
    )
