"""Whole names as first and last names, for systems and people who write them in one."""

from __future__ import annotations


def split_name(name: str | None) -> tuple[str | None, str | None]:
    """First and last name: `John Smith` and `Smith, John`; one word alone is a first name."""
    words = (name or "").split()
    if not words:
        return None, None
    last, comma, first = " ".join(words).partition(",")
    if comma and last.strip() and first.strip():
        return first.strip(), last.strip()
    words = " ".join(words).strip(" ,").split()
    if len(words) < _FIRST_AND_LAST:
        return (words[0] if words else None), None
    return " ".join(words[:-1]), words[-1]


_FIRST_AND_LAST = 2
