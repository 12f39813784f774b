"""The extension objects, unbound; `app.py` binds them. Nothing here knows a table or a route."""

from __future__ import annotations

from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFProtect
from redis import Redis
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """Base of every model (`db.Model` would hide the types from the checkers, DEPENDENCIES.md section 1)."""


db = SQLAlchemy(metadata=Base.metadata)
migrate = Migrate()
login = LoginManager()
csrf = CSRFProtect()
limiter = Limiter(key_func=get_remote_address, headers_enabled=True, swallow_errors=True, strategy="moving-window")


class RedisConnection:
    """The one Redis client of a process, bound to its URL by the app factory."""

    def __init__(self) -> None:
        self._client: Redis | None = None

    def init_url(self, url: str) -> None:
        """Bind; the connection itself is made on first use."""
        self._client = Redis.from_url(url, socket_connect_timeout=2, health_check_interval=30)

    @property
    def client(self) -> Redis:
        """The client; RuntimeError before the app was made."""
        if self._client is None:
            message = "REDIS_URL is not set"
            raise RuntimeError(message)
        return self._client


redis = RedisConnection()
