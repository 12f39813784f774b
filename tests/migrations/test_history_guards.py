"""What stands in for the ledger's key to deals, and the ids that the rows of one statement share a draw for."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from psycopg import errors

from tests.engines import TestEngines
from tests.filled import fill, import_file
from tests.people import People
from tests.sql import OWNER, SUPERUSER, Connection, connected, one

# Whatever else refers to a deal by a foreign key.
OTHER_ROWS_OF_DEALS = "DELETE FROM external_refs; DELETE FROM activities; DELETE FROM inbound_items;"


@pytest.fixture
def superuser(engines: TestEngines, people: People) -> Iterator[Connection]:
    """Nobody whom a wall or a missing grant would stop before the guard does."""
    fill(people.ada)
    with connected(engines, SUPERUSER) as connection:
        yield connection


def test_a_deal_with_a_history_cannot_be_deleted(superuser: Connection) -> None:
    superuser.execute(OTHER_ROWS_OF_DEALS)
    with pytest.raises(errors.ForeignKeyViolation, match="cannot be deleted"):
        superuser.execute("DELETE FROM deals")
    assert one(superuser, "SELECT count(*) FROM deals") > 0


def test_a_deal_goes_once_its_history_is_gone(superuser: Connection) -> None:
    superuser.execute(OTHER_ROWS_OF_DEALS)
    superuser.execute("DELETE FROM deal_events")
    superuser.execute("DELETE FROM deals")
    assert one(superuser, "SELECT count(*) FROM deals") == 0


@pytest.mark.parametrize("column", ["tenant_id", "id"])
def test_the_key_of_a_deal_never_changes(
    superuser: Connection, engines: TestEngines, people: People, column: str
) -> None:
    with connected(engines, OWNER, tenant=people.tenant_id) as owner:
        for connection in (superuser, owner):
            with pytest.raises(errors.ForeignKeyViolation, match="never changes"):
                connection.execute(f"UPDATE deals SET {column} = new_id()")  # pyright: ignore[reportArgumentType, reportCallIssue]


def test_deals_of_one_statement_have_entries_of_their_own_in_the_order_of_the_file(
    people: People, engines: TestEngines
) -> None:
    count = 300
    import_file(people.mona, "Deal Name\n" + "".join(f"Deal {number:03}\n" for number in range(count)))
    with connected(engines, SUPERUSER) as connection:
        told = connection.execute(
            "SELECT d.name, d.id, e.id, o.id, e.at = d.created_at, d.stage_entered_at = d.created_at"
            " FROM deal_events e JOIN deals d ON d.id = e.deal_id JOIN outbox o ON o.id = e.id"
            " WHERE o.payload->>'deal_id' = d.id::text ORDER BY e.id"
        ).fetchall()
    assert [name for name, *_ in told] == [f"Deal {number:03}" for number in range(count)]
    assert [deal_id for _, deal_id, *_ in told] == sorted(deal_id for _, deal_id, *_ in told)
    assert {(event_id == outbox_id, *times) for _, _, event_id, outbox_id, *times in told} == {(True, True, True)}
    assert {UUID(str(drawn)).version for _, deal_id, event_id, *_ in told for drawn in (deal_id, event_id)} == {7}


def test_the_nth_id_of_a_draw_keeps_its_time_and_its_place(superuser: Connection) -> None:
    drawn = UUID("01a1fedb-465a-7099-a488-6cc2760ffe21")
    ids = [one(superuser, "SELECT nth_id(%s, %s)", drawn, n) for n in (1, 2, 2**31 - 1)]
    assert [str(each)[28:] for each in ids] == ["00000001", "00000002", "7fffffff"]
    assert {str(each)[:28] for each in ids} == {str(drawn)[:28]}
