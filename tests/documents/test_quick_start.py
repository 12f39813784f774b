"""The curl lines of the README, run as they stand by a shell and curl itself against a running server.

What is replaced: the host, the key, the two ids that the reader has to put in, and dates by the rule of `replaying.py`.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import REPOSITORY
from tests.documents.companies import DEALS, Company
from tests.documents.replaying import PRINTED_CUSTOMER, PRINTED_REP, Replay

HOST = "http://127.0.0.1:8000"
DEAL = "019b72b7-339c-73ca-850c-8459913f2cde"
SHELL = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
# A line that goes on after a backslash, or inside quotes.
COMMAND = re.compile(r"(?:\\\n|'[^']*'|\"[^\"]*\"|[^\n'\"\\])+")


def commands() -> list[str]:
    """Those of the quick start, in order."""
    blocks = SHELL.findall((REPOSITORY / "README.md").read_text(encoding="utf-8"))
    (block,) = [each for each in blocks if "$DEAL/win" in each]
    found = [each.strip() for each in COMMAND.findall(re.sub(r"^#.*\n", "", block, flags=re.MULTILINE))]
    return [each for each in found if each]


@pytest.fixture
def curl() -> str:
    if (found := shutil.which("curl")) is None:
        pytest.skip("needs curl to run the README's lines as they stand")
    return found


def run(company: Company) -> Iterator[tuple[str, int, Any]]:
    """Each curl line with its status and answer; ids that are answered take the place of the printed ones."""
    key = company.headers["Authorization"].removeprefix("Bearer ")
    known, replay = {HOST: company.address, PRINTED_REP: str(company.rep)}, Replay(company, None)
    before: list[str] = [f"KEY={key}"]
    for command in commands():
        text = replay.ours_dates(command)
        for printed, ours in known.items():
            text = text.replace(printed, ours)
        if not command.startswith("curl "):
            before.append(text)
            continue
        script = "\n".join([*before, text.replace("curl ", "curl -sS -w '\\n%{http_code}' ", 1)])
        done = subprocess.run(["sh", "-euc", script], capture_output=True, text=True, timeout=60, check=True)  # noqa: S607 (POSIX has it)
        body, _, status = done.stdout.rpartition("\n")
        answer = json.loads(body)
        if status == "201":
            known[PRINTED_CUSTOMER if "/customers" in command else DEAL] = answer["data"]["id"]
        yield command, int(status), answer


def test_it_works_as_printed(curl: str, company: Company) -> None:
    answers = list(run(company))
    assert len(answers) == 10
    for command, status, answer in answers:
        assert status == (201 if " -X POST" in command and "/win" not in command else 200), (command, answer)
        assert answer["status"] == "success"
    deal = answers[6][2]["data"]
    assert (deal["stage"], deal["value"], deal["name"]) == (
        "closed_won",
        60_000_000,
        "Enterprise License + Premium Support",
    )
    assert deal["actual_close_date"] == company.today.isoformat()
    stats, in_stage, won = (answer["data"] for _, _, answer in answers[7:])
    assert stats["stats"]["closed_won"] == len(in_stage) == won["count"] == 1
    assert won["total_value"] == 60_000_000
    assert len(company.done("GET", DEALS)) == 1
