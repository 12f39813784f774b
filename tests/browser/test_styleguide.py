"""The style guide as a browser shows it: every component, in both themes and both contrasts, closed and open."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests.browser.conftest import scrolls_sideways, sign_in, violations

VIEWS = [(scheme, contrast) for scheme in ("light", "dark") for contrast in ("system", "more")]
# Everything that has moved by itself since the page began to load, as browsers add it up.
SHIFTED = """() => new Promise((resolve) => {
  let sum = 0;
  const add = (entries) => { for (const each of entries) sum += each.value };
  const watch = new PerformanceObserver((list) => add(list.getEntries()));
  watch.observe({ type: "layout-shift", buffered: true });
  requestAnimationFrame(() => requestAnimationFrame(() => { add(watch.takeRecords()); resolve(sum) }));
})"""
INK = "getComputedStyle(document.documentElement).getPropertyValue('--ink-soft')"


def guide(page: Page, contrast: str = "system") -> None:
    """Sign in and go there, with the contrast chosen on the page itself."""
    sign_in(page, "manager@demo.example")
    page.goto("/styleguide")
    with page.expect_navigation():
        page.click(f"button[name=contrast][value={contrast}]")
    expect(page.locator("html")).to_have_attribute("data-contrast", contrast)


@pytest.mark.parametrize(("scheme", "contrast"), VIEWS)
def test_every_component_is_accessible_and_fits(
    new_page: Callable[..., Page], demo_app: Flask, scheme: str, contrast: str
) -> None:
    page = new_page(color_scheme=scheme)
    guide(page, contrast)
    for width in (1440, 360):
        page.set_viewport_size({"width": width, "height": 800})
        assert violations(page) == [], width
        assert not scrolls_sideways(page), width


@pytest.mark.parametrize("width", [360, 700, 1440])
def test_what_opens_stays_in_the_window(new_page: Callable[..., Page], demo_app: Flask, width: int) -> None:
    page = new_page(width=width)
    guide(page)
    closed = page.locator("main details:not([open])").all()
    names = [each.locator("summary").inner_text() for each in closed]
    assert {"Tags", "More filters", "Columns", "Add a deal"} <= {name.partition("\n")[0] for name in names}
    page.evaluate("for (const each of document.querySelectorAll('main details:not([open])')) each.dataset.shut = ''")
    stick_out = []
    for number, name in enumerate(names):
        opened = page.locator("main [data-shut]").nth(number)
        opened.evaluate("each => { each.open = true }")
        box = opened.locator("> :not(summary)").bounding_box()
        if scrolls_sideways(page) or box is None or box["x"] < 0 or box["x"] + box["width"] > width:
            stick_out.append((name, box))
        opened.evaluate("each => { each.open = false }")
    assert stick_out == []


def test_what_opens_is_accessible(page: Page, demo_app: Flask) -> None:
    guide(page)
    page.evaluate("for (const each of document.querySelectorAll('main details')) each.open = true")
    assert violations(page) == []


def test_the_list_of_keys_opens_beside_the_page(page: Page, demo_app: Flask) -> None:
    guide(page)
    page.get_by_role("button", name="Show the keys").click()
    expect(page.locator("#guide-keys")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(page.locator("#guide-keys")).to_be_hidden()


def test_selected_rows_are_counted_without_a_script(new_page: Callable[..., Page], demo_app: Flask) -> None:
    page = new_page(java_script_enabled=False)
    guide(page)
    bar = page.get_by_role("group", name="Change the selected deals")
    expect(bar).to_be_visible()
    page.get_by_label("Select Training package – Juniper").check()
    # The number is a counter of the style sheet; the row next to it is not selected.
    assert page.locator("[data-select-row]:checked").count() == 2
    for name in ("Training package – Juniper", "Fleet upgrade – Schreiner"):
        page.get_by_label(f"Select {name}").uncheck()
    expect(bar).to_be_hidden()


def test_a_system_that_asks_for_more_contrast_gets_what_the_choice_gives(
    new_page: Callable[..., Page], demo_app: Flask
) -> None:
    by_system, by_choice, usual = new_page(contrast="more"), new_page(), new_page()
    guide(by_system)
    guide(by_choice, "more")
    guide(usual)
    assert by_system.evaluate(INK) == by_choice.evaluate(INK) != usual.evaluate(INK)


def test_a_panel_on_a_phone_is_a_sheet_from_below(new_page: Callable[..., Page], demo_app: Flask) -> None:
    page = new_page(width=360, height=780, has_touch=True)
    guide(page)
    menu = page.locator("#filters details").first
    menu.locator("summary").tap()
    box = menu.locator(".menu-panel").bounding_box()
    assert box is not None
    assert (box["x"], box["width"], box["y"] + box["height"]) == (0, 360, 780)


def test_what_waits_is_as_high_as_what_comes(page: Page, demo_app: Flask) -> None:
    guide(page)
    heights = page.evaluate("[...document.querySelectorAll('.bones-card, .bones-row')].map(e => e.offsetHeight)")
    assert heights == [94, 94, 44, 44, 44]


# Cumulative layout shift; web.dev calls 0.1 good.
STEADY = 0.02


@pytest.mark.parametrize("width", [360, 1440])
def test_nothing_moves_while_a_page_loads(new_page: Callable[..., Page], demo_app: Flask, width: int) -> None:
    page = new_page(width=width)
    sign_in(page, "manager@demo.example")
    for path in ("/", "/deals", "/analytics", "/forecast", "/ingest", "/settings/profile", "/styleguide"):
        page.goto(path)
        # A fifth of what counts as good: on a slow machine the scripts come after the first paint.
        assert page.evaluate(SHIFTED) < STEADY, path
    page.evaluate("document.querySelector('main').style.marginTop = '200px'")
    assert page.evaluate(SHIFTED) > STEADY
