"""How often somebody may ask, counted in Redis over all processes. While Redis is away nobody is refused."""

from __future__ import annotations

import logging
import math
import time
from collections import Counter
from dataclasses import dataclass

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.errors import StorageError
from limits.strategies import MovingWindowRateLimiter

from deals_app.extensions import redis

log = logging.getLogger(__name__)

REQUESTS_PER_SECOND = 200
# Taken from Redis at once while a caller is far from its limit, and given out without asking again.
REQUESTS_AT_ONCE = 10
# From here on each request is counted alone, so that what other processes still hold cannot make the limit smaller.
COUNTED_SINGLY_FROM = REQUESTS_PER_SECOND * 3 // 4

# The count of a second may go once no clock is still in it.
KEPT_SECONDS = 10

ATTEMPTS_PER_ADDRESS = RateLimitItemPerMinute(20, 5)
ATTEMPTS_PER_ACCOUNT = RateLimitItemPerMinute(10, 15)


class RequestRate:
    """What each caller may still ask in the running second of the clock, as far as this process has taken it."""

    def __init__(self) -> None:
        self._second = 0
        self._left: Counter[str] = Counter()
        self._taken_by_all: Counter[str] = Counter()
        self._refused: set[str] = set()

    def exceeded(self, caller: str) -> bool:
        """Count a request; True when it is one too many in this second."""
        if (second := int(time.time())) != self._second:
            self._second = second
            for of_last_second in (self._left, self._taken_by_all, self._refused):
                of_last_second.clear()
        if not self._left[caller] and caller not in self._refused:
            # Other requests run while this one waits for Redis: what is left is looked at afterwards.
            taken = self._take(caller, second)
            self._left[caller] += taken
            if not taken:
                self._refused.add(caller)
        if not self._left[caller]:
            return True
        self._left[caller] -= 1
        return False

    def _take(self, caller: str, second: int) -> int:
        """Take some requests of this second for this process; 0 when all are taken."""
        wanted = REQUESTS_AT_ONCE if self._taken_by_all[caller] < COUNTED_SINGLY_FROM else 1
        try:
            taken = redis.counts.incr(f"requests:{caller}:{second}", expiry=KEPT_SECONDS, amount=wanted)
        except StorageError as error:
            log.warning("requests are not counted: %s", error)
            return REQUESTS_PER_SECOND
        self._taken_by_all[caller] = taken
        return max(0, wanted - max(0, taken - REQUESTS_PER_SECOND))


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A sign-in, by what it counts for: the address it comes from and the account it is for, whoever asks."""

    address: str
    account: str

    @property
    def _counts(self) -> tuple[tuple[RateLimitItem, str], ...]:
        return (ATTEMPTS_PER_ADDRESS, self.address), (ATTEMPTS_PER_ACCOUNT, f"account:{self.account}")

    def seconds_to_wait(self) -> int:
        """0 when it may be tried now; otherwise how long the failures before it shut the door."""
        failures = MovingWindowRateLimiter(redis.counts)
        try:
            for item, who in self._counts:
                if not failures.test(item, who):
                    return max(1, math.ceil(failures.get_window_stats(item, who).reset_time - time.time()))
        except StorageError as error:
            log.warning("sign-ins are not limited: %s", error)
        return 0

    def failed(self) -> None:
        """Count it: only failures do."""
        failures = MovingWindowRateLimiter(redis.counts)
        try:
            for item, who in self._counts:
                failures.hit(item, who)
        except StorageError as error:
            log.warning("a failed sign-in is not counted: %s", error)
