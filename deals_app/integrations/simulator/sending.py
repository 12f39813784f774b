"""How a simulated system calls the product: over HTTP, to loopback only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import urllib3

_HERE: Final = frozenset(["127.0.0.1", "localhost", "::1"])
_SECONDS: Final = 10.0


def post(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
    """Status and body of the answer. Raises ValueError for any host but this one, and when nobody listens."""
    if urlsplit(url).hostname not in _HERE:
        message = f"{url} is not on this machine; a simulator calls nobody else"
        raise ValueError(message)
    try:
        answer = urllib3.request(
            "POST", url, body=body, headers=dict(headers), timeout=_SECONDS, retries=False, redirect=False
        )
    except urllib3.exceptions.HTTPError as problem:
        message = f"{url} did not answer"
        raise ValueError(message) from problem
    return answer.status, answer.data.decode(errors="replace")
