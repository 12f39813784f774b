"""A backup brings everything back as it was, into an empty instance only, or nothing at all."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from deals_app.app import create_app
from deals_app.extensions import db
from deals_app.services import schema
from deals_app.services.accounts import create_tenant
from deals_app.services.backups.archive import BackupRefused, Manifest
from deals_app.services.backups.restoring import NotEmpty, restore_backup
from deals_app.services.backups.taking import take_backup
from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.queries.deal import deal
from deals_app.services.queries.events import events
from deals_app.services.stage_transition import move_deal
from deals_app.services.undo import undo_operation
from deals_app.settings import Settings, keep_secret_key, kept_secret_key
from tests.conftest import OutsideClient, SignedIn
from tests.engines import TestEngines
from tests.filled import fill
from tests.people import People
from tests.sql import SUPERUSER, connected, one


@pytest.fixture
def here(app: Flask) -> Settings:
    return app.config["DEALS_SETTINGS"]


@pytest.fixture
def there(engines: TestEngines) -> Settings:
    """An empty database without a schema."""
    return engines.settings(engines.empty_database())


@pytest.fixture
def file(people: People, here: Settings, tmp_path: Path) -> Path:
    """A backup of two tenants, one with something in every table."""
    fill(people.ada)
    create_deal(people.charlie, NewDeal(name="Theirs", currency="EUR", assigned_to=people.charlie.user_id))
    path = tmp_path / "backup"
    backed_up(here, path)
    return path


def backed_up(settings: Settings, path: Path) -> Manifest:
    with path.open("wb") as out:
        return take_backup(settings, out)


def contents(manifest: Manifest) -> dict[str, tuple[int, str]]:
    return {table.name: (table.rows, table.sha256) for table in manifest.tables}


def database_of(settings: Settings) -> str:
    return settings.database_url.partition("?")[0].rpartition("/")[2]


def rows_in(engines: TestEngines, settings: Settings, tables: list[str]) -> dict[str, int]:
    """As a superuser, whom no wall stops."""
    with connected(engines, SUPERUSER, database=database_of(settings)) as connection:
        return {table: one(connection, f"SELECT count(*) FROM {table}") for table in tables}


def test_everything_comes_back_as_it_was(
    file: Path, here: Settings, there: Settings, engines: TestEngines, tmp_path: Path
) -> None:
    before = contents(backed_up(here, tmp_path / "before"))
    restored = restore_backup(there, file)
    assert contents(restored) == before
    assert contents(backed_up(there, tmp_path / "after")) == before
    counted = {name: rows for name, (rows, _) in before.items()}
    assert rows_in(engines, here, [*counted]) == rows_in(engines, there, [*counted]) == counted
    assert {name for name, rows in counted.items() if rows == 0} <= {"fx_rates"}
    assert schema.current_state(there)[0] == schema.newest_revision()


def test_the_walls_and_triggers_stand_again(file: Path, here: Settings, there: Settings, engines: TestEngines) -> None:
    restore_backup(there, file)
    asked = (
        "SELECT array_agg(ARRAY[relname, relforcerowsecurity::text, t.tgname, t.tgenabled::text]"
        " ORDER BY relname, tgname) FROM pg_class c LEFT JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal"
        " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    walls: list[Any] = []
    for settings in (here, there):
        with connected(engines, SUPERUSER, database=database_of(settings)) as connection:
            walls.append(one(connection, asked))
    assert walls[0] == walls[1]


def test_the_product_goes_on_where_it_was(people: People, here: Settings, there: Settings, tmp_path: Path) -> None:
    deal_id = create_deal(people.alice, NewDeal(name="Rollout", currency="USD", assigned_to=people.alice.user_id))
    moved = move_deal(people.alice, deal_id, stage="proposal")
    seen = events(people.alice).next_after
    backed_up(here, tmp_path / "backup")
    restore_backup(there, tmp_path / "backup")
    with application_over(there) as app:
        assert [event.type for event in events(people.alice).items] == ["deal.created", "deal.stage_changed"]
        assert SignedIn(app.test_client(), people.email("alice")).get("/").status_code == 200
        undo_operation(people.alice, moved.operation)
        assert deal(people.alice, deal_id).stage_id == moved.from_stage_id
        younger = create_deal(people.alice, NewDeal(name="Next", currency="USD", assigned_to=people.alice.user_id))
        assert younger > deal_id
        assert [event.type for event in events(people.alice, seen).items] == ["deal.updated", "deal.created"]


@contextmanager
def application_over(settings: Settings) -> Iterator[Flask]:
    """A second application, inside its context; its connections are closed at the end."""
    app = create_app(settings)
    app.testing = True
    app.test_client_class = OutsideClient
    with app.app_context():
        try:
            yield app
        finally:
            for engine in db.engines.values():
                engine.dispose()


def test_who_follows_the_events_goes_on_after_the_one_it_knows(
    people: People, here: Settings, there: Settings, engines: TestEngines, tmp_path: Path
) -> None:
    """On a new server, which counts transactions from the start, and so far below the old one's numbers."""
    create_deal(people.alice, NewDeal(name="Rollout", currency="USD", assigned_to=people.alice.user_id))
    with connected(engines, SUPERUSER) as connection:
        ahead = one(connection, "SELECT pg_current_xact_id()::text::bigint") + 20_000
        connection.execute("UPDATE deal_events SET written_by = %s", [ahead])
    path = tmp_path / "backup"
    backed_up(here, path)
    rewritten(path, tmp_path / "ahead", lambda manifest: manifest | {"highest_transaction": ahead + 1})
    restore_backup(there, tmp_path / "ahead")
    with application_over(there):
        seen = events(people.alice)
        assert len(seen.items) == 1
        create_deal(people.alice, NewDeal(name="Next", currency="USD", assigned_to=people.alice.user_id))
        assert len(events(people.alice, seen.next_after).items) == 1


