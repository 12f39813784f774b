"""The guide for receivers says what the code does."""

from __future__ import annotations

import base64
import hmac
from datetime import UTC, datetime
from pathlib import Path

from deals_app.integrations.webhook_sending import Message, signed
from deals_app.services.event_catalogue import CATALOGUE

GUIDE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")
SECRET = "whsec_" + "c2VjcmV0" * 4


def test_its_list_of_events_is_the_catalogue() -> None:
    rows = [f"| `{each.name}` | {each.says} |" for each in CATALOGUE]
    assert "\n".join(rows) in GUIDE


def test_what_it_says_of_the_signature_is_so() -> None:
    """Its sentence, done by hand: it needs nothing but what every language has."""
    assert (
        "base64 of HMAC-SHA256 over `id.timestamp.body`, its key the base64-decoded secret without\n`whsec_`" in GUIDE
    )
    message = Message(url="https://x.example", message_id="evt-1", payload={"type": "deal.won"}, secrets=[SECRET])
    body, headers = signed(message, datetime.now(UTC))
    told = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body.decode()}"
    made = hmac.digest(base64.b64decode(SECRET.removeprefix("whsec_")), told.encode(), "sha256")
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(made).decode()}"
