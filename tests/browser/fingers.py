"""One finger on the glass of a phone, as the browser's own input sees it."""

from __future__ import annotations

from playwright.sync_api import CDPSession, Locator, Page, expect

# Longer than a tap: the board waits 220 ms.
PICKED_UP = """() => document.querySelector(".is-chosen") !== null"""


class Finger:
    """Touches at one point at a time, in pixels of the viewport."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.y = 0.0
        self.session: CDPSession = page.context.new_cdp_session(page)

    def down(self, x: float, y: float) -> None:
        self.y = y
        self._touch("touchStart", x)

    def move(self, x: float) -> None:
        """Sideways."""
        self._touch("touchMove", x)

    def up(self) -> None:
        self.session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def pick_up(self, card: Locator) -> None:
        """A long press on a card, and a first move with it."""
        box = card.bounding_box()
        assert box is not None
        x = box["x"] + box["width"] / 2
        self.down(x, box["y"] + box["height"] / 2)
        self.page.wait_for_function(PICKED_UP)
        self.move(x + 10)

    def hold_at(self, x: float, *, until: Locator) -> None:
        """Held there, as still as a hand can, until something is to be seen."""
        for nudge in range(600):
            if until.count():
                break
            self.move(x - nudge % 3)
            self.page.evaluate("() => new Promise(requestAnimationFrame)")
        expect(until).to_be_attached()

    def _touch(self, kind: str, x: float) -> None:
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": self.y}]})
