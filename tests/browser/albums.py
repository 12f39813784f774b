"""A way of working as numbered pictures: every step is looked at by axe, and kept where PICTURES names a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from playwright.sync_api import Page

from tests.browser.boards import expect_accessible
from tests.browser.conftest import scrolls_sideways


@dataclass(frozen=True)
class Album:
    """The pictures of one way of working, `touch-1-sign-in.png` the first; with `digits` 2, `touch-01-sign-in.png`."""

    page: Page
    way: str
    digits: int = 1
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def take(self, name: str, *, is_at_rest: bool = True) -> None:
        """At rest a page is accessible and fits; with a card under the finger it is neither."""
        # What is there to be read may still be without its style sheets.
        self.page.wait_for_load_state()
        if is_at_rest:
            expect_accessible(self.page)
            assert not scrolls_sideways(self.page), name
        if folder := os.environ.get("PICTURES"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            number = str(next(self.numbers)).zfill(self.digits)
            self.page.screenshot(path=Path(folder) / f"{self.way}-{number}-{name}.png")
