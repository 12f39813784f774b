"""Tokens and secrets of other systems as they are stored: sealed with a key that only the application has."""

from __future__ import annotations

import base64
import hmac

from cryptography.fernet import Fernet, InvalidToken

# Whoever changes it makes every sealed secret unreadable.
PURPOSE = b"deals: secrets of connections"


class SealBroken(Exception):
    """It was sealed under another SECRET_KEY, or is no sealed text."""


class Seal:
    """Closes and opens texts (Fernet: AES-128-CBC with HMAC-SHA256); bound to SECRET_KEY by the app factory."""

    def __init__(self) -> None:
        self._fernet: Fernet | None = None

    def bind(self, secret_key: str) -> None:
        """Its key is made from SECRET_KEY, which itself also signs cookies."""
        made = hmac.digest(secret_key.encode(), PURPOSE, "sha256")
        self._fernet = Fernet(base64.urlsafe_b64encode(made))

    def closed(self, text: str) -> str:
        """As it may be stored; each time another one."""
        return self._key.encrypt(text.encode()).decode()

    def opened(self, sealed: str) -> str:
        """What was closed; raises SealBroken."""
        try:
            return self._key.decrypt(sealed.encode()).decode()
        except InvalidToken as problem:
            message = "It was sealed under another SECRET_KEY"
            raise SealBroken(message) from problem

    @property
    def _key(self) -> Fernet:
        if self._fernet is None:
            message = "no application has been made"
            raise RuntimeError(message)
        return self._fernet


seal = Seal()
