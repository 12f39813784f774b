"""The ways in, one module each, found by looking: whoever adds a file here has added a source.

A source says `key`, `label`, `says` (a sentence for people) and `kind`. All but files ("upload") have `path` (below
`/api/sales/deals`), `FIELDS`, `EXAMPLE` (what is sent, and what is understood of it where the base currency is USD and
today is 2026-01-15) and `normalise(payload, surroundings)`, which answers with what was understood or with everything
that is wrong. What it is given is JSON that has been read strictly.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Protocol, cast

from deals_app.domain.errors import FieldProblem
from deals_app.domain.inbound import SourceField, Surroundings, Understood


class Source(Protocol):
    """A module of this package, as everybody else sees it."""

    key: str
    label: str
    says: str
    kind: str
    """json (one object from another system), form (a person's fields), typed
    (the same, by one of us), mail, sync (a vendor's object) or upload."""
    path: str
    FIELDS: Sequence[SourceField]
    EXAMPLE: tuple[Mapping[str, Any], Understood]

    def normalise(self, payload: Mapping[str, Any], surroundings: Surroundings) -> Understood | list[FieldProblem]:
        """The object in our words, or all that is wrong with it, each problem under the field's own name."""
        ...


@cache
def sources() -> tuple[Source, ...]:
    """All there are, files included, by key."""
    modules = (importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__))
    return tuple(cast("Source", module) for module in sorted(modules, key=lambda module: module.key))


def source(key: str) -> Source | None:
    """The source of this key that takes objects; None when there is none."""
    return next((each for each in sources() if each.key == key and each.kind != "upload"), None)
