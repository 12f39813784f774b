"""What a source makes of what it was sent: drafts of a deal and of a lead, and from which words each fact was taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from deals_app.domain.drafts import DealDraft


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a source must know of the tenant to read what it was sent: its currency, its day, its own mail domains."""

    base_currency: str
    today: date
    own_domains: frozenset[str] = frozenset()
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Of the connection or form it came through, such as a field mapping or the values estimated by company size."""


@dataclass(frozen=True, kw_only=True)
class LeadDraft:
    """The person behind a deal. None means that nothing was said."""

    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    phone: str | None = None
    message: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict[str, str])
    """What qualifies a lead and has no field of its own: company_size, product_interest, utm_source …"""

    @property
    def name(self) -> str:
        """First and last name, as far as known."""
        return " ".join(part for part in (self.first_name, self.last_name) if part)


@dataclass(frozen=True, kw_only=True)
class MailAttachment:
    """A file that came with a mail."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Mail:
    """What a mail says beyond the deal: where it belongs, and what goes on the timeline.

    `message_id` and `thread` (In-Reply-To and References, the nearest first) are without angle brackets.
    """

    message_id: str | None = None
    thread: tuple[str, ...] = ()
    text: str = ""
    """What its sender wrote, without what was quoted."""
    attachments: tuple[MailAttachment, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Understood:
    """One thing that came in, in our words; services decide what becomes of it.

    `set_aside` says why nothing is made of it (an out-of-office note). `is_gone`: the other system has deleted it.
    `merged_ids` are ids of the other system that are this deal now.
    """

    draft: DealDraft | None
    system: str
    """Whose ids `draft.external_id` is one of: hubspot, salesforce, api, email …"""
    lead: LeadDraft | None = None
    value_estimated: bool = False
    changed_at: datetime | None = None
    """When the source says that it last changed, with its zone: an older one never overwrites a newer."""
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Kept whole with the deal."""
    found_in: Mapping[str, str] = field(default_factory=dict[str, str])
    """For each fact that was not simply given in a field of its own: the words it was taken from."""
    mail: Mail | None = None
    set_aside: str | None = None
    is_gone: bool = False
    merged_ids: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SourceField:
    """A field that a source takes: its name, what it is for, an example of it, and whether it must be there."""

    name: str
    says: str
    example: str = ""
    is_required: bool = False
    looks: str = "text"
    """As what a form asks for it: text, email, date, stage, or lines for what may be long."""


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """How far a delivery of many things is: how many had which outcome; those `received` are still waiting."""

    id: UUID
    counts: Mapping[str, int]
    received_at: datetime
    begun_at: datetime | None
    done_at: datetime | None

    @property
    def total(self) -> int:
        """All that came."""
        return sum(self.counts.values())

    def of(self, *outcomes: str) -> int:
        """How many ended so."""
        return sum(self.counts.get(outcome, 0) for outcome in outcomes)
