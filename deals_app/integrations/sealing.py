"""Secrets that we must be able to read again (passwords, signing keys): encrypted with a key made from SECRET_KEY."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Final

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

# What the key is for: the same SECRET_KEY gives other purposes other keys (RFC 5869, `info`).
_PURPOSE: Final = b"deals: secrets of connections"
UNREADABLE: Final = "its secrets cannot be read, as SECRET_KEY is another one now; enter them again"


class SealBroken(ValueError):
    """Sealed with another SECRET_KEY, or damaged; the message is for people."""


class Seal:
    """Bound to the application's SECRET_KEY by the app factory."""

    def __init__(self) -> None:
        self._fernet: Fernet | None = None

    def init_key(self, secret_key: str) -> None:
        """Use this SECRET_KEY from now on."""
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret_key.encode())
        self._fernet = Fernet(urlsafe_b64encode(derived))

    def sealed(self, secrets: Mapping[str, str]) -> bytes:
        """What may be stored."""
        return self._bound().encrypt(json.dumps(dict(secrets)).encode())

    def opened(self, sealed: bytes) -> dict[str, str]:
        """What was sealed; raises SealBroken."""
        try:
            return json.loads(self._bound().decrypt(sealed))
        except InvalidToken:
            raise SealBroken(UNREADABLE) from None

    def closed(self, text: str) -> str:
        """A single text as it may be stored; each time another one."""
        return self._bound().encrypt(text.encode()).decode()

    def opened_text(self, sealed: str) -> str:
        """What was closed; raises SealBroken."""
        try:
            return self._bound().decrypt(sealed).decode()
        except InvalidToken:
            raise SealBroken(UNREADABLE) from None

    def _bound(self) -> Fernet:
        if self._fernet is None:
            message = "SECRET_KEY is not set"
            raise RuntimeError(message)
        return self._fernet


seal = Seal()
