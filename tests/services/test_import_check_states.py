"""The states around a check: back to the columns, cancelled, started with another mapping, and who may."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from deals_app.domain.errors import Forbidden, Invalid, NotFound, RuleBroken
from deals_app.models import Deal, ImportRow
from deals_app.services.importing.checking import TOPIC, check_import, run_check
from deals_app.services.importing.run import run_import
from deals_app.services.importing.starting import TOPIC as STARTED
from deals_app.services.importing.starting import cancel_import, change_columns, start_import
from deals_app.services.queries.imports import import_view
from deals_app.services.unit_of_work import reading
from tests.checked import check_file, queue_check, work
from tests.people import People


def names_of_deals(people: People) -> list[str]:
    with reading(people.mona) as session:
        return list(session.scalars(select(Deal.name)))


def test_a_file_that_is_read_wrongly_goes_back_to_its_columns(people: People) -> None:
    import_id = check_file(people.mona, "Name,Other\nOne,Two\n")
    change_columns(people.mona, import_id)
    assert import_view(people.mona, import_id).state == "draft"
    with reading(people.mona) as session:
        assert session.scalar(select(func.count()).select_from(ImportRow)) == 0
    start_import(people.mona, import_id, {"Name": "custom", "Other": "name"})
    work(people.mona, import_id, STARTED, run_import)
    assert names_of_deals(people) == ["Two"]


def test_another_mapping_than_the_checked_one_is_read_anew(people: People) -> None:
    import_id = check_file(people.mona, "Name,Other\nOne,Two\n")
    start_import(people.mona, import_id, {"Name": "custom", "Other": "name"})
    work(people.mona, import_id, STARTED, run_import)
    assert names_of_deals(people) == ["Two"]


@pytest.mark.parametrize("is_done", [False, True])
def test_a_check_can_be_cancelled_while_it_runs_and_after(people: People, *, is_done: bool) -> None:
    import_id = check_file(people.mona, "Name\nOne\n") if is_done else queue_check(people.mona, "Name\nOne\n")
    cancel_import(people.mona, import_id)
    work(people.mona, import_id, TOPIC, run_check)
    assert import_view(people.mona, import_id).state == "cancelled"
    with pytest.raises(RuleBroken):
        start_import(people.mona, import_id)
    with pytest.raises(RuleBroken):
        change_columns(people.mona, import_id)


def test_a_check_is_for_managers_and_for_drafts_with_a_name(people: People) -> None:
    import_id = check_file(people.mona, "Name\nOne\n")
    for actor, error in ((people.alice, Forbidden), (people.charlie, NotFound), (people.mona, RuleBroken)):
        with pytest.raises(error):
            check_import(actor, import_id)
    for actor, error in ((people.alice, Forbidden), (people.charlie, NotFound)):
        with pytest.raises(error):
            change_columns(actor, import_id)
    with pytest.raises(Invalid, match="name"):
        queue_check(people.mona, "foo,bar\n1,2\n")
