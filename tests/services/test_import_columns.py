"""What a person says of a draft: columns, custom fields, stages, owners, dates, layout; and that it is remembered."""

from __future__ import annotations

import io
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from deals_app.domain.errors import Forbidden, Invalid, NotFound, RuleBroken
from deals_app.domain.import_choices import ImportChoices, SaidOfFile
from deals_app.models import Deal, Import, Stage
from deals_app.services.importing.choices import look_again, save_choices
from deals_app.services.importing.intake import receive_file
from deals_app.services.importing.run import run_import
from deals_app.services.importing.starting import start_import
from deals_app.services.queries.import_columns import ColumnsView, columns_view, left_out_of
from deals_app.services.queries.imports import import_view
from deals_app.services.unit_of_work import reading, unit_of_work
from tests.filled import outbox_id_of
from tests.people import People

UNKNOWN = "Name;Stage;Owner\nA;Verbal;Frau Klein\nB;verbal;Frau Klein\nC;Proposal;Alice\nD;On ice;\n"


def draft(people: People, content: str | bytes, *, attended: bool = True) -> UUID:
    raw = content.encode() if isinstance(content, str) else content
    return receive_file(people.mona, "deals.csv", io.BytesIO(raw), attended=attended)


def finish(people: People, import_id: UUID) -> dict[str, Any]:
    """Start and run it; the deals by name, each with its stage's key."""
    start_import(people.mona, import_id)
    run_import(str(people.tenant_id), str(outbox_id_of(people.mona, import_id)))
    with reading(people.mona) as session:
        rows = session.execute(select(Deal, Stage.key.label("stage")).join(Stage, Stage.id == Deal.stage_id)).all()
        session.expunge_all()
    return {row.Deal.name: row for row in rows}


def shown(people: People, import_id: UUID) -> ColumnsView:
    return columns_view(people.mona, import_id)


def targets(people: People, import_id: UUID) -> dict[str, str]:
    return dict(import_view(people.mona, import_id).mapping)


def stage_id(people: People, import_id: UUID, key: str) -> str:
    return next(str(stage.id) for stage in shown(people, import_id).pipeline.stages if stage.key == key)


def test_unknown_stages_and_owners_are_offered_once_with_their_rows(people: People) -> None:
    view = shown(people, draft(people, UNKNOWN))
    assert [(each.text, each.rows, each.chosen) for each in view.stages] == [("Verbal", 2, ""), ("On ice", 1, "")]
    assert [(each.text, each.rows) for each in view.owners] == [("Frau Klein", 2)]
    assert (view.rows, view.is_whole, view.questions) == (4, True, 2)


def test_what_was_chosen_for_a_stage_and_an_owner_is_done(people: People) -> None:
    import_id = draft(people, UNKNOWN)
    chosen = ImportChoices(
        stage_map={"Verbal": stage_id(people, import_id, "negotiation"), "On ice": None},
        owner_map={"Frau Klein": str(people.bob.user_id)},
    )
    save_choices(people.mona, import_id, chosen)
    assert [each.chosen for each in shown(people, import_id).owners] == [str(people.bob.user_id)]
    found = finish(people, import_id)
    assert {name: row.stage for name, row in found.items()} == {"A": "negotiation", "B": "negotiation", "C": "proposal"}
    assert found["A"].Deal.assigned_to == people.bob.user_id
    assert found["A"].Deal.extra == {}
    assert import_view(people.mona, import_id).failed == 1


def test_without_an_answer_the_rows_are_refused_and_owners_are_nobody(people: People) -> None:
    found = finish(people, draft(people, UNKNOWN))
    assert [*found] == ["C"]
    other = finish(people, draft(people, "Name,Owner\nX,Frau Klein\n"))["X"]
    assert (other.Deal.assigned_to, other.Deal.extra) == (None, {"owner_name": "Frau Klein"})


