"""Rules over templates: plain functions, so that a planted sin is a text."""

from __future__ import annotations

import re

COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
# Attributes that are code or looks inside a tag; `hx-on` runs text as script.
INLINE = re.compile(r"""\s(style|on[a-z]+|hx-on[:\w-]*)\s*=\s*["'{]""", re.IGNORECASE)
SCRIPT = re.compile(r"<script\b(?![^>]*\ssrc=)|<style\b|javascript:", re.IGNORECASE)
UNESCAPED = re.compile(r"\|\s*safe\b|autoescape\s+false", re.IGNORECASE)
# The icons' own paths, a table in the same file.
UNESCAPED_ALLOWED = {"deals_app/templates/components/icons.html": 1}
URL_FOR = re.compile(r"""url_for\(\s*["']([\w.]+)["']""")
FORM = re.compile(r"<form\b[^>]*>.*?</form>", re.IGNORECASE | re.DOTALL)
POSTS = re.compile(r"""^<form\b[^>]*\bmethod=["']?post""", re.IGNORECASE)
# The macros of components/forms.html, and macros of a page that call them.
TOKEN = re.compile(r"""csrf_token|\bcsrf\(\)|\bhidden\(|\bversioned\(\)""")
LITERAL_ID = re.compile(r"""\sid\s*=\s*["'](?!\{\{)""")
ASKS = re.compile(r"\shx-[\w:-]+\s*=|\burl_for\b")


def no_code_in_tags(path: str, source: str) -> list[str]:
    """No inline style, script or handler: the content security policy forbids them, and so do we."""
    return [f"{path}: {what!r}" for pattern in (INLINE, SCRIPT) for what in _found(pattern, source)]


def everything_is_escaped(path: str, source: str) -> list[str]:
    """No `|safe`."""
    return [f"{path}: {what!r}" for what in _found(UNESCAPED, source)[UNESCAPED_ALLOWED.get(path, 0) :]]


def posts_carry_a_token(path: str, source: str) -> list[str]:
    """Every form that posts has a CSRF token; the body's hx-headers serve htmx only."""
    forms = [form for form in FORM.findall(COMMENT.sub("", source)) if POSTS.match(form)]
    return [f"{path}: {form[:80]!r} has no CSRF token" for form in forms if not TOKEN.search(form)]


def components_are_looks(path: str, source: str) -> list[str]:
    """A macro neither asks for anything nor knows where it leads, and has no id but one it was given."""
    if not path.startswith("deals_app/templates/components/"):
        return []
    return [f"{path}: {what!r}" for pattern in (LITERAL_ID, ASKS) for what in _found(pattern, source)]


def endpoints_of(source: str) -> set[str]:
    """The endpoints a template leads to."""
    return set(URL_FOR.findall(COMMENT.sub("", source)))


def _found(pattern: re.Pattern[str], source: str) -> list[str]:
    return [match.group(0).strip() for match in pattern.finditer(COMMENT.sub("", source))]
