"""The stages a pipeline starts with, and which stage a text from outside means. Nothing is moved here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Protocol, TypeVar

from deals_app.domain.errors import FieldProblem
from deals_app.domain.letters import plain_letters
from deals_app.domain.matching import fold
from deals_app.domain.stage_words import GONE_WORDS, OPEN_WORDS, STAGE_WORDS


class StageStatus(StrEnum):
    """What being in a stage means for the deal. The closed ones are left by reopen or undo only."""

    OPEN = "open"
    CLOSED_WON = "closed_won"
    CLOSED_LOST = "closed_lost"


@dataclass(frozen=True, kw_only=True)
class StageTemplate:
    """A stage of a pipeline yet to be made; `probability` is 0-100, `rotting_days` None means it never rots."""

    key: str
    name: str
    probability: Decimal
    status: StageStatus = StageStatus.OPEN
    rotting_days: int | None = None
    required_fields: tuple[str, ...] = ()


# The six of mission/deal-management.txt. The rotting days are ours: the later the stage, the more silence is normal.
DEFAULT_STAGES: tuple[StageTemplate, ...] = (
    StageTemplate(key="lead", name="Lead", probability=Decimal(10), rotting_days=14),
    StageTemplate(key="qualified", name="Qualified", probability=Decimal(25), rotting_days=21),
    StageTemplate(key="proposal", name="Proposal", probability=Decimal(50), rotting_days=21),
    StageTemplate(key="negotiation", name="Negotiation", probability=Decimal(75), rotting_days=30),
    StageTemplate(key="closed_won", name="Closed Won", probability=Decimal(100), status=StageStatus.CLOSED_WON),
    StageTemplate(key="closed_lost", name="Closed Lost", probability=Decimal(0), status=StageStatus.CLOSED_LOST),
)


class NamedStage(Protocol):
    """What `find_stage` must know of a stage; models and views both fit."""

    @property
    def id(self) -> object:
        """Compared as text."""
        ...

    @property
    def key(self) -> str:
        """Stable and unique within the pipeline."""
        ...

    @property
    def name(self) -> str:
        """What people read."""
        ...

    @property
    def status(self) -> str:
        """A value of StageStatus."""
        ...


AnyStage = TypeVar("AnyStage", bound=NamedStage)


def stage_fold(text: str) -> str:
    """What stage names are compared by: `Closed - Lost`, `closed_lost` and `CLOSEDLOST` are the same."""
    return _remembered_fold(text) if len(text) <= _LONGEST_REMEMBERED else fold(text)


# A stage name is short; a cell may hold a hundred thousand characters, and must not stay in memory.
_LONGEST_REMEMBERED = 200
_remembered_fold = lru_cache(maxsize=4096)(fold)


_ALIASES_BY_KEY: Mapping[str, tuple[str, ...]] = {
    "lead": (
        "Prospecting",  # Salesforce
        "Appointment Scheduled",  # HubSpot: label; its id folds to the same, like the six below
        "Lead In",  # Pipedrive
        "Contact Made",
    ),
    "qualified": (
        "Discovery",
        "Engaging",
        "Qualified To Buy",
        "Qualification",
        "Needs Analysis",
        "Demo Scheduled",
    ),
    "proposal": (
        "Presentation Scheduled",
        "Value Proposition",
        "Id. Decision Makers",
        "Perception Analysis",
        "Proposal/Price Quote",
        "Proposal Made",
    ),
    "negotiation": (
        "Decision Maker Bought-In",
        "Contract Sent",
        "Negotiation/Review",
        "Negotiations Started",
    ),
    "closed_won": ("Won", "Closed Won"),
    "closed_lost": ("Lost", "Closed Lost"),
}

# Folded name in another system or language -> our default key. HubSpot's default pipeline, Salesforce's ten standard
# stages and Pipedrive's five, as shipped by the vendors; what a customer renamed is for that customer to map.
KNOWN_ALIASES: Mapping[str, str] = {
    spelling: key
    for words in ({key: text.split(", ") for key, text in STAGE_WORDS.items()}, _ALIASES_BY_KEY)
    for key, aliases in words.items()
    for alias in aliases
    for spelling in (stage_fold(alias), plain_letters(stage_fold(alias)))
}
_OPEN: frozenset[str] = frozenset(plain_letters(fold(word)) for word in OPEN_WORDS.split(", "))
_GONE: frozenset[str] = frozenset(plain_letters(fold(word)) for word in GONE_WORDS.split(", "))


def meaning_of_status(text: str) -> str | None:
    """What another system's status says of a deal, in any of six languages: open, won, lost or gone; else None."""
    return _meaning_of_status(text) if len(text) <= _LONGEST_REMEMBERED else None


@lru_cache(maxsize=1024)
def _meaning_of_status(text: str) -> str | None:
    folded = stage_fold(text)
    plain = plain_letters(folded)
    if plain in _OPEN:
        return "open"
    if plain in _GONE:
        return "gone"
    return {"closed_won": "won", "closed_lost": "lost"}.get(KNOWN_ALIASES.get(folded, ""))


def find_stage(text: str, stages: Sequence[AnyStage]) -> AnyStage | None:
    """The stage of `stages` that `text` means: by id, then key, then name, then a known alias; None when it is none.

    A pipeline that renamed its closed stages still understands "won" and "lost" as long as it has one of that status.
    """
    wanted = stage_fold(text)
    if not wanted:
        return None
    for spelling in (_id_of, _key_of, _name_of):
        for stage in stages:
            if stage_fold(spelling(stage)) == wanted:
                return stage
    alias = KNOWN_ALIASES.get(wanted)
    if alias is None:
        return None
    by_key = [stage for stage in stages if stage.key == alias]
    of_status = [stage for stage in stages if stage.status == alias]
    if by_key:
        return by_key[0]
    return of_status[0] if len(of_status) == 1 else None


def _id_of(stage: NamedStage) -> str:
    return str(stage.id)


def _key_of(stage: NamedStage) -> str:
    return stage.key


def _name_of(stage: NamedStage) -> str:
    return stage.name


# What a stage may ask for: the name people read, and the column that answers it.
QUESTIONS: Mapping[str, tuple[str, str]] = {
    "value": ("a value", "value"),
    "expected_close_date": ("an expected close date", "expected_close_date"),
    "customer": ("a customer", "customer_id"),
    "owner": ("an owner", "assigned_to"),
    "loss_reason": ("the reason of the loss", "loss_reason"),
    "competitor": ("the competitor", "competitor"),
}


class AskingStage(Protocol):
    """What `unanswered` must know of a stage."""

    @property
    def name(self) -> str:
        """What people read."""
        ...

    @property
    def required_fields(self) -> Sequence[str]:
        """Keys of QUESTIONS."""
        ...


def unanswered(stage: AskingStage, deal: Mapping[str, object]) -> list[FieldProblem]:
    """What a stage asks for and a deal, by column, does not have yet."""
    return [
        FieldProblem(field, f"{stage.name} asks for {QUESTIONS[field][0]}")
        for field in stage.required_fields
        if deal.get(QUESTIONS[field][1]) is None
    ]
