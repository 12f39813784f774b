"""Addresses that somebody has for ten minutes, by the list of the package disposable_email_domains."""

from __future__ import annotations

from importlib import import_module

from deals_app.domain.mail_domains import domain_of


def is_disposable(address: str) -> bool:
    """True when the domain, or one that it lies below, is on the list."""
    labels = domain_of(address).split(".")
    # Ten thousand names, wanted by public forms only.
    listed = import_module("disposable_email_domains").blocklist
    return any(".".join(labels[start:]) in listed for start in range(len(labels) - 1))
