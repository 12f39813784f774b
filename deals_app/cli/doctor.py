"""`deals doctor`: looks at everything an instance needs and says how to mend what is wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import psycopg
import redis

import deals_app
from deals_app.cli.options import answer, new_command, settings, wants_json
from deals_app.embedded import binaries
from deals_app.embedded.instance import running_instance
from deals_app.embedded.processes import EmbeddedError
from deals_app.services import schema
from deals_app.settings import APPLICATION_ROLE, SHORTEST_SECRET_KEY, Settings, SettingsError

_OLDEST_PYTHON = (3, 11)
_OLDEST_POSTGRES = 15
_OLDEST_REDIS = 7
_SCRIPTS = Path(deals_app.__file__).parent / "static" / "vendor"


@dataclass(frozen=True)
class Finding:
    """One line of the report. `mend` is empty when all is well."""

    subject: str
    state: str
    mend: str = ""

    @property
    def is_good(self) -> bool:
        """Whether nothing has to be done."""
        return not self.mend


@new_command("doctor")
def command() -> None:
    """Check every dependency and say what is wrong and how to mend it."""
    findings = list(_examine())
    answer([{**asdict(finding), "ok": finding.is_good} for finding in findings], "\n".join(map(_line, findings)))
    if problems := [finding for finding in findings if not finding.is_good]:
        if not wants_json():
            click.echo(f"{len(problems)} of {len(findings)} need mending.", err=True)
        raise SystemExit(1)


def _line(finding: Finding) -> str:
    if finding.is_good:
        return f"ok       {finding.subject}: {finding.state}"
    return f"problem  {finding.subject}: {finding.state}\n         -> {finding.mend}"


def _examine() -> Iterator[Finding]:
    yield _python()
    try:
        found = settings()
    except (SettingsError, OSError) as problem:
        yield Finding("settings", str(problem), "Correct that variable; the README has the table of all.")
        return
    # settings() has refused a short one of the environment; this is the kept one.
    if len(found.secret_key) >= SHORTEST_SECRET_KEY:
        yield Finding("secret key", f"{len(found.secret_key)} characters")
    else:
        mend = f"Remove {found.data_dir / 'secret_key'} or set SECRET_KEY; everyone signs in again."
        yield Finding("secret key", "too short", mend)
    yield _data_dir(found)
    yield _scripts(found)
    if not found.database_url:
        yield _engine("embedded PostgreSQL", binaries.postgres_bin)
    if not found.redis_url:
        yield _engine("embedded Redis", binaries.redis_server)
    try:
        with running_instance(found) as instance:
            yield from _database(instance)
            yield _redis(instance)
    except EmbeddedError as problem:
        yield Finding("engines", str(problem), "See the message, and the logs in the data directory.")


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info >= _OLDEST_PYTHON:
        return Finding("Python", version)
    return Finding("Python", version, "Install Python 3.11 or newer and run `make install` again.")


def _data_dir(found: Settings) -> Finding:
    if os.access(found.data_dir, os.W_OK | os.X_OK):
        return Finding("data directory", str(found.data_dir))
    mend = "Choose another --data-dir or change its owner."
    return Finding("data directory", f"{found.data_dir} cannot be written", mend)


def _scripts(found: Settings) -> Finding:
    copies = sorted(path.name for path in _SCRIPTS.glob("*.js"))
    if copies:
        return Finding("local scripts", ", ".join(copies))
    if found.assets == "cdn":
        return Finding("local scripts", "not used (ASSETS=cdn)")
    mend = "Install npm and run `make assets`, or set ASSETS=cdn."
    return Finding("local scripts", "none, pages depend on the CDN", mend)


def _engine(subject: str, find: Callable[[], Path]) -> Finding:
    try:
        return Finding(subject, str(find()))
    except EmbeddedError as problem:
        return Finding(subject, "not found", str(problem))


def _database(instance: Settings) -> Iterator[Finding]:
    try:
        # As the application connects: whoever signs in, it works as its own role.
        options = f"-c role={APPLICATION_ROLE}"
        with psycopg.connect(_libpq(instance.database_url), connect_timeout=5, options=options) as connection:
            yield _database_version(connection)
            yield _database_role(connection)
    except psycopg.Error as problem:
        yield Finding("database", str(problem).strip(), "Check that the server runs and that DATABASE_URL is right.")
        return
    yield _schema(instance)


def _database_version(connection: psycopg.Connection) -> Finding:
    major, minor = divmod(connection.info.server_version, 10000)
    state = f"PostgreSQL {major}.{minor}"
    if major >= _OLDEST_POSTGRES:
        return Finding("database", state)
    return Finding("database", state, f"Upgrade the server to PostgreSQL {_OLDEST_POSTGRES} or newer.")


def _database_role(connection: psycopg.Connection) -> Finding:
    """Row security binds neither superusers nor, unless forced, owners: the application must be neither."""
    row = connection.execute(
        "SELECT rolname, rolsuper, rolbypassrls, EXISTS (SELECT FROM pg_class WHERE relowner = pg_roles.oid)"
        " FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    assert row is not None  # noqa: S101 (for the types: a session always has its role)
    name, is_superuser, bypasses, owns_tables = row
    claims = {"is superuser": is_superuser, "bypasses row security": bypasses, "owns tables": owns_tables}
    faults = [claim for claim, is_true in claims.items() if is_true]
    if not faults:
        return Finding("database role", f"{name} has no more rights than it needs")
    mend = f"ALTER ROLE {name} NOSUPERUSER NOBYPASSRLS; and give its tables to the role of DATABASE_ADMIN_URL."
    return Finding("database role", f"{name} {' and '.join(faults)}", mend)


def _schema(instance: Settings) -> Finding:
    current, head = schema.current_state(instance)
    if current == head:
        return Finding("schema", f"at {head}")
    return Finding("schema", f"at {current or 'nothing'}, the code wants {head}", "Run `deals db upgrade`.")


def _redis(instance: Settings) -> Finding:
    mend = "Check that the server runs and that REDIS_URL is right."
    try:
        with redis.Redis.from_url(instance.redis_url, socket_connect_timeout=5) as client:
            facts = client.info("server")
    except redis.RedisError as problem:
        return Finding("Redis", str(problem), mend)
    version = str(facts.get("valkey_version") or facts.get("redis_version"))
    if int(version.split(".", maxsplit=1)[0]) >= _OLDEST_REDIS:
        return Finding("Redis", f"{facts.get('server_name', 'redis')} {version}")
    return Finding("Redis", version, f"Upgrade the server to Redis {_OLDEST_REDIS} or Valkey 8, or newer.")


def _libpq(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)
