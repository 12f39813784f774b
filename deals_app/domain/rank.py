"""Where a card stands in its column: a decimal number, so that putting one between two others writes one row.

Halving by multiplication is exact in PostgreSQL's numeric as in Decimal, so no two cards ever fall together however
often the same gap is halved. New cards stand on top, so positions grow downwards and the top is the smallest.
"""

from __future__ import annotations

import random
from decimal import Decimal, localcontext

STEP = Decimal(1024)
# Two people who put a card on top at the same moment get different places.
JITTER = Decimal("0.001")


def position_between(above: Decimal | None, below: Decimal | None) -> Decimal:
    """A position under `above` and over `below`; None means the end of the column on that side.

    Raises ValueError when `above` is not smaller than `below`.
    """
    if above is not None and below is not None:
        if above >= below:
            message = "the card above must stand higher than the card below"
            raise ValueError(message)
        with localcontext(prec=2000):
            return ((above + below) * Decimal("0.5")).normalize()
    if above is not None:
        return above + step()
    if below is not None:
        return below - step()
    return Decimal(0)


def step() -> Decimal:
    """How far from the last card of a column a new end of it lies."""
    return STEP - random.randrange(1000) * JITTER  # noqa: S311 (spreads places, guards nothing)


def positions_above(top: Decimal | None, count: int) -> list[Decimal]:
    """Places for `count` cards on top of a column whose first card stands at `top`, from the uppermost down."""
    placed: list[Decimal] = []
    for _ in range(count):
        top = position_between(None, top)
        placed.append(top)
    return placed[::-1]
