"""Which part of a domain somebody has registered (`example` of `mail.example.co.uk`), by the bundled list."""

from __future__ import annotations

from functools import cache
from typing import Any

from deals_app.domain.mail_domains import is_free_mail


@cache
def _extract() -> Any:
    from tldextract import TLDExtract

    return TLDExtract(suffix_list_urls=(), cache_dir=None)


def registered_label(domain: str) -> str | None:
    """The label before the public suffix; None for free-mail providers, addresses, and what is no domain.

    A suffix that the list does not know (`.example`, `.internal`) is taken to be one label long.
    """
    if is_free_mail(domain):
        return None
    try:
        parts = _extract()(domain)
    except (ValueError, UnicodeError):
        return None
    label = str(parts.domain) if parts.suffix else domain.rpartition(".")[0].rpartition(".")[2]
    if not label or label.isdigit() or is_free_mail(f"{parts.domain}.{parts.suffix}"):
        return None
    return _readable(label)


def _readable(label: str) -> str:
    """An international label as people write it."""
    if not label.startswith("xn--"):
        return label
    try:
        return label.encode("ascii").decode("idna")
    except UnicodeError:
        return label
