"""Which addresses are outside: what another company could have, and nothing of ours or of the machine's neighbours."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

Address = IPv4Address | IPv6Address

# RFC 6052: an IPv4 address in the last 32 bits, which a translator of the network may take out again.
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")
# RFC 8215: the same for local use; 4291 "IPv4-compatible", obsolete; 3879 site-local, obsolete.
_NEVER: Final = tuple(map(IPv6Network, ("64:ff9b:1::/48", "::/96", "fec0::/10")))


class Refused(ValueError):
    """An address that must not be asked, or a name that has none; the message says why."""


def is_outside(address: Address) -> bool:
    """Whether it is global unicast, and so is every IPv4 address that an IPv6 one carries."""
    if not address.is_global or address.is_multicast or address.is_reserved or address.is_unspecified:
        # 64:ff9b::/96 counts as reserved in some Pythons and as global in others: what it carries decides.
        return isinstance(address, IPv6Address) and address in _TRANSLATED and is_outside(_last_32_bits(address))
    if isinstance(address, IPv4Address):
        return True
    if address.is_site_local or any(address in network for network in _NEVER):
        return False
    return all(is_outside(carried) for carried in _carried(address))


def outside_addresses(host: str, port: int, *, allow_internal: bool = False) -> list[str]:
    """The addresses of a name, each of them checked, to be connected to as they are: a second look-up may lie.

    Raises Refused when there is none, or when one of them is internal: a name that answers both ways is a trick.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        message = f"the name {host} was not found"
        raise Refused(message) from error
    addresses = [str(entry[4][0]) for entry in found]
    if not allow_internal:
        _demand_outside(host, addresses)
    return list(dict.fromkeys(addresses))


def demand_no_internal_literal(host: str) -> None:
    """Raises Refused for an internal address written as one, in any of the ways a resolver understands (127.1, 0x7f.1).

    A name passes: it is looked up each time it is used.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return
    _demand_outside(host, [str(entry[4][0]) for entry in found])


def _demand_outside(host: str, addresses: list[str]) -> None:
    for text in addresses:
        if not is_outside(ip_address(text.partition("%")[0])):
            message = f"{host} is an internal address ({text})" if host != text else f"{host} is an internal address"
            raise Refused(message)


def _carried(address: IPv6Address) -> list[IPv4Address]:
    """The IPv4 addresses inside: mapped, translated, 6to4, and both of Teredo (server and client)."""
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _TRANSLATED:
        found.append(_last_32_bits(address))
    return [each for each in found if each is not None]


def _last_32_bits(address: IPv6Address) -> IPv4Address:
    return IPv4Address(int(address) & 0xFFFF_FFFF)
