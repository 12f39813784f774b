"""Where the rules look: the project's own files, and how a breach is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
APP = REPOSITORY / "deals_app"
TEMPLATES = APP / "templates"

# A rule takes a path relative to the repository and the text of the file; it gives a sentence per breach.
Rule = Callable[[str, str], list[str]]


def files(*patterns: str, under: str = "deals_app") -> Iterator[tuple[str, str]]:
    """(path, text) of our files; copies of other people's scripts are not ours."""
    for pattern in patterns:
        for path in sorted((REPOSITORY / under).rglob(pattern)):
            if "vendor" not in path.parts:
                yield path.relative_to(REPOSITORY).as_posix(), path.read_text(encoding="utf-8")


def breaches(rule: Rule, *patterns: str, under: str = "deals_app") -> list[str]:
    """What the rule finds in our files."""
    return [breach for path, text in files(*patterns, under=under) for breach in rule(path, text)]
