"""Webhooks: when a message is tried again, and how endpoints and deliveries look to those who watch them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

# After the first attempt, the second …: those of the Standard Webhooks specification, and on until the 24 h are over.
RETRY_SECONDS: Final = (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 36_000)
JITTER: Final = 0.1
# An endpoint to which nothing gets through is tried more and more seldom, with one message at a time …
REST_SECONDS: Final = (5, 15, 30, 60, 120, 300)
# … and after this long not at all: before its first message is given up, so that nothing has to be replayed.
DISABLED_AFTER: Final = timedelta(hours=24)
# The test message is no event of a deal.
TEST_EVENT: Final = "webhook.test"
STATES: Final = ("active", "disabled")
DELIVERY_STATES: Final = ("pending", "delivered", "failed")


def retry_after(tries: int) -> timedelta | None:
    """How long to wait after the `tries`-th attempt failed, give or take a tenth; None: it is given up."""
    if tries > len(RETRY_SECONDS):
        return None
    return timedelta(seconds=RETRY_SECONDS[tries - 1] * random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311 (no secret)


def rest_after(failures_in_row: int) -> timedelta:
    """How long an endpoint rests when that many attempts in a row failed and none got through."""
    return timedelta(seconds=REST_SECONDS[min(failures_in_row, len(REST_SECONDS)) - 1])


@dataclass(frozen=True, kw_only=True)
class EndpointView:
    """An endpoint without its secret; no `event_types` means all."""

    id: UUID
    url: str
    description: str
    event_types: tuple[str, ...]
    state: str
    disabled_reason: str | None
    disabled_at: datetime | None
    failing_since: datetime | None
    old_secret_until: datetime | None
    waiting: int
    failed: int
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def is_active(self) -> bool:
        """Whether it is told anything."""
        return self.state == "active"


@dataclass(frozen=True, kw_only=True)
class DeliveryView:
    """What became of one event at one endpoint; of a pending one, `next_attempt_at` is when it is tried."""

    id: UUID
    event_id: UUID
    event_type: str
    deal_id: UUID | None
    state: str
    attempts: int
    next_attempt_at: datetime | None
    status_code: int | None
    error: str | None
    response: str | None
    duration_ms: int | None
    attempted_at: datetime | None
    delivered_at: datetime | None
    created_at: datetime
