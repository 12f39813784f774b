"""Stages by whatever name another system has for them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from deals_app.domain.stages import DEFAULT_STAGES, StageStatus, find_stage, stage_fold


@dataclass(frozen=True)
class Stage:
    """The least that is a stage."""

    key: str
    name: str
    status: str
    id: UUID


STAGES = [Stage(stage.key, stage.name, stage.status, uuid4()) for stage in DEFAULT_STAGES]


def key_of(text: str) -> str | None:
    """The key of the default stage that the text means."""
    found = find_stage(text, STAGES)
    return found.key if found else None


def test_it_starts_a_pipeline_with_the_six_stages_of_the_mission() -> None:
    assert [(stage.key, stage.probability) for stage in DEFAULT_STAGES] == [
        ("lead", Decimal(10)),
        ("qualified", Decimal(25)),
        ("proposal", Decimal(50)),
        ("negotiation", Decimal(75)),
        ("closed_won", Decimal(100)),
        ("closed_lost", Decimal(0)),
    ]
    assert [stage.status for stage in DEFAULT_STAGES[3:]] == [*StageStatus]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("lead", "lead"),
        ("LEAD", "lead"),
        ("Closed - Lost", "closed_lost"),
        ("closedlost", "closed_lost"),
        ("CLOSED WON", "closed_won"),
        ("won", "closed_won"),
        ("Lost", "closed_lost"),
        ("discovery", "qualified"),
        ("prospecting", "lead"),
        ("Engaging", "qualified"),
        ("appointmentscheduled", "lead"),
        ("Appointment Scheduled", "lead"),
        ("qualifiedtobuy", "qualified"),
        ("presentationscheduled", "proposal"),
        ("Decision Maker Bought-In", "negotiation"),
        ("contractsent", "negotiation"),
        ("Qualification", "qualified"),
        ("Needs Analysis", "qualified"),
        ("Value Proposition", "proposal"),
        ("Id. Decision Makers", "proposal"),
        ("Perception Analysis", "proposal"),
        ("Proposal/Price Quote", "proposal"),
        ("Negotiation/Review", "negotiation"),
        ("Negotiations Started", "negotiation"),
        ("Verbal Commit", None),
        ("", None),
        ("—", None),
    ],
)
def test_it_knows_the_names_of_the_other_systems(text: str, key: str | None) -> None:
    assert key_of(text) == key


def test_it_finds_a_stage_by_its_id() -> None:
    assert find_stage(str(STAGES[2].id).upper(), STAGES) is STAGES[2]


def test_it_prefers_the_pipelines_own_names_to_aliases() -> None:
    own = Stage("discovery", "Discovery", "open", uuid4())

    assert find_stage("Discovery", [*STAGES, own]) is own


def test_it_finds_renamed_closed_stages_by_status_when_there_is_one() -> None:
    signed = Stage("signed", "Signed", "closed_won", uuid4())
    gone = [Stage(f"gone-{reason}", f"Gone: {reason}", "closed_lost", uuid4()) for reason in ("price", "time")]

    assert find_stage("won", [signed, *gone]) is signed
    assert find_stage("lost", [signed, *gone]) is None


def test_it_knows_nothing_that_the_pipeline_lacks() -> None:
    assert find_stage("Qualification", STAGES[:1]) is None
    assert stage_fold("Qualification") == "qualification"