@pytest.mark.parametrize(
    "choices",
    [
        ImportChoices(stage_map={"Verbal": "00000000-0000-7000-8000-000000000000"}),
        ImportChoices(owner_map={"Frau Klein": "00000000-0000-7000-8000-000000000000"}),
        ImportChoices(mapping={"Stage": "name", "Name": "name"}),
        ImportChoices(mapping={"Nobody": "name"}),
        ImportChoices(mapping={"Stage": "custom:Owner", "Owner": "custom"}),
    ],
)
def test_choices_that_do_not_fit_are_refused_and_change_nothing(people: People, choices: ImportChoices) -> None:
    import_id = draft(people, UNKNOWN)
    before = shown(people, import_id)
    with pytest.raises(Invalid):
        save_choices(people.mona, import_id, choices)
    assert shown(people, import_id) == before


def test_a_stage_of_another_tenants_pipeline_is_refused(people: People) -> None:
    import_id = draft(people, UNKNOWN)
    with reading(people.charlie) as session:
        theirs = str(session.scalars(select(Stage.id).limit(1)).one())
    with pytest.raises(Invalid):
        save_choices(people.mona, import_id, ImportChoices(stage_map={"Verbal": theirs}))
    with pytest.raises(NotFound):
        save_choices(people.charlie, import_id, ImportChoices())
    with pytest.raises(Forbidden):
        save_choices(people.alice, import_id, ImportChoices())
    with pytest.raises(NotFound):
        columns_view(people.charlie, import_id)


def test_other_columns_that_ask_something_new_are_told(people: People) -> None:
    import_id = draft(people, "Name,Step\nA,Verbal\nB,Verbal\n")
    view = shown(people, import_id)
    assert view.questions == 0
    step = ImportChoices(mapping={"Name": "name", "Step": "stage"}, asked=view.asked)
    assert save_choices(people.mona, import_id, step)
    again = shown(people, import_id)
    assert [each.text for each in again.stages] == ["Verbal"]
    answered = ImportChoices(mapping={"Name": "name", "Step": "stage"}, asked=again.asked)
    assert not save_choices(people.mona, import_id, answered)


def test_an_open_date_is_asked_once_and_the_answer_is_for_the_whole_file(people: People) -> None:
    import_id = draft(people, "Name,Close Date\nA,03/04/2027\nB,05/06/2027\n")
    view = shown(people, import_id).open_date
    assert view is not None
    assert (view.day_first, view.month_first, view.chosen) == (date(2027, 4, 3), date(2027, 3, 4), "mdy")
    save_choices(people.mona, import_id, ImportChoices(date_order="dmy"))
    found = finish(people, import_id)
    assert [found[name].Deal.expected_close_date for name in "AB"] == [date(2027, 4, 3), date(2027, 6, 5)]


def test_a_settled_date_is_not_asked_and_cannot_be_answered(people: People) -> None:
    import_id = draft(people, "Name,Close Date\nA,25/04/2027\n")
    assert shown(people, import_id).open_date is None
    save_choices(people.mona, import_id, ImportChoices(date_order="mdy"))
    assert finish(people, import_id)["A"].Deal.expected_close_date == date(2027, 4, 25)


def test_figures_of_columns_mapped_by_hand_are_judged_anew(people: People) -> None:
    import_id = draft(people, "Name;Worth;Until\nA;1.234;25/04/2027\nB;5,5;26/04/2027\n", attended=False)
    save_choices(people.mona, import_id, ImportChoices(mapping={"Worth": "value", "Until": "close_date"}))
    found = finish(people, import_id)
    assert (found["A"].Deal.value, found["B"].Deal.value) == (123400, 550)
    assert found["A"].Deal.expected_close_date == date(2027, 4, 25)


