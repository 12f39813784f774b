"""`deals simulate` as a process: it says where it is, answers, and ends cleanly when asked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

READY = "Ready on "


@contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and its address."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "deals_app.cli", "simulate", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environ) as process:
        try:
            assert process.stdout is not None
            lines = iter(process.stdout.readline, "")
            address = next(line.strip().removeprefix(READY) for line in lines if line.startswith(READY))
            yield process, address
        finally:
            process.kill()


@pytest.mark.parametrize(("name", "number"), [("hubspot", signal.SIGTERM), ("llm", signal.SIGINT)])
def test_it_says_where_it_is_and_ends_with_exit_0(name: str, number: int) -> None:
    with started(name, "--failures", "1") as (process, address):
        assert requests.get(f"{address}/_faults", timeout=5).json()["failures"] == 1
        process.send_signal(number)
        assert process.wait(timeout=10) == 0


def test_the_mailbox_tells_where_imap_is() -> None:
    with started("mail") as (process, address):
        about = requests.get(address, timeout=5).json()
        assert about["imap"]["port"] > 0
        assert len(about["mails"]) == 8
        process.terminate()
        assert process.wait(timeout=10) == 0


def test_a_taken_port_is_refused_with_a_sentence() -> None:
    with started("salesforce", "--deals", "3") as (_, address):
        port = address.rpartition(":")[2]
        command = [sys.executable, "-m", "deals_app.cli", "simulate", "salesforce", "--port", port]
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        refused = subprocess.run(command, capture_output=True, text=True, env=environ, timeout=30, check=False)
        assert refused.returncode == 1
        assert "port" in refused.stderr
        assert "Traceback" not in refused.stderr
