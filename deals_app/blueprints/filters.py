"""What an address narrows a board or a list to: its words as a DealFilter and an order, and back as links."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from flask import request

from deals_app.blueprints.presentation import money, source_label
from deals_app.blueprints.web import local_path
from deals_app.domain.actor import Actor
from deals_app.domain.money import MoneyError, parse_money, to_minor
from deals_app.domain.views import MemberView, StageView
from deals_app.services.queries.board import BY_HAND, Showing
from deals_app.services.queries.filters import CLOSE_CHOICES, CLOSED_DAYS, DESCENDS_FIRST, SORTS, DealFilter

ME, NOBODY = "me", "none"
STATUSES = {"open": "Open", "closed_won": "Won", "closed_lost": "Lost"}
# In the order of their chips; each is a field of the filter form.
WORDS = ("q", "pipeline", "stage", "status", "owner", "close", "value_from", "value_to", "tag", "source")
# The board has a column per stage, and its pipeline stands in its path.
BOARD_WORDS = tuple(word for word in WORDS if word not in {"pipeline", "stage", "status"})
SOURCES = ("manual", "web_form", "csv", "email", "api", "hubspot", "salesforce")


class Chip(NamedTuple):
    """An active filter in words, and the address without it."""

    label: str
    value: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The words of an address, what they mean, and what is wrong with some of them (word → sentence).

    `sort` is one of SORTS or empty for the page's own order; a minus before it in the address turns it round.
    """

    path: str
    words: Mapping[str, str]
    wanted: DealFilter
    sort: str
    descending: bool
    problems: Mapping[str, str]

    def query(self, **changes: str) -> str:
        """`?q=…&sort=…` with other words, from the first page on; an empty word is left out."""
        words = {word: text for word, text in {**self.words, **changes}.items() if text}
        return f"?{urlencode(words)}" if words else ""

    def url(self, **changes: str) -> str:
        """The page with other words."""
        return self.path + self.query(**changes)

    @property
    def has_blanks(self) -> bool:
        """Whether a form has filled the address with words that say nothing."""
        return request.method == "GET" and not all(map(str.strip, request.args.values()))

    def showing(self, folded: Collection[UUID] = ()) -> Showing:
        """The same for a board."""
        return Showing(wanted=self.wanted, sort=self.sort or BY_HAND, descending=self.descending, folded=folded)

    @property
    def clear_url(self) -> str:
        """The page in its order, unfiltered."""
        return self.url(**dict.fromkeys(WORDS, ""))

    def chips(self, actor: Actor, people: Iterable[MemberView], stages: Iterable[StageView] = ()) -> list[Chip]:
        """What is filtered, in words; words that mean nothing here are left out, as they filter nothing."""
        wanted, base = self.wanted, actor.base_currency
        owner = next((person.name for person in people if person.id == wanted.owner), "Somebody who is not here")
        if wanted.unassigned:
            owner = "Unassigned"
        stage = next((stage.name for stage in stages if stage.key == wanted.stage), wanted.stage)
        shown = {
            "q": ("Text", f"“{wanted.q}”" if wanted.q else ""),
            "stage": ("Stage", stage),
            "status": ("Status", STATUSES.get(wanted.status, "")),
            "owner": ("Owner", owner if wanted.unassigned or wanted.owner is not None else ""),
            "close": ("Close date", CLOSE_CHOICES.get(wanted.close, "")),
            "value_from": ("Value from", "" if wanted.value_from is None else money(wanted.value_from, base)),
            "value_to": ("Value to", "" if wanted.value_to is None else money(wanted.value_to, base)),
            "tag": ("Tag", wanted.tag),
            "source": ("Came in by", source_label(wanted.source) if wanted.source else ""),
        }
        return [Chip(label, value, self.url(**{word: ""})) for word, (label, value) in shown.items() if value]


def asked_filter(actor: Actor, *, closed_days: int | None = None, keep: Iterable[str] = ()) -> Asked:
    """What the current address asks for. `keep` names further words of the page that its links carry on.

    Values are read in major units of the base currency (`12,500`, `45k`); one that cannot be read filters nothing and
    is told in `problems`.
    """
    words = {word: request.args.get(word, "").strip() for word in (*WORDS, "sort", *keep)}
    return _asked(actor, request.path, words, closed_days)


def asked_of_board(actor: Actor, *, around: bool = False) -> Asked:
    """What the board asks for, its closed columns of the last days unless `closed=all`.

    `around` is for what is asked from a board: then the board's address is htmx's HX-Current-URL, so that the answer
    adds up what the page shows.
    """
    path, args = (_page_around() if around else None) or (request.path, request.args)
    words = {word: args.get(word, "").strip() for word in (*BOARD_WORDS, "sort", "closed")}
    return _asked(actor, path, words, None if words["closed"] == "all" else CLOSED_DAYS)


def _page_around() -> tuple[str, Mapping[str, str]] | None:
    """Path and words of the page that htmx asks from; None where it does not say."""
    _, _, address = request.headers.get("HX-Current-URL", "").partition("://")
    here = local_path(f"/{address.partition('/')[2]}") if address else None
    path, _, query = (here or "").partition("?")
    return (path, dict(parse_qsl(query))) if path else None


def _asked(actor: Actor, path: str, words: Mapping[str, str], closed_days: int | None) -> Asked:
    text = defaultdict(str, words)
    problems: dict[str, str] = {}
    sort = text["sort"].removeprefix("-")
    sort = sort if sort in SORTS else ""
    return Asked(
        path=path,
        words=words,
        wanted=DealFilter(
            q=text["q"],
            pipeline=_uuid(text["pipeline"]),
            stage=text["stage"],
            status=text["status"] if text["status"] in STATUSES else "",
            owner=actor.user_id if text["owner"] == ME else _uuid(text["owner"]),
            unassigned=text["owner"] == NOBODY,
            close=text["close"] if text["close"] in CLOSE_CHOICES else "",
            value_from=_minor(text, "value_from", actor.base_currency, problems),
            value_to=_minor(text, "value_to", actor.base_currency, problems),
            tag=text["tag"],
            source=text["source"],
            closed_days=closed_days,
        ),
        sort=sort,
        descending=(sort in DESCENDS_FIRST) != text["sort"].startswith("-"),
        problems=problems,
    )


def _minor(words: Mapping[str, str], word: str, base_currency: str, problems: dict[str, str]) -> int | None:
    """The word as minor units; None, and a problem, for what is no amount of the base currency."""
    if not words[word]:
        return None
    try:
        read = parse_money(words[word], base_currency=base_currency)
        if read.currency not in {None, base_currency}:
            problems[word] = f"Write it in {base_currency}: deals of every currency are compared in it"
            return None
        return to_minor(read.amount, base_currency)
    except MoneyError as error:
        problems[word] = str(error)
        return None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
