"""A person and an import at the same deal at the same moment: the import sees what the person did."""

from __future__ import annotations

import threading

from flask import Flask
from sqlalchemy import select

from deals_app.embedded.processes import wait_until
from deals_app.models import Deal
from deals_app.services.queries.import_rows import rejected_rows
from deals_app.services.unit_of_work import reading, unit_of_work
from tests.engines import TestEngines
from tests.filled import import_file
from tests.people import People
from tests.sql import SUPERUSER, Connection, connected, one

FILE = "ID,Name,Stage,Value\n1,One,{stage},{value}\n"
CLOSE = """
    UPDATE deals d SET stage_id = s.id, status = s.status, probability = 100, actual_close_date = current_date,
        version = version + 1 FROM stages s WHERE s.key = 'closed_won' AND s.tenant_id = d.tenant_id
"""


def waits_for_a_lock(connection: Connection) -> bool:
    return bool(one(connection, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))


def test_an_import_never_overwrites_what_was_dragged_meanwhile(
    app: Flask, people: People, engines: TestEngines
) -> None:
    import_file(people.mona, FILE.format(stage="Lead", value=100))
    imports = []

    def import_again() -> None:
        with app.app_context():
            imports.append(import_file(people.mona, FILE.format(stage="Proposal", value=200)))

    importer = threading.Thread(target=import_again)
    with connected(engines, SUPERUSER) as connection, unit_of_work(people.mona) as work:
        work.session.connection().exec_driver_sql(CLOSE)
        importer.start()
        assert wait_until(lambda: waits_for_a_lock(connection), seconds=20)
    importer.join()
    with reading(people.mona) as session:
        found = session.execute(select(Deal.status, Deal.value, Deal.version)).one()
    assert tuple(found) == ("closed_won", 10_000, 2)
    (rejected,) = rejected_rows(people.mona, imports[0].id)
    assert "closed" in rejected.reasons[0]
