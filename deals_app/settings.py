"""The environment, read once and typed. Nothing else in the project reads `os.environ`."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

# The role the application works as, whoever DATABASE_URL signs in (migrations/walls.py makes it).
APPLICATION_ROLE = "deals_app"
DEFAULT_PUBLIC_URL = "http://127.0.0.1:8000"
SHORTEST_SECRET_KEY = 32

AssetsSource = Literal["cdn", "local", "auto"]
ASSETS_SOURCES: tuple[AssetsSource, ...] = get_args(AssetsSource)


class SettingsError(ValueError):
    """A setting is missing or malformed; the message names the variable and what would be right."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One field per environment variable; the README's table is made from `FIELD_NOTES`."""

    data_dir: Path
    database_url: str
    database_admin_url: str
    redis_url: str
    secret_key: str
    public_url: str
    assets: AssetsSource
    metrics_token: str
    max_upload_bytes: int
    trusted_hosts: tuple[str, ...]

    @property
    def cookies_need_https(self) -> bool:
        """Cookies carry `Secure` as soon as the public address is an https one."""
        return self.public_url.startswith("https://")


FIELD_NOTES: tuple[tuple[str, str, str], ...] = (
    ("DATABASE_URL", "embedded", "PostgreSQL 15 or newer. The application always works as the role `deals_app`."),
    (
        "DATABASE_ADMIN_URL",
        "DATABASE_URL",
        "The role that owns the schema: migrations, relay, demo data. No superuser needed.",
    ),
    ("REDIS_URL", "embedded", "Redis 7 or Valkey 8 and newer."),
    (
        "SECRET_KEY",
        "made and kept in the data directory",
        "Signs cookies. At least 32 characters; the same on every machine.",
    ),
    ("PUBLIC_URL", DEFAULT_PUBLIC_URL, "The address people use. With https, cookies become `Secure` and HSTS is sent."),
    ("DEALS_DATA_DIR", ".data", "Where the embedded engines and the secret key live."),
    (
        "ASSETS",
        "auto",
        "`cdn`: scripts from the CDN; `local`: own copies; `auto`: CDN, own copies when it does not answer.",
    ),
    ("METRICS_TOKEN", "none", "Bearer token for `/metrics`; without it only loopback may read."),
    ("MAX_UPLOAD_MB", "200", "Largest file an import takes."),
    ("TRUSTED_HOSTS", "any", "Comma-separated host names the server answers to."),
)


def settings_from_environment(environ: Mapping[str, str] | None = None, *, data_dir: Path | None = None) -> Settings:
    """Read the environment; raises SettingsError naming the variable that is wrong. `data_dir` is `--data-dir`."""
    env = os.environ if environ is None else environ
    data_dir = (data_dir or Path(env.get("DEALS_DATA_DIR") or ".data")).absolute()
    database_url = env.get("DATABASE_URL", "")
    return Settings(
        data_dir=data_dir,
        database_url=_psycopg_url(database_url, "DATABASE_URL"),
        database_admin_url=_psycopg_url(env.get("DATABASE_ADMIN_URL") or database_url, "DATABASE_ADMIN_URL"),
        redis_url=env.get("REDIS_URL", ""),
        secret_key=_secret_key(env.get("SECRET_KEY", ""), data_dir),
        public_url=env.get("PUBLIC_URL") or DEFAULT_PUBLIC_URL,
        assets=_assets(env.get("ASSETS") or "auto"),
        metrics_token=env.get("METRICS_TOKEN", ""),
        max_upload_bytes=_megabytes(env.get("MAX_UPLOAD_MB") or "200"),
        trusted_hosts=tuple(host.strip() for host in env.get("TRUSTED_HOSTS", "").split(",") if host.strip()),
    )


def environment_for_children(settings: Settings, **more: str) -> dict[str, str]:
    """Our own environment with what we found out added, for the processes that `deals up` starts."""
    return {
        **os.environ,
        "DEALS_DATA_DIR": str(settings.data_dir),
        "DATABASE_URL": settings.database_url,
        "DATABASE_ADMIN_URL": settings.database_admin_url,
        "REDIS_URL": settings.redis_url,
        "SECRET_KEY": settings.secret_key,
        "PUBLIC_URL": settings.public_url,
        **more,
    }


def supervisor_pid_from_environment() -> int | None:
    """The `deals up` that started this process, if one did."""
    value = os.environ.get("DEALS_SUPERVISOR_PID", "")
    return int(value) if value.isdecimal() else None


def _psycopg_url(url: str, name: str) -> str:
    """SQLAlchemy wants the driver named; people write `postgresql://` or the older `postgres://`."""
    if not url:
        return ""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in {"postgresql", "postgres", "postgresql+psycopg"}:
        message = f"{name} must look like postgresql://user:password@host:5432/database, got {scheme!r}"
        raise SettingsError(message)
    return f"postgresql+psycopg://{rest}"


def _assets(value: str) -> AssetsSource:
    if value not in ASSETS_SOURCES:
        message = f"ASSETS must be one of {', '.join(ASSETS_SOURCES)}, got {value!r}"
        raise SettingsError(message)
    return cast("AssetsSource", value)


def _megabytes(value: str) -> int:
    if not value.isdecimal() or int(value) == 0:
        message = f"MAX_UPLOAD_MB must be a whole number of megabytes above 0, got {value!r}"
        raise SettingsError(message)
    return int(value) * 1024 * 1024


def _secret_key(given: str, data_dir: Path) -> str:
    """Given, or made on the first start and kept in the data directory, readable by its owner only."""
    if given:
        if len(given) < SHORTEST_SECRET_KEY:
            message = f"SECRET_KEY must have at least {SHORTEST_SECRET_KEY} characters"
            raise SettingsError(message)
        return given
    path = data_dir / "secret_key"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        # Written aside and linked, so that neither a crash nor a second process ever sees half a key.
        with tempfile.NamedTemporaryFile("w", dir=data_dir, prefix=".secret_key", encoding="ascii") as draft:
            draft.write(secrets.token_urlsafe(48))
            draft.flush()
            os.fsync(draft.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(draft.name, path)
    return path.read_text(encoding="ascii")
