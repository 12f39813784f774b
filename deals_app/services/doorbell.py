"""Rings RQ for rows of the outbox. It may lose, repeat or reorder: the outbox is the truth."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from uuid import UUID

from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from deals_app.extensions import redis

log = logging.getLogger(__name__)

QUEUE = "deals"
# A job is ended by its lease, not by RQ's clock: large imports run for minutes and prove that they live as they go.
JOB_SECONDS = 6 * 3600


@dataclass(frozen=True, kw_only=True)
class Ring:
    """Which job to wake for which row; `attempt` keeps the RQ id new, as RQ refuses an id it has seen finish."""

    job: str
    tenant_id: UUID
    outbox_id: UUID
    attempt: int


def ring(call: Ring) -> bool:
    """Queue the job; False when Redis is away (the relay rings again)."""
    try:
        Queue(QUEUE, connection=redis.client, serializer=JSONSerializer).enqueue(  # pyright: ignore[reportUnknownMemberType] (RQ types it so)
            call.job,
            args=(str(call.tenant_id), str(call.outbox_id)),
            job_id=f"{call.outbox_id}-{call.attempt}",
            job_timeout=JOB_SECONDS,
            result_ttl=0,
            failure_ttl=24 * 3600,
        )
    except RedisError as error:
        log.warning("could not ring for %s: %s", call.outbox_id, error)
        return False
    return True
