"""Password hashing: argon2id with OWASP's parameters (m=19456, t=2, p=1: about 56 ms, DEPENDENCIES.md section 1)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

T = TypeVar("T")

MINIMUM_LENGTH = 8
HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def hash_password(password: str) -> str:
    """The hash to store."""
    return _beside_the_hub(lambda: HASHER.hash(password))


def password_matches(stored_hash: str | None, password: str) -> bool:
    """Whether it is the password; takes as long for an unknown person, so that the time tells nothing."""
    return _beside_the_hub(lambda: _verify(stored_hash or _nobodys_hash(), password)) and stored_hash is not None


def _verify(stored_hash: str, password: str) -> bool:
    try:
        return HASHER.verify(stored_hash, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys_hash() -> str:
    return HASHER.hash("nobody")


def _beside_the_hub(work: Callable[[], T]) -> T:
    """In a gevent web process the 56 ms would hold up every other request, so they go to its thread pool."""
    socket_module = sys.modules.get("gevent.monkey")
    if socket_module is None or not socket_module.is_module_patched("socket"):
        return work()
    import gevent

    return gevent.get_hub().threadpool.apply(work)
