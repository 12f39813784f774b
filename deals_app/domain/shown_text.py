"""What came in as people read it: JSON on lines of its own, and the words marked that a fact was taken from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from deals_app.domain.inbox_views import Piece

INDENT = "  "
# Text that is nested deeper than anybody reads would be mostly blanks.
DEEPEST = 20
BLANKS = " \t\r\n"
_NOTHING_INSIDE = re.compile(r"[ \t\r\n]*([}\]])")


def indented(text: str) -> str:
    """JSON with a line for each value. Nothing is read, so numbers and texts stay to the letter, and torn JSON too."""
    return "".join(_lines(text)).strip("\n")


def _lines(text: str) -> Iterator[str]:
    depth = at = 0
    while at < len(text):
        char = text[at]
        if char == '"':
            end = _end_of_string(text, at)
            yield text[at:end]
            at = end
            continue
        if char in "{[":
            if (closed := _NOTHING_INSIDE.match(text, at + 1)) is not None:
                yield char + closed[1]
                at = closed.end()
                continue
            depth += 1
            yield char + _new_line(depth)
        elif char in "}]":
            depth = max(0, depth - 1)
            yield _new_line(depth) + char
        elif char == ",":
            yield char + _new_line(depth)
        elif char == ":":
            yield ": "
        elif char not in BLANKS:
            yield char
        at += 1


def _new_line(depth: int) -> str:
    return "\n" + INDENT * min(depth, DEEPEST)


def _end_of_string(text: str, at: int) -> int:
    end = at + 1
    while end < len(text) and text[end] != '"':
        end += 2 if text[end] == "\\" else 1
    return min(end + 1, len(text))


def pieces(text: str, found_in: Mapping[str, str]) -> tuple[Piece, ...]:
    """The text cut where a fact's words stand, each at their first place; words that are not there mark nothing."""
    facts: dict[tuple[int, int], list[str]] = {}
    for fact, words in found_in.items():
        for written in (words, json.dumps(words, ensure_ascii=False)[1:-1], json.dumps(words)[1:-1]):
            if written and (start := text.find(written)) >= 0:
                facts.setdefault((start, start + len(written)), []).append(fact)
                break
    found: list[Piece] = []
    done = 0
    for (start, end), names in sorted(facts.items()):
        if start < done:
            continue
        found += [Piece(text=text[done:start])] if start > done else []
        found.append(Piece(text=text[start:end], facts=tuple(names)))
        done = end
    return (*found, Piece(text=text[done:])) if done < len(text) else tuple(found)