def rewritten(path: Path, to: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """The same file with another manifest."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(to, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, json.dumps(change(json.loads(content))) if name == "manifest.json" else content)


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def no_zip(path: Path) -> None:
    path.write_text("Deal Name,Value\n")


def another_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("hello", "world")


def a_flipped_bit(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


def with_other_entries(path: Path, change: Callable[[str, bytes], bytes | None]) -> None:
    """Zipped again properly, so that only our own hashes can tell."""
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)


def another_amount(path: Path) -> None:
    with_other_entries(path, lambda name, raw: raw.replace(b"10000", b"90000") if name == "tables/deals.copy" else raw)


def a_table_less(path: Path) -> None:
    with_other_entries(path, lambda name, raw: None if name == "tables/audit_log.copy" else raw)


def with_manifest(**values: Any) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with_other_entries(
            path, lambda name, raw: json.dumps(json.loads(raw) | values).encode() if name == "manifest.json" else raw
        )

    return change


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (truncated, "only a part"),
        (no_zip, "no backup"),
        (another_zip, "no backup"),
        (a_flipped_bit, "no backup|sha256 differs|manifest"),
        (another_amount, "deals.copy is not what was written"),
        (a_table_less, "not those that its manifest lists"),
        (with_manifest(revision="9999"), "schema is 9999"),
        (with_manifest(format=2), "manifest cannot be read"),
        (with_manifest(revision="0014"), "not those of schema 0014"),
    ],
)
def test_a_damaged_file_is_refused_and_nothing_is_written(
    file: Path, there: Settings, harm: Callable[[Path], None], says: str
) -> None:
    harm(file)
    with pytest.raises(BackupRefused, match=says):
        restore_backup(there, file)
    assert schema.current_state(there)[0] is None


def test_an_instance_with_anything_in_it_is_refused(file: Path, engines: TestEngines, tmp_path: Path) -> None:
    other = engines.settings(engines.database())
    with application_over(other):
        create_tenant(slug="mine", name="Mine", owner_email="me@mine.example", owner_name="Me", password=None)
    before = contents(backed_up(other, tmp_path / "before"))
    with pytest.raises(NotEmpty, match="not empty"):
        restore_backup(other, file)
    assert contents(backed_up(other, tmp_path / "after")) == before


def test_an_empty_instance_that_was_started_before_takes_it(file: Path, engines: TestEngines, tmp_path: Path) -> None:
    other = engines.settings(engines.database())
    restored = restore_backup(other, file)
    assert contents(backed_up(other, tmp_path / "after")) == contents(restored)


def test_a_backup_of_an_older_release_is_brought_up_to_date(engines: TestEngines, tmp_path: Path) -> None:
    old, new = (engines.settings(engines.empty_database()) for _ in range(2))
    schema.upgrade(old, "0009")
    with connected(engines, SUPERUSER, database=database_of(old)) as connection:
        connection.execute("INSERT INTO tenants (slug, name) VALUES ('old', 'Old')")
    backed_up(old, tmp_path / "old")
    schema.upgrade(new)
    assert restore_backup(new, tmp_path / "old").revision == "0009"
    assert schema.current_state(new)[0] == schema.newest_revision()
    assert rows_in(engines, new, ["tenants", "webhook_endpoints"]) == {"tenants": 1, "webhook_endpoints": 0}


def test_a_kept_secret_key_comes_back_and_one_of_the_environment_stays_there(
    people: People, here: Settings, engines: TestEngines, tmp_path: Path
) -> None:
    assert people.ada
    assert backed_up(here, tmp_path / "without").secret_key_sha256 is None
    old, new, key = tmp_path / "old", tmp_path / "new", "k" * 40
    for folder in (old, new):
        folder.mkdir()
    keep_secret_key(old, key)
    keep_secret_key(new, "n" * 40)
    backed_up(replace(here, data_dir=old, secret_key=key), tmp_path / "with")
    there = engines.settings(engines.empty_database())
    restore_backup(replace(there, data_dir=new, secret_key="n" * 40), tmp_path / "with")
    assert kept_secret_key(replace(there, data_dir=new, secret_key=key)) == key
    assert (new / "secret_key").stat().st_mode & 0o777 == 0o600
