"""A request that is sent again gets the answer it was given the first time, and does nothing again.

The answer is written in the transaction of what was done: after a crash either both are there or neither.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, insert, select

from deals_app.domain.actor import Actor
from deals_app.domain.errors import FieldProblem, Invalid, KeyInUse
from deals_app.models import GivenAnswer
from deals_app.services.unit_of_work import UnitOfWork, one_transaction

KEPT = timedelta(hours=24)
LONGEST_KEY = 255
# Those that have expired go a few at a time, with the requests that come.
FORGOTTEN_AT_ONCE = 100


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was answered: status, the headers that belong to it, and the bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Asking:
    """A request under its key. `given` is the answer it got before; without one, `keep` what is answered now."""

    given: Answer | None
    kept: Answer | None = None

    def keep(self, answer: Answer) -> None:
        """Remember a good answer together with what was done."""
        self.kept = answer


@contextmanager
def asked_once(actor: Actor, key: str, request_hash: bytes) -> Generator[Asking]:
    """One transaction around a request, which raises what it refuses. Keys are per tenant and live a day.

    Raises Invalid for a key that is none, KeyInUse when the same key came with another request (IDEMPOTENCY_CONFLICT)
    or the first request under it still runs (IDEMPOTENCY_IN_PROGRESS).
    """
    if not (1 <= len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        raise Invalid(FieldProblem("Idempotency-Key", f"must have 1 to {LONGEST_KEY} printable ASCII characters"))
    with one_transaction(actor) as work:
        asking = Asking(_given(work, key, request_hash))
        yield asking
        if asking.kept is not None:
            _keep(work, key, request_hash, asking.kept)


def _given(work: UnitOfWork, key: str, request_hash: bytes) -> Answer | None:
    lock = func.hashtextextended(f"answer:{work.actor.tenant_id}:{key}", 0)
    if not work.session.scalar(select(func.pg_try_advisory_xact_lock(lock))):
        message = "The first request with this Idempotency-Key is still running; ask again in a moment"
        raise KeyInUse(message, code="IDEMPOTENCY_IN_PROGRESS")
    oldest = datetime.now(UTC) - KEPT
    found = work.session.execute(
        select(GivenAnswer.request_hash, GivenAnswer.status, GivenAnswer.headers, GivenAnswer.body).where(
            GivenAnswer.key == key, GivenAnswer.created_at >= oldest
        )
    ).one_or_none()
    if found is None:
        return None
    if found.request_hash != request_hash:
        message = "This Idempotency-Key was used for another request; use a new one"
        raise KeyInUse(message, code="IDEMPOTENCY_CONFLICT")
    return Answer(status=found.status, headers=found.headers, body=found.body)


def _keep(work: UnitOfWork, key: str, request_hash: bytes, answer: Answer) -> None:
    expired = (
        select(GivenAnswer.key)
        .where(GivenAnswer.created_at < datetime.now(UTC) - KEPT)
        .order_by(GivenAnswer.created_at)
        .limit(FORGOTTEN_AT_ONCE)
    )
    work.session.execute(
        delete(GivenAnswer).where((GivenAnswer.key == key) | GivenAnswer.key.in_(expired)),
        execution_options={"synchronize_session": False},
    )
    work.session.execute(
        insert(GivenAnswer).values(
            tenant_id=work.actor.tenant_id,
            key=key,
            request_hash=request_hash,
            status=answer.status,
            headers=dict(answer.headers),
            body=answer.body,
        )
    )
