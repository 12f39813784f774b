"""The board in a real browser: what the screen says, the database says."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from flask import Flask
from playwright.sync_api import FloatRect, Page, expect
from sqlalchemy import func, select

from deals_app.domain.actor import Actor
from deals_app.models import Deal, Stage
from deals_app.services.accounts import actor_for_tenant
from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.editing import DealEdit, edit_deal
from deals_app.services.unit_of_work import reading
from tests.browser.conftest import sign_in

MANAGER = "manager@demo.example"


def demo() -> Actor:
    return actor_for_tenant("demo", reference="system:test", door="cli")


def make_deal(name: str) -> UUID:
    return create_deal(demo(), NewDeal(name=name, currency="USD", value=123_400, stage="lead"))


def stage_of(deal_id: UUID) -> str:
    with reading(demo()) as session:
        return session.execute(
            select(Stage.key).join(Deal, Deal.stage_id == Stage.id).where(Deal.id == deal_id)
        ).scalar_one()


def count_in(stage: str) -> int:
    with reading(demo()) as session:
        statement = select(func.count()).select_from(Deal).join(Stage, Stage.id == Deal.stage_id)
        return session.execute(statement.where(Stage.key == stage, Deal.deleted_at.is_(None))).scalar_one()


def shown_count(page: Page, stage: str) -> int:
    return int(page.locator(f"[data-stage={stage}] [data-count]").get_attribute("data-count") or "")


def box_of(page: Page, selector: str) -> FloatRect:
    box = page.locator(selector).first.bounding_box()
    assert box is not None
    return box


def drag(page: Page, deal_id: UUID, onto: str, *, below_its_top: int = 130) -> None:
    """With the mouse, as a hand does it; the button is still down afterwards."""
    start, end = box_of(page, f'[data-deal-id="{deal_id}"]'), box_of(page, onto)
    x, y = end["x"] + 60, end["y"] + below_its_top
    page.mouse.move(start["x"] + 30, start["y"] + 10)
    page.mouse.down()
    page.mouse.move(start["x"] + 40, start["y"] + 2, steps=4)
    page.mouse.move(x, y, steps=20)
    page.mouse.move(x + 2, y - 2, steps=3)


def test_a_card_dragged_with_the_mouse_is_found_in_its_new_column_after_a_reload(page: Page, demo_app: Flask) -> None:
    deal_id = make_deal("Dragged by hand")
    sign_in(page, MANAGER)
    leads, proposals = shown_count(page, "lead"), shown_count(page, "proposal")
    drag(page, deal_id, "[data-stage=proposal]")
    with page.expect_response("**/move") as answer:
        page.mouse.up()
    assert answer.value.status == 200
    expect(page.locator(f'[data-stage=proposal] [data-deal-id="{deal_id}"][data-version="2"]')).to_be_visible()
    assert (shown_count(page, "lead"), shown_count(page, "proposal")) == (leads - 1, proposals + 1)
    page.reload()
    expect(page.locator(f'[data-stage=proposal] [data-deal-id="{deal_id}"]')).to_be_visible()
    assert stage_of(deal_id) == "proposal"
    assert (shown_count(page, "lead"), shown_count(page, "proposal")) == (count_in("lead"), count_in("proposal"))


def names_in_lead(page: Page) -> list[str]:
    return [text.splitlines()[0] for text in page.locator("[data-stage=lead] [data-deal-id]").all_inner_texts()]


def test_a_card_dragged_within_its_column_stays_where_it_was_dropped(page: Page, demo_app: Flask) -> None:
    third, _, first = (make_deal(name) for name in ("Third", "Second", "First"))
    sign_in(page, MANAGER)
    assert names_in_lead(page)[:3] == ["First", "Second", "Third"]
    cards = page.locator("[data-stage=lead] [data-deal-id]")
    drag(page, third, f'[data-deal-id="{first}"]', below_its_top=6)
    with page.expect_response("**/move") as answer:
        page.mouse.up()
    assert answer.value.status == 200
    expect(cards.nth(0)).to_contain_text("Third")
    page.reload()
    assert names_in_lead(page)[:3] == ["Third", "First", "Second"]
    expect(cards.nth(0)).to_have_attribute("data-version", "1")


def test_a_card_that_somebody_else_changed_goes_to_where_it_truly_is(page: Page, demo_app: Flask) -> None:
    deal_id = make_deal("Changed meanwhile")
    sign_in(page, MANAGER)
    edit_deal(demo(), deal_id, DealEdit(name="Changed by Marcus"))
    drag(page, deal_id, "[data-stage=negotiation]")
    with page.expect_response("**/move") as answer:
        page.mouse.up()
    assert answer.value.status == 409
    card = page.locator(f'[data-stage=lead] [data-deal-id="{deal_id}"]')
    expect(card).to_contain_text("Changed by Marcus")
    expect(page.locator("#toasts")).to_contain_text("changed")
    assert stage_of(deal_id) == "lead"


def test_a_failing_server_puts_the_card_back_and_says_so(page: Page, demo_app: Flask) -> None:
    deal_id = make_deal("Server trouble")
    sign_in(page, MANAGER)
    page.route("**/move", lambda route: route.fulfill(status=500, body="no"))
    drag(page, deal_id, "[data-stage=proposal]")
    page.mouse.up()
    expect(page.locator(f'[data-stage=lead] [data-deal-id="{deal_id}"]')).to_be_visible()
    expect(page.locator("#toasts")).not_to_be_empty()
    assert stage_of(deal_id) == "lead"


def test_the_move_menu_works_by_keyboard_alone(page: Page, demo_app: Flask) -> None:
    deal_id = make_deal("Moved by keyboard")
    sign_in(page, MANAGER)
    menu = page.locator(f'[data-deal-id="{deal_id}"] summary')
    menu.focus()
    page.keyboard.press("Enter")
    page.locator(f'[data-deal-id="{deal_id}"] select').select_option(label="Qualified")
    with page.expect_response("**/move"):
        page.locator(f'[data-deal-id="{deal_id}"] button[type=submit]').press("Enter")
    expect(page.locator(f'[data-stage=qualified] [data-deal-id="{deal_id}"]')).to_be_visible()
    assert stage_of(deal_id) == "qualified"


def test_without_javascript_a_form_and_a_button_move_the_card(new_page: Callable[..., Page], demo_app: Flask) -> None:
    deal_id = make_deal("Moved without script")
    page = new_page(java_script_enabled=False)
    sign_in(page, MANAGER)
    card = page.locator(f'[data-deal-id="{deal_id}"]')
    card.locator("summary").click()
    card.locator("select").select_option(label="Proposal")
    card.locator("button[type=submit]").click()
    expect(page.locator(f'[data-stage=proposal] [data-deal-id="{deal_id}"]')).to_be_visible()
    assert stage_of(deal_id) == "proposal"
