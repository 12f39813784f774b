"""`make bench`: what the product does in a second, as a share of the physical limit measured in the same run."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

import click
import psycopg

from bench.boards import measured_board
from bench.figures import Ratio, machine_facts, machine_line, memory_table, processor_table, record, table_of
from bench.imports import measured_imports
from bench.moves import measured_moves
from bench.processes import watched
from bench.profiles import profile_tables
from bench.scene import Scene, actor_of, bare_application, product, scene

SMALL, LARGE, HUGE = 10_000, 100_000, 1_000_000
RESULT = Path("bench.json")


@click.command()
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1), help="Rounds of each, ours and bare.")
@click.option("--seconds", default=3.0, show_default=True, help="Seconds of load a round.")
@click.option("--huge", is_flag=True, help=f"Also import {HUGE:,} rows, which takes minutes.")
@click.option("--profile", is_flag=True, help="Say instead where the time of a move, a board and an import goes.")
@click.option("--note", is_flag=True, help="Also put what is printed into BENCH.md.")
def main(rounds: int, seconds: float, *, huge: bool, profile: bool, note: bool) -> None:
    """Measure, print the tables, write bench.json."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, scene(Path(folder)) as made:
        facts = machine_facts(made.conninfo)
        if profile:
            text = profile_tables(made, SMALL)
        else:
            with watched() as peaks:
                ratios = _measured(made, rounds, seconds, huge=huge)
            memory = peaks.as_json()
            text = "\n\n".join((table_of(ratios), processor_table(ratios), memory_table(memory), machine_line(facts)))
            taken = round(time.monotonic() - begun)
            result = {"ratios": [each.as_json() for each in ratios], "memory": memory, "machine": facts}
            RESULT.write_text(json.dumps(result | {"taken_seconds": taken}, indent=2) + "\n", encoding="utf-8")
    click.echo(text)
    if note:
        record("profile" if profile else "figures", text)


def _measured(made: Scene, rounds: int, seconds: float, *, huge: bool) -> list[Ratio]:
    smalls = [f"small{number}" for number in range(rounds)]
    with product(made) as port, bare_application(made) as bare_port:
        imports = [measured_imports(made, smalls, SMALL), measured_imports(made, ["large"], LARGE)]
        with psycopg.connect(made.conninfo, autocommit=True) as connection:
            # What autovacuum will have done by the time people look at a board.
            connection.execute("VACUUM (ANALYZE)")
        ports = {"port": port, "bare_port": bare_port, "rounds": rounds, "seconds": seconds}
        small, large = actor_of(smalls[0]), actor_of("large")
        boards = [
            measured_board(small, smalls[0], SMALL, **ports),
            measured_board(large, "large", LARGE, **ports),
        ]
        moves = measured_moves(made, small, smalls[0], **ports)
        if huge:
            imports.append(measured_imports(made, ["huge"], HUGE))
        return [*moves, *boards, *imports]


if __name__ == "__main__":
    main()
