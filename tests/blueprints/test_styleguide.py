"""The style guide shows every token and every component, and what it says about contrast is what the colours have."""

from __future__ import annotations

import gzip
import math
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, flash, render_template

from tests.blueprints import contrast
from tests.house_rules.sources import files

Pair = tuple[str, str, list[float]]

TOKENS_CSS = dict(files("tokens.css"))["deals_app/static/css/tokens.css"]
ROW = re.compile(r'<tr data-text="([\w-]+)" data-back="([\w-]+)">(.*?)</tr>', re.DOTALL)
RATIO = re.compile(r'<td class="number">([\d.]+)</td>')
# Each sheet compressed by itself, as they travel.
MOST_CSS_BYTES = 20_000
# Lines of controls and the ring around the focus are no text: WCAG asks 3 of them.
LINES = {"line-strong", "focus"}
HUES = re.compile(r"\.hue-\d \{ --hue: (\d+); \}")
AVATAR = re.compile(r"\.avatar \{.*light-dark\(oklch\(.*", re.MULTILINE)
TINT = re.compile(r"oklch\(([\d.]+) ([\d.]+) var\(--hue, \d+\)\)")
MACRO = re.compile(r"\{% macro (\w+)\(")


@pytest.fixture
def page(sign_in: Callable[[str], Any]) -> str:
    answer = sign_in("alice").get("/styleguide")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def pairs_of(page: str) -> list[Pair]:
    """What the table of contrasts says: text, background, and its four ratios."""
    return [(text, back, [float(ratio) for ratio in RATIO.findall(row)]) for text, back, row in ROW.findall(page)]


def computed(text: str, back: str, css: str) -> list[float]:
    """The ratios of a pair as the guide prints them: light, dark, light and dark with more contrast; rounded down."""
    found = [
        contrast.ratio(tokens[text][mode], tokens[back][mode])
        for tokens in (contrast.usual(css), contrast.with_more_contrast(css))
        for mode in (0, 1)
    ]
    return [math.floor(ratio * 10) / 10 for ratio in found]


def too_low(pairs: Iterable[Pair], css: str) -> list[str]:
    """Pairs that cannot be read well enough: AA as usual, AAA with more contrast."""
    wrong = []
    for text, back, _ in pairs:
        least = (3.0, 3.0, 4.5, 4.5) if text in LINES else (4.5, 4.5, 7.0, 7.0)
        ratios = computed(text, back, css)
        if any(ratio < limit for ratio, limit in zip(ratios, least, strict=True)):
            wrong.append(f"{text} on {back}: {ratios}")
    return wrong


def inks_in_use() -> set[str]:
    """Every token that a rule of ours gives to text."""
    return {ink for _, css in files("*.css") for ink in re.findall(r"[^-]color: var\(--([\w-]+)\)", css)}


def test_the_table_says_what_the_colours_have(page: str) -> None:
    pairs = pairs_of(page)
    assert pairs
    right = [(text, back, computed(text, back, TOKENS_CSS)) for text, back, _ in pairs]
    assert pairs == right, "\n".join(f"  ('{t}', '{b}', ({', '.join(map(str, r))}))," for t, b, r in right)


def test_every_pair_can_be_read(page: str) -> None:
    assert too_low(pairs_of(page), TOKENS_CSS) == []


@pytest.mark.parametrize(
    ("before", "after", "seen"),
    [
        # The usual ink-soft, paler in light; the ring of more contrast, darker in the dark.
        ("--ink-soft: light-dark(oklch(0.465", "--ink-soft: light-dark(oklch(0.6", "ink-soft on paper"),
        ("oklch(0.42 0.14 240), oklch(0.89 ", "oklch(0.42 0.14 240), oklch(0.3 ", "focus on paper"),
    ],
)
def test_a_planted_bad_pair_is_seen(page: str, before: str, after: str, seen: str) -> None:
    assert before in TOKENS_CSS
    assert any(wrong.startswith(seen) for wrong in too_low(pairs_of(page), TOKENS_CSS.replace(before, after)))


def test_black_on_white_is_21() -> None:
    assert contrast.ratio((0.0, 0.0, 0.0), (1.0, 0.0, 0.0)) == pytest.approx(21, abs=0.01)


def test_every_ink_of_our_rules_is_in_the_table(page: str) -> None:
    shown = {text for text, _, _ in pairs_of(page)}
    assert {"ink", "bad"} <= inks_in_use()
    assert inks_in_use() - shown == set()


