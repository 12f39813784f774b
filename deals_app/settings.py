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
from urllib.parse import urlsplit

# The role the application works as, whoever DATABASE_URL signs in (migrations/walls.py makes it).
APPLICATION_ROLE = "deals_app"
DEFAULT_PUBLIC_URL = "http://127.0.0.1:8000"
DEFAULT_HUBSPOT_URL = "https://api.hubapi.com"
DEFAULT_SALESFORCE_URL = "https://login.salesforce.com"
SHORTEST_SECRET_KEY = 32
# In the data directory.
KEPT_KEY = "secret_key"

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
    webhook_allow_internal: bool
    hubspot_api_url: str
    salesforce_login_url: str
    subscribers: tuple[str, ...]
    hubspot_client_id: str
    hubspot_client_secret: str
    salesforce_client_id: str
    salesforce_client_secret: str

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
    (
        "WEBHOOK_ALLOW_INTERNAL",
        "0",
        "`1`: webhooks may also go to internal addresses and by http. For development; it opens the inner network.",
    ),
    ("HUBSPOT_API_URL", DEFAULT_HUBSPOT_URL, "Where HubSpot is; another one only for `deals simulate hubspot`."),
    (
        "SALESFORCE_LOGIN_URL",
        DEFAULT_SALESFORCE_URL,
        "Where people sign in to Salesforce: a sandbox is at `https://test.salesforce.com`.",
    ),
    (
        "SUBSCRIBERS",
        "none",
        "Comma-separated `package.module:attribute`: your code that hears events in the worker.",
    ),
    ("HUBSPOT_CLIENT_ID", "none", "The HubSpot app that people connect their accounts through."),
    ("HUBSPOT_CLIENT_SECRET", "none", "Its secret; it also signs the webhooks of every account."),
    ("SALESFORCE_CLIENT_ID", "none", "The connected app of Salesforce; a connection may bring its own."),
    ("SALESFORCE_CLIENT_SECRET", "none", "Its secret."),
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
        hubspot_api_url=_vendor_url(env.get("HUBSPOT_API_URL") or DEFAULT_HUBSPOT_URL, "HUBSPOT_API_URL"),
        salesforce_login_url=_vendor_url(
            env.get("SALESFORCE_LOGIN_URL") or DEFAULT_SALESFORCE_URL, "SALESFORCE_LOGIN_URL"
        ),
        trusted_hosts=_list(env.get("TRUSTED_HOSTS", "")),
        subscribers=_list(env.get("SUBSCRIBERS", "")),
        hubspot_client_id=env.get("HUBSPOT_CLIENT_ID", ""),
        hubspot_client_secret=env.get("HUBSPOT_CLIENT_SECRET", ""),
        salesforce_client_id=env.get("SALESFORCE_CLIENT_ID", ""),
        salesforce_client_secret=env.get("SALESFORCE_CLIENT_SECRET", ""),
        webhook_allow_internal=_yes_or_no(env.get("WEBHOOK_ALLOW_INTERNAL") or "0", "WEBHOOK_ALLOW_INTERNAL"),
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
        "SUBSCRIBERS": ",".join(settings.subscribers),
        **more,
    }


def supervisor_pid_from_environment() -> int | None:
    """The `deals up` that started this process, if one did."""
    value = os.environ.get("DEALS_SUPERVISOR_PID", "")
    return int(value) if value.isdecimal() else None


def kept_secret_key(settings: Settings) -> str | None:
    """The key when it is the one that is kept in the data directory; None when the environment gives it."""
    path = settings.data_dir / KEPT_KEY
    return settings.secret_key if path.exists() and path.read_text(encoding="ascii") == settings.secret_key else None


def keep_secret_key(data_dir: Path, key: str) -> None:
    """Another key in the place of the kept one, readable by its owner only; processes that run go on with the old."""
    with tempfile.NamedTemporaryFile("w", dir=data_dir, prefix=".secret_key", encoding="ascii", delete=False) as draft:
        draft.write(key)
        draft.flush()
        os.fsync(draft.fileno())
    Path(draft.name).replace(data_dir / KEPT_KEY)


def _psycopg_url(url: str, name: str) -> str:
    """SQLAlchemy wants the driver named; people write `postgresql://` or the older `postgres://`."""
    if not url:
        return ""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in {"postgresql", "postgres", "postgresql+psycopg"}:
        message = f"{name} must look like postgresql://user:password@host:5432/database, got {scheme!r}"
        raise SettingsError(message)
    return f"postgresql+psycopg://{rest}"


def _vendor_url(value: str, name: str) -> str:
    """Tokens and secrets go there: nothing but https, except to this machine."""
    parts = urlsplit(value)
    is_here = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    if not parts.hostname or parts.scheme not in ({"http", "https"} if is_here else {"https"}):
        message = f"{name} must be an https address, or an http one on this machine; got {value!r}"
        raise SettingsError(message)
    return value.rstrip("/")


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


def _list(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _yes_or_no(value: str, name: str) -> bool:
    if value not in {"0", "1"}:
        message = f"{name} must be 0 or 1, got {value!r}"
        raise SettingsError(message)
    return value == "1"


def _secret_key(given: str, data_dir: Path) -> str:
    """Given, or made on the first start and kept in the data directory, readable by its owner only."""
    if given:
        if len(given) < SHORTEST_SECRET_KEY:
            message = f"SECRET_KEY must have at least {SHORTEST_SECRET_KEY} characters"
            raise SettingsError(message)
        return given
    path = data_dir / KEPT_KEY
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
