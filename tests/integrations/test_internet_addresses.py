"""Which addresses are internal, in every disguise that is known."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import Any
from unittest.mock import patch

import pytest

from deals_app.integrations.internet_addresses import (
    Refused,
    demand_no_internal_literal,
    is_outside,
    outside_addresses,
)

INSIDE = (
    "127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "0.0.0.1",
    "192.0.0.1", "198.18.0.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1", "2002:7f00:1::1", "2002:a00:1::",
    # Teredo, whose client (the last 32 bits, inverted) is 127.0.0.1
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
)  # fmt: skip
OUTSIDE = ("8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::1")
DISGUISES = (
    "127.1",
    "0177.0.0.1",
    "2130706433",
    "0x7f.1",
    "0x7f000001",
    "0",
    "::1",
    "::ffff:7f00:1",
    "64:ff9b::7f00:1",
)


@pytest.mark.parametrize("address", INSIDE)
def test_inside(address: str) -> None:
    assert not is_outside(ip_address(address))


@pytest.mark.parametrize("address", OUTSIDE)
def test_outside(address: str) -> None:
    assert is_outside(ip_address(address))


@pytest.mark.parametrize("host", DISGUISES)
def test_a_disguised_loopback_is_refused_when_it_is_named_and_when_it_is_used(host: str) -> None:
    with pytest.raises(Refused, match="internal"):
        demand_no_internal_literal(host)
    with pytest.raises(Refused, match="internal"):
        outside_addresses(host, 443)


def test_a_name_that_resolves_to_loopback_is_refused() -> None:
    demand_no_internal_literal("localhost")
    with pytest.raises(Refused, match="localhost is an internal address"):
        outside_addresses("localhost", 443)
    assert "127.0.0.1" in outside_addresses("localhost", 443, allow_internal=True)


def answering(*answers: tuple[str, ...]) -> Any:
    """A resolver that says something else each time."""
    turns = iter(answers)

    def resolve(_host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in next(turns)]

    return patch("socket.getaddrinfo", resolve)


def test_a_name_with_one_internal_address_among_others_is_refused() -> None:
    with answering(("8.8.8.8", "10.0.0.1")), pytest.raises(Refused, match=r"10\.0\.0\.1"):
        outside_addresses("two-faced.example", 443)


def test_what_was_checked_is_what_is_used() -> None:
    """The name is asked once; whatever it would say the next time is not heard."""
    with answering(("8.8.8.8",), ("127.0.0.1",)):
        assert outside_addresses("rebinding.example", 443) == ["8.8.8.8"]


@pytest.mark.parametrize("host", ["no-such-name.invalid", "a" * 300, "\udcff"])
def test_a_name_without_an_address_is_refused(host: str) -> None:
    with pytest.raises(Refused, match="not found"):
        outside_addresses(host, 443)
