"""The words that a saved view may hold: those its page's address has, read by the page's own parser."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from flask import url_for

from deals_app.blueprints.deal_list import COLUMNS, NAME
from deals_app.blueprints.filters import BOARD_WORDS, WORDS, Asked, asked_by
from deals_app.domain.actor import Actor
from deals_app.domain.around_views import SavedViewView
from deals_app.domain.errors import FieldProblem, Invalid

LONGEST = 500
KNOWN = {
    "deals": (*WORDS, "sort", "columns"),
    # The pipeline stands in the board's path.
    "board": (*BOARD_WORDS, "sort", "closed", "pipeline"),
}
ALL_CLOSED = "all"
COLUMN_KEYS = {NAME.key, *(column.key for column in COLUMNS)}


def checked_words(actor: Actor, page: str, words: Mapping[str, str]) -> dict[str, str]:
    """The words that say something; raises Invalid naming each that the page would not read."""
    said = {word: text.strip() for word, text in words.items() if text.strip()}
    asked = asked_by(actor, {word: text for word, text in said.items() if len(text) <= LONGEST})
    problems = [
        FieldProblem(f"words.{word}", why)
        for word, text in said.items()
        if (why := _wrong(page, asked, word, text)) is not None
    ]
    if problems:
        raise Invalid(*problems)
    return said


def view_url(view: SavedViewView) -> str:
    """The page with the words of a view."""
    words = {word: view.words[word] for word in KNOWN[view.page] if word in view.words}
    if view.page == "deals":
        path = url_for("deals.index")
    else:
        pipeline = words.pop("pipeline", None)
        path = url_for("board.pipeline", pipeline=pipeline) if pipeline else url_for("board.home")
    return f"{path}?{urlencode(words)}" if words else path


def _wrong(page: str, asked: Asked, word: str, text: str) -> str | None:
    """What is wrong with a word, None when the page reads it."""
    if word not in KNOWN.get(page, ()):
        return "is not a word of this page's address"
    if len(text) > LONGEST:
        return f"must have at most {LONGEST} characters"
    if word in asked.problems:
        return asked.problems[word]
    wanted = asked.wanted
    is_read = {
        "pipeline": wanted.pipeline is not None,
        "status": bool(wanted.status),
        "owner": wanted.unassigned or wanted.owner is not None or text == "me",
        "close": bool(wanted.close),
        "sort": bool(asked.sort),
        "closed": text == ALL_CLOSED,
        "columns": set(text.split(",")) <= COLUMN_KEYS,
    }
    return None if is_read.get(word, True) else f"{text!r} is nothing that the page knows"
