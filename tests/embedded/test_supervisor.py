"""The supervisor over real engines and small children: what a crash leaves, what a stop leaves."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from deals_app.embedded import binaries
from deals_app.embedded.instance import running_instance
from deals_app.embedded.lock import InstanceLock
from deals_app.embedded.processes import CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, wait_until
from deals_app.settings import settings_from_environment
from tests.embedded.conftest import Up, all_gone

StartUp = Callable[..., Up]


def libpq(url: object) -> str:
    """The address without SQLAlchemy's driver."""
    return str(url).replace("+psycopg", "")


def ignores(process: psutil.Process, number: int) -> bool:
    """Whether the process has got as far as ignoring the signal."""
    status = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    mask = next(int(line.split()[1], 16) for line in status if line.startswith("SigIgn"))
    return bool(mask >> (number - 1) & 1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything_with_exit_0(start_up: StartUp, tmp_path: Path, number: int) -> None:
    up = start_up(tmp_path)
    up.wait_ready()
    family = up.family()
    names = {process.name() for process in family}
    assert {"postgres", "valkey-server"} <= names
    asked_at = time.monotonic()
    assert up.stop(number)[0] == 0
    assert time.monotonic() - asked_at < 10
    assert all_gone(family, seconds=1)
    assert not list((tmp_path / "postgres").glob("postmaster.pid"))


def test_who_does_not_listen_is_killed_in_time(start_up: StartUp, tmp_path: Path) -> None:
    up = start_up(tmp_path, CHILDREN="stubborn,forking")
    up.wait_ready()
    family = up.family()
    children = psutil.Process(up.process.pid).children()
    assert wait_until(lambda: any(ignores(child, signal.SIGTERM) for child in children), seconds=5)
    asked_at = time.monotonic()
    assert up.stop()[0] == 0
    assert time.monotonic() - asked_at < 10
    assert all_gone(family, seconds=1)


def test_kill_9_leaves_nothing_and_the_next_start_needs_no_help(start_up: StartUp, tmp_path: Path) -> None:
    first = start_up(tmp_path)
    url = libpq(first.wait_ready()["database_url"])
    with psycopg.connect(url.replace("deals_app", "deals_owner")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    family = first.family()
    assert len(family) >= 10
    first.process.kill()
    first.process.wait()
    second = start_up(tmp_path)  # at once: the old ones are still on their way out
    url = libpq(second.wait_ready()["database_url"])
    assert all_gone(family)
    with psycopg.connect(url.replace("deals_app", "deals_owner")) as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)
    assert second.stop()[0] == 0


def test_kill_9_during_the_first_start_heals(start_up: StartUp, tmp_path: Path) -> None:
    first = start_up(tmp_path)
    assert wait_until((tmp_path / "postgres.new").exists, seconds=10)
    first.process.kill()
    first.process.wait()
    second = start_up(tmp_path)
    second.wait_ready()
    assert second.stop()[0] == 0


def test_a_second_one_on_the_same_directory_is_refused(start_up: StartUp, tmp_path: Path) -> None:
    first = start_up(tmp_path)
    first.wait_ready()
    code, errors = start_up(tmp_path).stop(0)
    assert code == 1
    assert f"already runs on {tmp_path}" in errors
    assert first.process.poll() is None
    assert first.stop()[0] == 0


def test_two_side_by_side(start_up: StartUp, tmp_path: Path) -> None:
    ups = [start_up(tmp_path / name) for name in ("one", "two")]
    urls = {str(up.wait_ready()["database_url"]) for up in ups}
    assert len(urls) == 2
    assert [up.stop()[0] for up in ups] == [0, 0]


def test_what_dies_is_started_again(start_up: StartUp, tmp_path: Path) -> None:
    up = start_up(tmp_path)
    up.wait_ready()
    for name in ("postgres", "valkey-server", Path(sys.executable).name):
        victim = next(p for p in psutil.Process(up.process.pid).children() if p.name() == name)
        victim.kill()
        assert wait_until(
            lambda name=name, pid=victim.pid: any(
                p.pid != pid and p.name() == name for p in psutil.Process(up.process.pid).children()
            ),
            seconds=10,
        )
    with running_instance(settings_from_environment({}, data_dir=tmp_path)) as instance:
        psycopg.connect(libpq(instance.database_url)).close()
    assert up.stop()[0] == 0


def test_a_child_that_never_starts_ends_it_with_a_message(start_up: StartUp, tmp_path: Path) -> None:
    up = start_up(tmp_path, CHILDREN="broken")
    code, errors = up.stop(0)
    assert code == 1
    assert "broken does not start" in errors


def test_commands_find_the_running_engines_and_start_their_own_otherwise(start_up: StartUp, tmp_path: Path) -> None:
    settings = settings_from_environment({}, data_dir=tmp_path)
    with running_instance(settings) as alone:
        psycopg.connect(libpq(alone.database_admin_url)).close()
        with running_instance(settings) as guest:
            assert guest.database_url == alone.database_url
    assert InstanceLock(tmp_path).occupant() is None
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(libpq(alone.database_url))
    up = start_up(tmp_path)
    url = up.wait_ready()["database_url"]
    with running_instance(settings) as found:
        assert found.database_url == url
        assert found.redis_url.startswith("unix://")
    assert up.process.poll() is None
    assert up.stop()[0] == 0


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that every user can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a user to step down to")
@pytest.mark.parametrize("limits", [(), ("setpriv", "--bounding-set=-dac_read_search", "--inh-caps=-all")])
def test_root_works_in_a_folder_closed_to_others(start_up: StartUp, limits: tuple[str, ...]) -> None:
    closed = Path(tempfile.mkdtemp())  # 0700, as `mktemp -d` makes it
    for program in (binaries.postgres_bin(), binaries.redis_server()):
        package = next(path for path in program.parents if path.parent.name == "site-packages")
        (closed / package.name).symlink_to(package)
    path = f"{closed}{os.pathsep}{Path(__file__).parents[2]}"
    try:
        up = start_up(closed / "data", python=(*limits, sys.executable), PYTHONPATH=path)
        up.wait_ready()
        engine = next(p for p in psutil.Process(up.process.pid).children() if p.name() == "postgres")
        assert engine.cmdline()[0].startswith(str(closed))
        assert engine.uids().effective != 0
        assert closed.stat().st_mode & 0o077 == 0
        status = Path(f"/proc/{engine.pid}/status").read_text().splitlines()
        kept = next(int(line.split()[1], 16) for line in status if line.startswith("CapEff"))
        assert kept == 1 << (CAP_DAC_OVERRIDE if limits else CAP_DAC_READ_SEARCH)  # and nothing else
        family = up.family()
        up.process.kill()
        up.process.wait()
        assert all_gone(family)
    finally:
        shutil.rmtree(closed)


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests already run as a normal user")
def test_a_normal_user_works(start_up: StartUp, public_folder: Path) -> None:
    data_dir = public_folder / "data"
    data_dir.mkdir()
    os.chown(data_dir, 65534, 65534)
    # The interpreter may lie under /root: only the capability to pass its folders is left of root.
    step_down = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    read = (
        "--inh-caps=-all,+dac_read_search",
        "--ambient-caps=-all,+dac_read_search",
        "--bounding-set=-all,+dac_read_search",
    )
    up = start_up(data_dir, python=(*step_down, *read, sys.executable))
    up.wait_ready()
    assert {p.uids().effective for p in up.family()} == {65534}
    family = up.family()
    assert up.stop()[0] == 0
    assert all_gone(family, seconds=1)
