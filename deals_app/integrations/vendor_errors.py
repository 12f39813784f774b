"""What can go wrong with another system: try later, sign in again, or give up. Whoever asked decides what follows."""

from __future__ import annotations


class VendorError(Exception):
    """Base of them all; the message is for people and holds no token."""


class VendorDown(VendorError):
    """It did not answer, or answered that it is at fault: the same call may work later."""


class RateLimited(VendorDown):
    """It wants us to come back after `seconds`."""

    def __init__(self, message: str, *, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class SignInAgain(VendorError):
    """The access token is no longer good; a refresh may help, else somebody has to connect again."""


class VendorRefused(VendorError):
    """It understood and said no: trying again gives the same answer."""


def seconds_of(retry_after: str | None, *, otherwise: float) -> float:
    """A `Retry-After` header in seconds; `otherwise` when there is none or it is a date."""
    text = (retry_after or "").strip()
    return float(text) if text.isdecimal() and len(text) < len("1000000") else otherwise