def test_a_column_becomes_a_custom_field_of_another_name(people: People) -> None:
    import_id = draft(people, "Name,Rgn,Size\nA,North,5\n")
    save_choices(people.mona, import_id, ImportChoices(mapping={"Name": "name", "Rgn": "custom:Region"}))
    assert [(each.header, each.target, each.custom_name) for each in shown(people, import_id).columns] == [
        ("Name", "name", ""),
        ("Rgn", "custom", "Region"),
        ("Size", "custom", ""),
    ]
    assert finish(people, import_id)["A"].Deal.custom_fields == {"Region": "North", "Size": "5"}


def test_values_are_guessed_by_only_where_a_person_looks(people: People) -> None:
    content = "Name,Day\nA,2027-03-01\n"
    assert targets(people, draft(people, content)) == {"Name": "name", "Day": "close_date"}
    assert targets(people, draft(people, content, attended=False)) == {"Name": "name", "Day": "custom"}
    assert [each.by_values for each in shown(people, draft(people, content)).columns] == [False, True]


def test_the_next_file_with_the_same_columns_is_read_the_same_way(people: People) -> None:
    content = "Title,Step,Who,Until\nA,Verbal,Frau Klein,03/04/2027\n"
    first = draft(people, content)
    save_choices(
        people.mona,
        first,
        ImportChoices(
            mapping={"Title": "name", "Step": "stage", "Who": "owner", "Until": "custom:Deadline"},
            stage_map={"Verbal": stage_id(people, first, "proposal")},
            owner_map={"Frau Klein": str(people.alice.user_id)},
        ),
    )
    assert shown(people, first).read_as_on is None
    finish(people, first)
    second = draft(people, "TITLE,step,who,until\nB,verbal,FRAU KLEIN,05/06/2027\n")
    assert targets(people, second) == {"TITLE": "name", "step": "stage", "who": "owner", "until": "custom:Deadline"}
    assert shown(people, second).read_as_on == people.mona.today
    row = finish(people, second)["B"]
    assert (row.stage, row.Deal.assigned_to) == ("proposal", people.alice.user_id)
    assert row.Deal.custom_fields == {"Deadline": "05/06/2027"}


def test_only_started_imports_of_the_same_tenant_and_columns_are_remembered(people: People) -> None:
    odd = ImportChoices(mapping={"Name": "company", "Titel": "name"})
    left = draft(people, "Name,Titel\nA,B\n")
    save_choices(people.mona, left, odd)
    assert targets(people, draft(people, "Name,Titel\nA,B\n"))["Titel"] == "custom"
    start_import(people.mona, left)
    assert targets(people, draft(people, "Name,Titel\nA,B\n"))["Titel"] == "name"
    assert targets(people, draft(people, "Name,Titel,X\nA,B,C\n"))["Titel"] == "custom"
    theirs = receive_file(people.charlie, "deals.csv", io.BytesIO(b"Name,Titel\nA,B\n"), attended=True)
    assert import_view(people.charlie, theirs).mapping["Titel"] == "custom"


def test_what_the_caller_maps_goes_before_what_is_remembered(people: People) -> None:
    first = draft(people, "Name,Titel\nA,B\n")
    save_choices(people.mona, first, ImportChoices(mapping={"Name": "company", "Titel": "name"}))
    start_import(people.mona, first)
    chosen = {"Titel": "description"}
    import_id = receive_file(people.mona, "deals.csv", io.BytesIO(b"Name,Titel\nA,B\n"), chosen=chosen)
    assert targets(people, import_id) == {"Name": "name", "Titel": "description"}


def test_whose_export_it_is_said_to_be_is_remembered(people: People) -> None:
    content = "Name,Probability\nA,0.6\n"
    first = draft(people, content)
    look_again(people.mona, first, SaidOfFile(preset="hubspot"))
    start_import(people.mona, first)
    second = draft(people, content)
    assert (import_view(people.mona, second).system, shown(people, second).layout.said) == (
        "hubspot",
        {"preset": "hubspot"},
    )
    assert finish(people, second)["A"].Deal.probability == 60


