"""An import is taken back while somebody uses what it made: a customer with a live deal is never deleted."""

from __future__ import annotations

import threading
from uuid import UUID

from flask import Flask
from sqlalchemy import text

from deals_app.domain.actor import Actor
from deals_app.embedded.processes import wait_until
from deals_app.services.customers import customer_named
from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.unit_of_work import reading, unit_of_work
from tests.engines import TestEngines
from tests.faults.test_import_and_drag import waits_for_a_lock
from tests.filled import import_file
from tests.people import People
from tests.services.test_taking_back import BEFORE, take_back
from tests.sql import SUPERUSER, connected

DEALS_OF_DELETED_CUSTOMERS = """
    SELECT count(*) FROM deals d JOIN customers c ON c.id = d.customer_id
    WHERE d.deleted_at IS NULL AND c.deleted_at IS NOT NULL
"""


def stays_consistent(actor: Actor) -> bool:
    with reading(actor) as session:
        return session.execute(text(DEALS_OF_DELETED_CUSTOMERS)).scalar_one() == 0


def test_a_customer_that_is_just_being_chosen_is_not_deleted(app: Flask, people: People, engines: TestEngines) -> None:
    done = import_file(people.mona, BEFORE)

    def undo() -> None:
        with app.app_context():
            take_back(people.mona, done.id)

    undoing = threading.Thread(target=undo)
    with connected(engines, SUPERUSER) as connection, unit_of_work(people.alice) as work:
        chosen = customer_named(work, "Firm 1")
        undoing.start()
        assert wait_until(lambda: waits_for_a_lock(connection), seconds=20)
        work.session.execute(
            text(
                "INSERT INTO deals (tenant_id, customer_id, name, match_key, currency, pipeline_id, stage_id, status,"
                " probability, ingested_from, position) SELECT tenant_id, :customer, 'Hers', 'hers', currency,"
                " pipeline_id, stage_id, status, probability, 'manual', 0 FROM deals WHERE status = 'open' LIMIT 1"
            ),
            {"customer": chosen},
        )
    undoing.join()
    assert stays_consistent(people.mona)
    assert live_customers(people.mona) == {chosen}


def test_a_customer_that_is_just_being_deleted_is_not_chosen(app: Flask, people: People, engines: TestEngines) -> None:
    import_file(people.mona, BEFORE)
    made: list[UUID] = []

    def choose() -> None:
        with app.app_context():
            made.append(create_deal(people.alice, NewDeal(name="Hers", currency="USD", customer_name="Firm 1")))

    choosing = threading.Thread(target=choose)
    with connected(engines, SUPERUSER) as connection, unit_of_work(people.mona) as work:
        work.session.execute(text("UPDATE deals SET deleted_at = now(), version = version + 1"))
        work.session.execute(text("SELECT id FROM customers FOR UPDATE"))
        work.session.execute(text("UPDATE customers SET deleted_at = now()"))
        choosing.start()
        assert wait_until(lambda: waits_for_a_lock(connection), seconds=20)
    choosing.join()
    assert len(made) == 1
    assert stays_consistent(people.mona)


def live_customers(actor: Actor) -> set[UUID]:
    with reading(actor) as session:
        return set(session.execute(text("SELECT id FROM customers WHERE deleted_at IS NULL")).scalars())
