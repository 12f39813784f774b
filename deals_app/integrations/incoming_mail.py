"""A mail as it concerns us, whichever way it came: the shape that its readers make and mail_drafts.py takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from deals_app.domain.inbound import MailAttachment


class MailRefused(ValueError):
    """Too large, too many parts, nested too deep, or no mail at all; the message is a sentence for people."""


@dataclass(frozen=True, kw_only=True)
class IncomingMail:
    """Who wrote what. `sender` is an address with valid syntax, or None when the mail names none."""

    sender: str | None
    sender_name: str | None = None
    subject: str = ""
    """As sent, its `Re:` included."""
    text: str = ""
    """What its sender wrote, without what was quoted."""
    company: str | None = None
    """When a field of its own says it."""
    message_id: str | None = None
    thread: tuple[str, ...] = ()
    sent_at: datetime | None = None
    attachments: tuple[MailAttachment, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict[str, str])
    """What the mail of a web form says in lines of its own: phone, company_size, product_interest, utm_source …"""
    found_in: Mapping[str, str] = field(default_factory=dict[str, str])
    set_aside: str | None = None
    """Why nothing is to be made of it: a sentence."""
