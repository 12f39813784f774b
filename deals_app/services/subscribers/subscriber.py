"""What a subscriber is, and how those that the environment names are found."""

from __future__ import annotations

import importlib
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from deals_app.services.event_catalogue import BY_NAME, Event
from deals_app.services.unit_of_work import UnitOfWork

log = logging.getLogger(__name__)

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_REFERENCE = re.compile(r"[^:\s]+:[^:\s]+")


class NoSubscriber(ValueError):
    """A name in SUBSCRIBERS leads to no subscriber; the message says what is there instead."""


@dataclass(frozen=True, kw_only=True)
class Subscriber:
    """Code that hears events of the catalogue: `events` are names such as `deal.won`.

    `handle` runs in the transaction that moves the subscriber's cursor, as `work.actor`: what it does in our database,
    by services or by `work.session`, is kept exactly once. What it does outside is done at least once. When it raises,
    nothing is kept and the same event comes again. `name` is where its place in the ledger is kept: it must stay.
    """

    name: str
    events: Sequence[str]
    handle: Callable[[UnitOfWork, Event], None]

    def __post_init__(self) -> None:
        """Raises ValueError for a name or an event that cannot be."""
        if not _NAME.fullmatch(self.name):
            message = f"a subscriber's name is 1 to 63 of a-z, 0-9 and _, beginning with a letter; not {self.name!r}"
            raise ValueError(message)
        if unknown := [name for name in self.events if name not in BY_NAME]:
            message = f"{unknown[0]!r} is no event; known are {', '.join(BY_NAME)}"
            raise ValueError(message)


def found_subscriber(reference: str) -> Subscriber:
    """The subscriber at `package.module:attribute`; raises NoSubscriber."""
    if not _REFERENCE.fullmatch(reference):
        message = f"{reference!r} must look like package.module:attribute"
        raise NoSubscriber(message)
    module_name, _, attribute = reference.partition(":")
    try:
        found: Any = getattr(importlib.import_module(module_name), attribute)
    except Exception as error:
        message = f"{reference} cannot be imported: {type(error).__name__}: {error}"
        raise NoSubscriber(message) from error
    if not isinstance(found, Subscriber):
        message = f"{reference} is a {type(found).__name__}, not a Subscriber"
        raise NoSubscriber(message)
    return found


class Subscribers:
    """Those that this process knows, by name."""

    def __init__(self) -> None:
        self._known: dict[str, Subscriber] = {}

    def load(self, references: Sequence[str]) -> None:
        """Import them all, once. One that is broken is logged and left out; the others go on, and so does the rest."""
        self._known = {}
        for reference in references:
            try:
                found = found_subscriber(reference)
            except NoSubscriber as problem:
                log.error("SUBSCRIBERS: %s", problem)  # noqa: TRY400 (the message says it all)
                continue
            if found.name in self._known:
                log.error("SUBSCRIBERS: two are called %s; %s is left out", found.name, reference)
                continue
            self._known[found.name] = found

    @property
    def names(self) -> list[str]:
        """What they are called."""
        return [*self._known]

    def get(self, name: str) -> Subscriber | None:
        """The one of that name, if it is known here."""
        return self._known.get(name)


subscribers = Subscribers()
