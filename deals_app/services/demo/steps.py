"""What can happen to a deal of the demo: plain data, planned before anything is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from deals_app.services.demo.customers import Customer


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Facts of a deal that change; None is not spoken of. `value` in minor units, `owner` an e-mail address."""

    value: int | None = None
    expected: date | None = None
    owner: str | None = None
    tags: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Make:
    """The deal comes into being, and with it its customer when that is the first."""

    pipeline: str
    customer: Customer
    currency: str
    stage: str
    value: int | None
    is_estimate: bool
    expected: date | None
    owner: str | None
    source: str
    ingested_from: str
    tags: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Move:
    """On to a stage, or back."""

    stage: str
    note: str | None = None
    answers: Facts | None = None


@dataclass(frozen=True, kw_only=True)
class Edit:
    """Facts are changed."""

    facts: Facts


@dataclass(frozen=True, kw_only=True)
class Take:
    """Somebody makes an unowned deal their own."""


@dataclass(frozen=True, kw_only=True)
class Note:
    """Something is written down."""

    body: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A next step is planned; its `body` is unique within the deal."""

    kind: str
    body: str
    due_on: date


@dataclass(frozen=True, kw_only=True)
class Finish:
    """The step with this body is done."""

    body: str


@dataclass(frozen=True, kw_only=True)
class Win:
    """The deal is won, perhaps for another value (minor units) than was expected."""

    value: int | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class Lose:
    """The deal is lost."""

    reason: str | None = None
    competitor: str | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class Reopen:
    """A manager opens a closed deal again."""

    reason: str


Act = Make | Move | Edit | Take | Note | Plan | Finish | Win | Lose | Reopen


@dataclass(frozen=True, kw_only=True)
class Step:
    """One act on a deal, known by its name, at a moment. `by` is an e-mail address, None for a program.

    `door` is how it came in where that was not by a person's hand.
    """

    at: datetime
    deal: str
    by: str | None
    act: Act
    door: str | None = None
