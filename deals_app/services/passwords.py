"""Password hashing: argon2id with OWASP's parameters (m=19456, t=2, p=1: about 56 ms, DEPENDENCIES.md section 1)."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from deals_app.services.beside_hub import beside_the_hub

MINIMUM_LENGTH = 8
HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def hash_password(password: str) -> str:
    """The hash to store."""
    return beside_the_hub(lambda: HASHER.hash(password))


def password_matches(stored_hash: str | None, password: str) -> bool:
    """Whether it is the password; takes as long for an unknown person, so that the time tells nothing."""
    return beside_the_hub(lambda: _verify(stored_hash or _nobodys_hash(), password)) and stored_hash is not None


def _verify(stored_hash: str, password: str) -> bool:
    try:
        return HASHER.verify(stored_hash, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys_hash() -> str:
    return HASHER.hash("nobody")
