"""The guide for receivers says what the code does."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from deals_app.integrations.webhook_sending import Message, signed
from deals_app.services.event_catalogue import CATALOGUE

GUIDE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")
SECRET = "whsec_" + "c2VjcmV0" * 4


def test_its_list_of_events_is_the_catalogue() -> None:
    rows = [f"| `{each.name}` | {each.says} |" for each in CATALOGUE]
    assert "\n".join(rows) in GUIDE


def test_its_openssl_commands_make_our_signature() -> None:
    commands = next(part for part in GUIDE.split("```sh\n")[1:] if "openssl dgst" in part).partition("```")[0]
    message = Message(url="https://x.example", message_id="evt-1", payload={"type": "deal.won"}, secrets=[SECRET])
    body, headers = signed(message, datetime.now(UTC))
    environ = {
        "PATH": str(Path(shutil.which("openssl") or "/usr/bin/openssl").parent) + ":/usr/bin:/bin",
        "SECRET": SECRET,
        "ID": headers["webhook-id"],
        "TIMESTAMP": headers["webhook-timestamp"],
        "BODY": body.decode(),
    }
    made = subprocess.run(["/bin/sh", "-c", commands], env=environ, capture_output=True, check=True)
    assert f"v1,{made.stdout.decode().strip()}" == headers["webhook-signature"]
