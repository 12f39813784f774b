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

# What one address sends through one form in a minute: more than the first is looked at by people, more than the second
# is a flood and refused. A site's own server sends for all of its visitors.
POSTS_HELD_FROM = 60
POSTS_REFUSED_FROM = 300
# For so long a Redis that did not answer is not asked again.
REDIS_RESTS_SECONDS = 5

ATTEMPTS_PER_ADDRESS = RateLimitItemPerMinute(20, 5)
ATTEMPTS_PER_ACCOUNT = RateLimitItemPerMinute(10, 15)


class RequestRate:
    """What each caller may still ask in the running second of the clock, as far as this process has taken it."""

    def __init__(self) -> None:
        self._second = 0
        self._left: Counter[str] = Counter()
        self._taken_by_all: Counter[str] = Counter()
        self._refused: set[str] = set()
        # What nobody had taken when the latest request was counted; nothing where that request was not counted anew.
        self._unclaimed: Counter[str] = Counter()

    def exceeded(self, caller: str) -> bool:
        """Count a request; True when it is one too many in this second."""
        if (second := int(time.time())) != self._second:
            self._second = second
            for of_last_second in (self._left, self._taken_by_all, self._refused, self._unclaimed):
                of_last_second.clear()
        self._unclaimed[caller] = 0
        if not self._left[caller] and caller not in self._refused:
            # Other requests run while this one waits for Redis: what is left is looked at afterwards.
            taken = self._take(caller, second)
            self._left[caller] += taken
            self._unclaimed[caller] = max(0, REQUESTS_PER_SECOND - self._taken_by_all[caller])
            if not taken:
                self._refused.add(caller)
        if not self._left[caller]:
            return True
        self._left[caller] -= 1
        if not self._left[caller] and self._taken_by_all[caller] < COUNTED_SINGLY_FROM:
            # One request earlier than needed: who heeds `remaining` would stop at a 0 that is none.
            self._left[caller] += self._take(caller, second)
        return False

    def remaining(self, caller: str) -> int:
        """How many more the caller may certainly make in this second: never more than there are.

        What this process has taken, nobody else can use; what is left in Redis others may take at any moment, so it is
        only told where each request is counted alone and the figure is as new as the request.
        """
        return self._left[caller] or self._unclaimed[caller]

    @property
    def new_at(self) -> int:
        """When all may be made again, in Unix seconds."""
        return self._second + 1

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


class PostRate:
    """What comes through public forms in the running minute, by address and form; counted here while Redis is away."""

    def __init__(self) -> None:
        self._minute = 0
        self._counted_here: Counter[str] = Counter()
        self._redis_rests_until = 0.0

    def count(self, address: str, form_key: str) -> int:
        """Count one; how many there are now."""
        minute = int(time.time() // 60)
        who = f"{form_key}:{address}"
        if time.monotonic() >= self._redis_rests_until:
            try:
                return redis.quick_counts.incr(f"posts:{who}:{minute}", expiry=120)
            except StorageError as error:
                log.warning("forms are counted in this process only: %s", error)
                self._redis_rests_until = time.monotonic() + REDIS_RESTS_SECONDS
        if minute != self._minute:
            self._minute = minute
            self._counted_here.clear()
        self._counted_here[who] += 1
        return self._counted_here[who]


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
