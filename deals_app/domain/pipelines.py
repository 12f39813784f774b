"""What a pipeline and its stages may be."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from deals_app.domain.errors import FieldProblem
from deals_app.domain.matching import fold, is_blank
from deals_app.domain.stages import QUESTIONS, StageStatus, StageTemplate

LONGEST_NAME = 100
LONGEST_KEY = 60
MOST_STAGES = 50
# What closing says about the chance of winning.
CERTAIN: Mapping[str, Decimal] = {StageStatus.CLOSED_WON: Decimal(100), StageStatus.CLOSED_LOST: Decimal(0)}
# Only who closes a deal as lost is asked these.
OF_LOSSES = {"loss_reason", "competitor"}


@dataclass(frozen=True, kw_only=True)
class NewStage:
    """A stage to be made; `probability` is 0 to 100, and may be left out where the status says it."""

    name: str
    order: int
    probability: Decimal | None = None
    status: str = StageStatus.OPEN
    description: str | None = None
    rotting_days: int | None = None
    required_fields: tuple[str, ...] = ()

    @property
    def certain_probability(self) -> Decimal:
        """As given, else what the status says."""
        return self.probability if self.probability is not None else CERTAIN.get(self.status, Decimal(0))


def name_problems(name: str, field: str = "name") -> list[FieldProblem]:
    """Of a pipeline or a stage."""
    if is_blank(name) or len(name.strip()) > LONGEST_NAME:
        return [FieldProblem(field, f"must have 1 to {LONGEST_NAME} characters")]
    return []


def stage_problems(stage: NewStage, field: str = "") -> list[FieldProblem]:
    """All that is wrong with a stage; `field` is what its fields stand under (`stages.0.`)."""
    problems = name_problems(stage.name, f"{field}name")
    if stage.status not in set(StageStatus):
        problems.append(FieldProblem(f"{field}status", f"must be one of {', '.join(StageStatus)}"))
    else:
        certain = CERTAIN.get(stage.status)
        if certain is not None and stage.certain_probability != certain:
            problems.append(FieldProblem(f"{field}probability", f"of a stage that is {stage.status} is {certain}"))
        if stage.status != StageStatus.CLOSED_LOST and (lost := OF_LOSSES & {*stage.required_fields}):
            problems.append(
                FieldProblem(f"{field}required_fields", f"{', '.join(sorted(lost))} is asked by a lost stage only")
            )
    if not 0 <= stage.certain_probability <= 100:  # noqa: PLR2004 (percent)
        problems.append(FieldProblem(f"{field}probability", "must be between 0 and 100"))
    if stage.rotting_days is not None and not 0 < stage.rotting_days <= 10_000:  # noqa: PLR2004 (27 years)
        problems.append(FieldProblem(f"{field}rotting_days", "must be a number of days, at least 1"))
    if unknown := [name for name in stage.required_fields if name not in QUESTIONS]:
        known = ", ".join(QUESTIONS)
        problems.append(FieldProblem(f"{field}required_fields", f"{unknown[0]!r} is none of {known}"))
    return problems


def pipeline_problems(name: str, stages: Sequence[NewStage]) -> list[FieldProblem]:
    """All that is wrong with a pipeline; no stages means the usual ones."""
    problems = name_problems(name)
    if not stages:
        return problems
    for place, stage in enumerate(stages):
        problems += stage_problems(stage, f"stages.{place}.")
    if len(stages) > MOST_STAGES:
        problems.append(FieldProblem("stages", f"may be {MOST_STAGES} at most"))
    if not any(stage.status == StageStatus.OPEN for stage in stages):
        problems.append(FieldProblem("stages", "need an open one: a new deal starts in it"))
    if len({stage.order for stage in stages}) < len(stages):
        problems.append(FieldProblem("stages", "must each have an order of their own"))
    if twice := _twice(fold(stage.name) for stage in stages):
        problems.append(FieldProblem("stages", f"must have names of their own; {twice!r} stands twice"))
    return problems


def templates(stages: Iterable[NewStage]) -> list[StageTemplate]:
    """Checked stages, in order, each with a key of its own."""
    made: list[StageTemplate] = []
    for stage in sorted(stages, key=lambda stage: stage.order):
        made.append(
            StageTemplate(
                key=new_key(stage.name, [each.key for each in made]),
                name=stage.name.strip(),
                probability=stage.certain_probability,
                status=StageStatus(stage.status),
                rotting_days=stage.rotting_days,
                required_fields=stage.required_fields,
            )
        )
    return made


def new_key(name: str, taken: Iterable[str]) -> str:
    """`Proposal sent` -> `proposal_sent`, with a number where that is taken; stable from then on."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    key = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[: LONGEST_KEY - 4] or "stage"
    known, number, found = {*taken}, 1, key
    while found in known:
        number += 1
        found = f"{key}_{number}"
    return found


def _twice(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None
