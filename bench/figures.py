"""What was measured, as a table for people and as JSON for programs."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from bench.load import Rate

NOTHING = 0.01
NOTES = Path("BENCH.md")


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """A rate of ours beside the physical limit of the same run, both per second, one figure a round."""

    name: str
    unit: str
    ours: tuple[float, ...]
    limit: tuple[float, ...]
    demanded: float | None
    limit_is: str
    facts: dict[str, Any]
    milliseconds: dict[str, float] = field(default_factory=dict[str, float])
    limit_milliseconds: dict[str, float] = field(default_factory=dict[str, float])

    @classmethod
    def of_loads(cls, name: str, rounds: Sequence[tuple[Rate, Rate]], **about: Any) -> Ratio:
        """Rounds of a load on the product and one on the bare application, in turns."""
        ours, limit = zip(*rounds, strict=True)
        return cls(
            name=name,
            ours=tuple(each.per_second for each in ours),
            limit=tuple(each.per_second for each in limit),
            milliseconds=_medians([each.milliseconds for each in ours]),
            limit_milliseconds=_medians([each.milliseconds for each in limit]),
            **about,
        )

    @property
    def value(self) -> float:
        """The share of the limit: median over median, so that one disturbed round does not decide."""
        return median(self.ours) / median(self.limit)

    def as_json(self) -> dict[str, Any]:
        """Named fields."""
        return {
            "name": self.name,
            "unit": self.unit,
            "per_second": round(median(self.ours), 1),
            "limit_per_second": round(median(self.limit), 1),
            "ratio": round(self.value, 3),
            "demanded_ratio": self.demanded,
            "limit_is": self.limit_is,
            "rounds": [round(each, 1) for each in self.ours],
            "limit_rounds": [round(each, 1) for each in self.limit],
            "processor_milliseconds": self.milliseconds,
            "limit_processor_milliseconds": self.limit_milliseconds,
            **self.facts,
        }


def table_of(ratios: list[Ratio]) -> str:
    """One line a ratio."""
    lines = [f"{'':22}{'ours':>12}{'limit':>12}{'ratio':>8}  demanded  the limit is"]
    for each in ratios:
        demanded = f">= {each.demanded:.2f}" if each.demanded is not None else "-"
        lines.append(
            f"{each.name:22}{median(each.ours):10,.0f}/s{median(each.limit):10,.0f}/s{each.value:8.2f}  {demanded:8}"
            f"  {each.limit_is}"
        )
    return "\n".join(lines)


def processor_table(ratios: list[Ratio]) -> str:
    """What an answer costs, whoever else was busy on the machine at the time."""
    lines = ["processor time of one answer in milliseconds"]
    for each in ratios:
        for whose, spent in ((each.name, each.milliseconds), ("  its limit", each.limit_milliseconds)):
            if spent:
                parts = ", ".join(f"{kind} {value:.2f}" for kind, value in spent.items())
                lines.append(f"{whose:22}{sum(spent.values()):12.2f}  {parts}")
    return "\n".join(lines)


def memory_table(peaks: dict[str, Any]) -> str:
    """One line a kind of process, then the sum."""
    lines = [f"{'peak memory':22}{'processes':>12}{'largest':>12}"]
    for kind, facts in peaks["kinds"].items():
        lines.append(f"{kind:22}{facts['processes']:12}{facts['largest_megabytes']:9} MB")
    lines.append(f"{'all of them together':22}{'':12}{peaks['together_megabytes']:9} MB  (shared pages counted once)")
    return "\n".join(lines)


def record(name: str, text: str) -> None:
    """Put a text into BENCH.md, between the marks of this name."""
    page = NOTES.read_text(encoding="utf-8")
    before, start, rest = page.partition(f"<!-- {name} -->\n")
    _, end, after = rest.partition(f"<!-- end of {name} -->")
    if not (start and end):
        message = f"{NOTES} has no place for {name}"
        raise RuntimeError(message)
    NOTES.write_text(f"{before}{start}```\n{text}\n```\n{end}{after}", encoding="utf-8")


def machine_line(facts: dict[str, Any]) -> str:
    """On what, in one line."""
    return (
        f"{date.today().isoformat()}: {facts['cores']} cores ({facts['processor']}), {facts['system']},"  # noqa: DTZ011 (the day of whoever runs it)
        f" Python {facts['python']}, PostgreSQL {facts['postgres']}"
    )


def _medians(rounds: Sequence[dict[str, float]]) -> dict[str, float]:
    """Of each kind the median, the largest first; what is next to nothing is left out."""
    kinds = {kind for spent in rounds for kind in spent}
    found = {kind: round(median(spent.get(kind, 0.0) for spent in rounds), 3) for kind in kinds}
    return dict(sorted(((k, v) for k, v in found.items() if v >= NOTHING), key=lambda item: -item[1]))


def machine_facts(conninfo: str) -> dict[str, Any]:
    """What the figures were taken on."""
    with psycopg.connect(conninfo) as connection:
        row = connection.execute("SHOW server_version").fetchone()
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "postgres": row[0] if row else "",
        "psycopg": psycopg.__version__,
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123 (a line of /proc, not a path of ours)
            return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    except OSError:
        return platform.processor()
