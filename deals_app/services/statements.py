"""Types of statements and rows whose columns are known where they are written, not where they are passed on."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import Row, Select, Table

from deals_app.extensions import Base

AnyRow = Row[*tuple[Any, ...]]
AnySelect = Select[*tuple[Any, ...]]


def table(model: type[Base]) -> Table:
    """The table of a model, for statements that need nothing of the ORM."""
    return cast("Table", model.__table__)