def test_an_open_date_is_read_as_it_was_before(people: People) -> None:
    content = "Name,Close Date\nA,03/04/2027\n"
    first = draft(people, content)
    save_choices(people.mona, first, ImportChoices(date_order="dmy"))
    start_import(people.mona, first)
    view = shown(people, draft(people, content)).open_date
    assert view is not None
    assert view.chosen == "dmy"


@pytest.mark.parametrize(
    ("said", "header"),
    [
        (SaidOfFile(delimiter="|"), ["Name;Firma", "Wert"]),
        (SaidOfFile(header_line=2), ["Größe", "Ö|5"]),
        (SaidOfFile(header_line=0), ["Column 1", "Column 2"]),
    ],
)
def test_what_was_found_out_about_a_file_can_be_overruled(people: People, said: SaidOfFile, header: list[str]) -> None:
    import_id = draft(people, "Name;Firma|Wert\nGröße;Ö|5\nA;B|6\n")
    look_again(people.mona, import_id, said)
    assert [column.header for column in shown(people, import_id).columns] == header


def test_another_encoding_and_preset(people: People) -> None:
    import_id = draft(people, "Name;Größe\nÄpfel;5\n".encode())
    look_again(people.mona, import_id, SaidOfFile(encoding="cp1252", preset="hubspot"))
    view = shown(people, import_id)
    assert [column.header for column in view.columns] == ["Name", "GrÃ¶ÃŸe"]
    assert view.layout.said == {"encoding": "cp1252", "preset": "hubspot"}
    assert import_view(people.mona, import_id).system == "hubspot"


def test_a_layout_under_which_nothing_can_be_read_is_refused_and_changes_nothing(people: People) -> None:
    import_id = draft(people, "Name;Größe\nÄpfel;5\n".encode())
    for said in (SaidOfFile(encoding="utf-16"), SaidOfFile(header_line=900), SaidOfFile(encoding="no such")):
        with pytest.raises(Invalid):
            look_again(people.mona, import_id, said)
    assert [column.header for column in shown(people, import_id).columns] == ["Name", "Größe"]


def test_looking_again_keeps_what_was_mapped_while_the_columns_stay(people: People) -> None:
    import_id = draft(people, "Name,Rgn\nA,North\n")
    look_again(people.mona, import_id, SaidOfFile(quote='"'), {"Name": "name", "Rgn": "custom:Region"})
    assert targets(people, import_id) == {"Name": "name", "Rgn": "custom:Region"}


def test_a_started_import_stays_as_it_is(people: People) -> None:
    import_id = draft(people, UNKNOWN)
    start_import(people.mona, import_id)
    with pytest.raises(RuleBroken):
        save_choices(people.mona, import_id, ImportChoices())
    with pytest.raises(RuleBroken):
        look_again(people.mona, import_id, SaidOfFile(delimiter=","))


def test_changing_a_checked_import_makes_it_a_draft_again(people: People) -> None:
    import_id = draft(people, UNKNOWN)
    with unit_of_work(people.mona) as work:
        found = work.session.scalars(select(Import).where(Import.id == import_id)).one()
        found.state = "checked"
    save_choices(people.mona, import_id, ImportChoices(mapping={"Owner": "custom:Contact"}))
    assert import_view(people.mona, import_id).state == "draft"
    assert targets(people, import_id)["Owner"] == "custom:Contact"


def test_lines_left_out_are_told_before_and_after(people: People) -> None:
    import_id = draft(people, "Name,Value\nA,5\nB,6\nTotal,11\n\nConfidential Information - Do Not Distribute\n")
    before = shown(people, import_id).left_out
    assert before is not None
    assert before.words == "2 lines left out: 1 total, 1 footer"
    assert left_out_of(people.mona, import_id) is None
    finish(people, import_id)
    after = left_out_of(people.mona, import_id)
    assert after is not None
    assert after == before
    assert after.lines[0] == (4, "Total · 11")
