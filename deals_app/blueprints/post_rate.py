"""How much comes through public forms from one address, counted by the page and the API together."""

from __future__ import annotations

from typing import Final

from flask import request
from werkzeug.exceptions import TooManyRequests

from deals_app.services.rate_limits import POSTS_HELD_FROM, POSTS_REFUSED_FROM, PostRate

FLOOD: Final = "Very many messages came from your network within a minute. Please wait a moment, then send yours again."
_RETRY_SECONDS: Final = 60

rate = PostRate()


def comes_often(form_key: str) -> bool:
    """Count what comes from this address; True when it is more than people send, TooManyRequests for a flood."""
    count = rate.count(request.remote_addr or "unknown", form_key)
    if count > POSTS_REFUSED_FROM:
        raise TooManyRequests(FLOOD, retry_after=_RETRY_SECONDS)
    return count > POSTS_HELD_FROM
