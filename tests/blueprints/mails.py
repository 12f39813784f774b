"""Mails as tests send them."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP
from typing import Any
from unittest.mock import patch

from deals_app.services.ingesting import understanding
from tests.blueprints.programs import Api

MAIL = "/api/sales/deals/email"
OURS = frozenset({"ourco.example"})


def send(api: Api, raw: bytes, path: str = MAIL) -> Any:
    """Post a raw mail."""
    return api("POST", path, raw, content_type="message/rfc822")


def as_ours() -> Any:
    """The tenant's people have their addresses at ourco.example, as in the samples."""
    return patch.object(understanding, "own_domains", return_value=OURS)


def written(
    message_id: str | None = "<one@client.example>",
    *,
    subject: str = "Fifty licences",
    text: str = "We would like 50 licences for 12,500 USD.",
    sender: str = "Jo Weber <jo@client.example>",
    answers: str | None = None,
    files: dict[str, bytes] | None = None,
) -> bytes:
    """A mail as it goes over the wire."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = sender, "sales@acme.example", subject
    mail["Date"] = "Tue, 11 Aug 2026 10:00:00 -0700"
    if message_id:
        mail["Message-ID"] = message_id
    if answers:
        mail["In-Reply-To"] = mail["References"] = answers
    mail.set_content(text)
    for name, content in (files or {}).items():
        mail.add_attachment(content, maintype="application", subtype="pdf", filename=name)
    return mail.as_bytes()
