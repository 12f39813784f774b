"""Syntax of e-mail addresses, no more."""

from __future__ import annotations

import pytest

from deals_app.domain.email_address import is_email_address


@pytest.mark.parametrize("text", ["a@a.example", "o'brien+x@sub.example.co.uk", "jörg@müller.example", "1@2.io"])
def test_it_takes_addresses(text: str) -> None:
    assert is_email_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not-an-email",
        "a@b",
        "@a.example",
        "a@@a.example",
        "a b@a.example",
        "A <a@a.example>",
        "a@a.example,b@b.example",
        "a@-a.example",
        "a..b@a.example",
        ".a@a.example",
        "a@a..example",
        "a@a.example\n",
        f"{'a' * 300}@a.example",
    ],
)
def test_it_refuses_the_rest(text: str) -> None:
    assert not is_email_address(text)
