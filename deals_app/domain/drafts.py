"""What every source makes of what it was sent: a deal in our words, valid by itself, not yet compared with anything.

Stage, pipeline and owner are still texts: only services know what they mean for this tenant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

NAME_MAX_CHARACTERS = 200


@dataclass(frozen=True, kw_only=True)
class DealDraft:
    """One deal as a source gave it; None and empty mean that it said nothing.

    `given` names the draft fields the source speaks of at all: one that is in `given` and None was sent empty, one
    that is not in `given` leaves a matched deal's field alone. It never holds `custom`, whose keys speak for
    themselves.

    Sources with one date for both (HubSpot's and Salesforce's Close Date) put it into `expected_close_on` *and*
    `closed_on`. So the rule for whoever applies a draft is the same for all: an open deal takes `expected_close_on`,
    a closed one `closed_on`, and `closed_on` of an open deal is not stored.
    """

    name: str
    """1 to 200 characters, trimmed."""
    company: str | None = None
    value_minor: int | None = None
    """Not negative, in minor units of `currency`, or of the tenant's base currency where that is None.

    None is an unknown value, not zero.
    """
    currency: str | None = None
    """ISO 4217; None means the tenant's base currency."""
    stage_text: str | None = None
    """As sent, or "won"/"lost" where the source keeps that apart from the stage; for `stages.find_stage`."""
    probability: Decimal | None = None
    """0 to 100, at most two decimals."""
    expected_close_on: date | None = None
    closed_on: date | None = None
    created_on: date | None = None
    owner_text: str | None = None
    """Name, e-mail address or foreign id of the owner, as sent."""
    contact_email: str | None = None
    contact_name: str | None = None
    description: str | None = None
    source: str | None = None
    """inbound, outbound, referral or partner."""
    tags: tuple[str, ...] = ()
    external_id: str | None = None
    pipeline_text: str | None = None
    loss_reason: str | None = None
    custom: Mapping[str, str] = field(default_factory=dict[str, str])
    """What has no field of ours, by the source's own name for it."""
    given: frozenset[str] = frozenset()
