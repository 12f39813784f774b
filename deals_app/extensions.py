"""The extension objects, unbound; `app.py` binds them. Nothing here knows a table or a route."""

from __future__ import annotations

import time
from typing import Any

from flask_login import LoginManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFProtect
from limits.storage import RedisStorage
from redis import Redis
from sqlalchemy import Engine, event, exc
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """Base of every model (`db.Model` would hide the types from the checkers, DEPENDENCIES.md section 1)."""


db = SQLAlchemy(metadata=Base.metadata)
migrate = Migrate()
login = LoginManager()
csrf = CSRFProtect()


# What was used so recently is alive; what has rested longer is asked first. A round trip before each transaction, as
# SQLAlchemy's own `pool_pre_ping` makes it, was a tenth of a request.
TRUSTED_SECONDS = 1.0


def ask_after_rest(engine: Engine) -> None:
    """Ask a pooled connection whether it still lives before it is used again; a dead one makes the pool anew."""

    @event.listens_for(engine, "checkin")
    def _rests(_connection: Any, record: Any) -> None:
        record.info["rests_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _wakes(connection: Any, record: Any, _proxy: Any) -> None:
        since = record.info.get("rests_since")
        if since is None or time.monotonic() - since < TRUSTED_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise exc.InvalidatePoolError from error


class RedisConnection:
    """The one Redis client of a process, bound to its URL by the app factory."""

    def __init__(self) -> None:
        self._client: Redis | None = None
        self._counts: RedisStorage | None = None

    def init_url(self, url: str) -> None:
        """Bind; the connection itself is made on first use."""
        self._client = Redis.from_url(url, socket_connect_timeout=2, health_check_interval=30)
        # Over the same connections; the URL only names the kind.
        self._counts = RedisStorage("redis://", connection_pool=self._client.connection_pool, wrap_exceptions=True)

    @property
    def client(self) -> Redis:
        """The client; RuntimeError before the app was made."""
        if self._client is None:
            message = "REDIS_URL is not set"
            raise RuntimeError(message)
        return self._client

    @property
    def counts(self) -> RedisStorage:
        """Where rate limits are counted; RuntimeError before the app was made."""
        if self._counts is None:
            message = "REDIS_URL is not set"
            raise RuntimeError(message)
        return self._counts


redis = RedisConnection()
