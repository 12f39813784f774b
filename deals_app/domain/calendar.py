"""Which day it is for whom. Times are UTC inside; a day needs somebody's time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

SOON_DAYS = 7


def today_in(time_zone: str, at: datetime | None = None) -> date:
    """The date in an IANA time zone, today's unless another moment is meant."""
    return (at or datetime.now(UTC)).astimezone(ZoneInfo(time_zone)).date()


def closes_soon(expected: date | None, today: date) -> bool:
    """Due today or within a week."""
    return expected is not None and 0 <= (expected - today).days <= SOON_DAYS


def is_overdue(expected: date | None, today: date) -> bool:
    """Should have closed before today."""
    return expected is not None and expected < today
