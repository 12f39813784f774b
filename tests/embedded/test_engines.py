"""The two engines by themselves."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from deals_app.embedded.home import Home, open_home, remove_socket_directory
from deals_app.embedded.postgres import OWNER_ROLE, EmbeddedPostgres
from deals_app.embedded.processes import EmbeddedError
from deals_app.embedded.redis import EmbeddedRedis
from deals_app.settings import APPLICATION_ROLE


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = open_home(tmp_path / "data")
    yield made
    remove_socket_directory(made)


def test_postgres_keeps_its_rows_over_a_stop_and_makes_the_roles(home: Home) -> None:
    postgres = EmbeddedPostgres(home)
    try:
        postgres.start()
        with psycopg.connect(postgres.conninfo(OWNER_ROLE, "deals")) as connection:
            connection.execute("CREATE TABLE kept AS SELECT lower('ÄÖ') AS word")
        with psycopg.connect(postgres.conninfo(APPLICATION_ROLE, "deals"), autocommit=True) as connection:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("SELECT * FROM kept")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("CREATE TABLE mine ()")
            flags = "SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user"
            assert connection.execute(flags).fetchone() == (False, False, False)
        postgres.stop()
        postgres.start()
        with psycopg.connect(postgres.conninfo(OWNER_ROLE, "deals")) as connection:
            assert connection.execute("SELECT word FROM kept").fetchone() == ("äö",)
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    finally:
        postgres.stop()


def test_a_start_heals_what_a_crash_left(home: Home) -> None:
    (home.data_dir / "postgres.new").mkdir()
    (home.data_dir / "postgres.new" / "half").touch()
    postgres = EmbeddedPostgres(home)
    try:
        postgres.start()
        with psycopg.connect(postgres.conninfo(), autocommit=True) as connection:
            connection.execute("DROP DATABASE deals")
            connection.execute("DROP ROLE deals_app")
            connection.execute("ALTER ROLE deals_owner SUPERUSER")
        postgres.stop()
        # A number that a living process of the same user has: ours.
        (home.data_dir / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n{home.data_dir}/postgres\n")
        postgres.start()
        with psycopg.connect(postgres.conninfo(OWNER_ROLE, "deals")) as connection:
            assert connection.execute("SHOW is_superuser").fetchone() == ("off",)
        psycopg.connect(postgres.conninfo(APPLICATION_ROLE, "deals")).close()
    finally:
        postgres.stop()


def test_an_engine_nobody_owns_any_more_is_ended_first(home: Home) -> None:
    first, second = EmbeddedPostgres(home), EmbeddedPostgres(home)
    first_redis, second_redis = EmbeddedRedis(home), EmbeddedRedis(home)
    try:
        first.start()
        first_redis.start()
        second.start()
        second_redis.start()
        assert not first.is_running()
        assert not first_redis.is_running()
        assert second.is_running()
        assert second_redis.is_running()
    finally:
        for engine in (first, second, first_redis, second_redis):
            engine.stop()


def test_redis_keeps_its_keys_and_has_no_port(home: Home) -> None:
    engine = EmbeddedRedis(home)
    try:
        engine.start()
        with redis.Redis.from_url(engine.url()) as client:
            client.set("kept", "yes")
            assert client.config_get("port") == {"port": "0"}
        engine.stop()
        assert not engine.is_running()
        engine.start()
        with redis.Redis.from_url(engine.url()) as client:
            assert client.get("kept") == b"yes"
    finally:
        engine.stop()


def test_sockets_are_private_and_short(tmp_path: Path) -> None:
    home = open_home(tmp_path / ("long" * 30) / ("path" * 30))
    try:
        assert stat.S_IMODE(home.socket_dir.stat().st_mode) == 0o700
        assert len(str(home.socket_dir)) < 80
    finally:
        remove_socket_directory(home)


@pytest.mark.parametrize("kind", ["link", "file", "open"])
def test_a_socket_folder_that_somebody_else_prepared_is_refused(tmp_path: Path, kind: str) -> None:
    home = open_home(tmp_path / "data")
    home.socket_dir.rmdir()
    try:
        if kind == "link":
            home.socket_dir.symlink_to(tmp_path)
        elif kind == "file":
            home.socket_dir.touch()
        else:
            home.socket_dir.mkdir()
            home.socket_dir.chmod(0o777)
        with pytest.raises(EmbeddedError, match="TMPDIR"):
            open_home(tmp_path / "data")
    finally:
        home.socket_dir.rmdir() if kind == "open" else home.socket_dir.unlink()