def test_more_contrast_is_the_same_by_system_and_by_choice() -> None:
    assert contrast.says_it_twice_alike(TOKENS_CSS)
    last = TOKENS_CSS.rindex("--bad:")
    assert not contrast.says_it_twice_alike(TOKENS_CSS[:last] + TOKENS_CSS[last:].replace("0.38", "0.5", 1))


def test_initials_can_be_read_on_every_hue() -> None:
    components = dict(files("components.css"))["deals_app/static/css/components.css"]
    rule = AVATAR.search(components)
    assert rule
    tints = [(float(lightness), float(chroma)) for lightness, chroma in TINT.findall(rule.group(0))]
    light_back, dark_back, light_ink, dark_ink = tints
    for hue in map(float, HUES.findall(TOKENS_CSS)):
        assert contrast.ratio((*light_back, hue), (*light_ink, hue)) >= 7
        assert contrast.ratio((*dark_back, hue), (*dark_ink, hue)) >= 7


def test_every_colour_has_a_swatch(page: str) -> None:
    swatches = dict(files("styleguide.css"))["deals_app/static/css/styleguide.css"]
    for token in contrast.usual(TOKENS_CSS):
        assert f".swatch-{token} {{ background: var(--{token}); }}" in swatches
        assert page.count(f'<span class="swatch swatch-{token}">') == 2


@pytest.mark.parametrize("path", ["/", "/deals"])
def test_the_style_sheets_of_a_page_stay_small(sign_in: Callable[[str], Any], path: str) -> None:
    sheets = {Path(name).stem: css for name, css in files("*.css")}
    linked = re.findall(r'href="/static/css/(\w+)\.css', sign_in("alice").get(path).text)
    assert {"tokens", "base"} < set(linked)
    assert sum(len(gzip.compress(sheets[name].encode())) for name in linked) < MOST_CSS_BYTES


def test_every_component_is_in_the_guide() -> None:
    components = {path: text for path, text in files("*.html") if "/components/" in path}
    guide = "".join(text for path, text in files("*.html") if "/styleguide/" in path)
    missing = {
        f"{Path(path).name}: {name}"
        for path, text in components.items()
        for name in MACRO.findall(text)
        if not re.search(rf"\b{name}\(", guide) and not _helps_another(name, components.values())
    }
    assert missing == set()


def test_a_component_that_is_not_shown_is_seen() -> None:
    assert not _helps_another("toast", ["{% macro toast(text) %}{{ text }}{% endmacro %}"])
    assert _helps_another("csrf", ["{% macro csrf() %}{% endmacro %}{% macro toast() %}{{ csrf() }}{% endmacro %}"])


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ({"theme": "dark"}, ("dark", "system")),
        ({"contrast": "more"}, ("system", "more")),
        ({"theme": "light", "contrast": "more"}, ("light", "more")),
        ({"theme": "<b>", "contrast": "less"}, ("system", "system")),
    ],
)
def test_the_look_is_chosen_and_kept(
    sign_in: Callable[[str], Any], form: dict[str, str], shown: tuple[str, str]
) -> None:
    alice = sign_in("alice")
    assert alice.post("/settings/theme", {**form, "next": "/styleguide"}).headers["Location"] == "/styleguide"
    theme, contrasts = shown
    for path in ("/settings/profile", "/styleguide"):
        page = alice.get(path).get_data(as_text=True)
        assert f'<html lang="en" data-theme="{theme}" data-contrast="{contrasts}">' in page
    pressed = re.findall(r'name="(\w+)" value="(\w+)" aria-pressed="true"', alice.get("/settings/profile").text)
    assert {("theme", theme), ("contrast", contrasts)} <= set(pressed)


def test_an_undo_can_be_flashed(app: Flask) -> None:
    with app.test_request_context():
        said = {"text": "Moved to Proposal.", "undo_url": "/undo/7"}
        flash(said, "success")  # type: ignore[arg-type]  # (Flask keeps whatever JSON can hold)
        page = render_template("errors/page.html", status=404, title="Not found", message="", actor=None)
    form = re.search(r'<form method="post" action="/undo/7" data-undo>(.*?)</form>', page, re.DOTALL)
    assert form
    assert "csrf_token" in form.group(1)
    assert "Undo" in form.group(1)


def _helps_another(macro: str, sources: Iterable[str]) -> bool:
    """Whether another component calls it, which is then its place in the guide."""
    return any(re.search(rf"(?<!macro )\b{macro}\(", text) for text in sources)
