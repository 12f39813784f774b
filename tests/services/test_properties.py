"""Whatever people do in whatever order: the ledger tells it, the totals add it up, and undoing all of it ends it."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from deals_app.services.unit_of_work import unit_of_work
from tests.engines import TestEngines
from tests.people import People
from tests.sequences import Run, check, run_sequence, undo_everything
from tests.sql import SUPERUSER, connected

SEEDS = range(12)


def test_random_sequences_hold_and_can_be_undone_whole(people: People) -> None:
    runs = [run_sequence(people, seed) for seed in SEEDS]
    for run in runs:
        undo_everything(run)
    done = {name for run in runs for name in run.tally if ":" not in name}
    assert done >= {"move", "reorder", "edit", "win", "lose", "reopen", "delete", "restore", "bulk", "undo"}


@pytest.fixture
def run(people: People) -> Run:
    return run_sequence(people, 0, steps=5)


def test_a_stage_changed_around_the_service_is_seen(run: Run) -> None:
    with unit_of_work(run.people.mona) as work:
        work.session.execute(
            text(
                "UPDATE deals SET version = version + 1, deleted_at = NULL, probability = s.probability,"
                " stage_id = s.id, status = 'open', actual_close_date = NULL, loss_reason = NULL"
                " FROM stages s WHERE s.key = 'negotiation' AND s.pipeline_id = deals.pipeline_id AND deals.id = :id"
            ),
            {"id": run.ids[0]},
        )
    with pytest.raises(AssertionError, match="without its time"):
        check(run)


def test_a_change_that_the_ledger_was_not_told_of_is_seen(run: Run, engines: TestEngines) -> None:
    with connected(engines, SUPERUSER) as connection:
        connection.execute("ALTER TABLE deals DISABLE TRIGGER ledger_of_changed")
        connection.execute("UPDATE deals SET value = 1, version = version + 1 WHERE id = %s", [run.ids[0]])
    with pytest.raises(AssertionError):
        check(run)
