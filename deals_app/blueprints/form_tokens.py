"""The token in a public form: which form it is, when it was shown, and what led there, signed by us.

It asks nothing of people: no cookie, no script, no puzzle. A program must fetch the page first, and wait.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from flask import current_app
from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

GOOD_FOR = timedelta(hours=24)
LONGEST_ORIGIN_WORD = 200


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a token says. `at` is None for one that is too old, forged, or another form's: then it is asked again."""

    at: datetime | None = None
    came_from: Mapping[str, str] = field(default_factory=dict[str, str])


def token_for(form_id: UUID, came_from: Mapping[str, str]) -> str:
    """For a form that is shown now; `came_from` are utm_* and referrer."""
    kept = {name: text.replace("\x00", "")[:LONGEST_ORIGIN_WORD] for name, text in came_from.items() if text}
    return cast("str", _signer().dumps([str(form_id), kept]))


def read_token(token: str, form_id: UUID) -> Shown:
    """What it says; never raises."""
    signer = _signer()
    try:
        payload, at = signer.loads(token, max_age=int(GOOD_FOR.total_seconds()), return_timestamp=True)
    except SignatureExpired as error:
        payload, at = signer.load_payload(error.payload or b""), None
    except BadSignature:
        return Shown()
    shown_id, came_from = cast("tuple[str, dict[str, str]]", tuple(payload))
    return Shown(at=at, came_from=came_from) if shown_id == str(form_id) else Shown()


def _signer() -> URLSafeTimedSerializer:  # type: ignore[type-arg] (generic at run time only)
    return URLSafeTimedSerializer(current_app.secret_key or "", salt="public-form")
