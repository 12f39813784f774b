"""Whether what the application stands on is there."""

from __future__ import annotations

from functools import cache

from redis.exceptions import RedisError
from sqlalchemy import exc, text

from deals_app.domain.errors import Unavailable
from deals_app.extensions import redis
from deals_app.services.schema import newest_revision
from deals_app.services.unit_of_work import before_tenant


def failing_parts() -> dict[str, str]:
    """What is wrong, by part; empty when all is well."""
    failing: dict[str, str] = {}
    try:
        with before_tenant() as connection:
            revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
        if revision != _head():
            failing["schema"] = f"at {revision}, needs {_head()}: run `deals db upgrade`"
    except Unavailable:
        failing["database"] = "not reachable"
    except exc.SQLAlchemyError:
        failing["schema"] = "missing: run `deals db upgrade`"
    try:
        redis.client.ping()  # pyright: ignore[reportUnknownMemberType] (redis-py types it so)
    except (RedisError, RuntimeError):
        failing["redis"] = "not reachable"
    return failing


@cache
def _head() -> str:
    return newest_revision()
