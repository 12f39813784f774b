"""What the address of the list asks for beyond its filter: which columns, in what order, how many rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask import render_template, request, url_for

from deals_app.blueprints.filters import SOURCES, STATUSES, Asked, Chip, asked_filter
from deals_app.blueprints.web import actor
from deals_app.domain.deal_views import DealList
from deals_app.services.bulk import MOST
from deals_app.services.queries.deal_list import NEWEST, ROWS_PER_STRETCH, deal_list, deal_rows
from deals_app.services.queries.filters import CLOSE_CHOICES, DESCENDS_FIRST, SORTS

COOKIE = "columns"
YEAR_SECONDS = 365 * 86_400
# A table that asks for itself again brings as many rows as it has; beyond this it begins anew.
MOST_ROWS = 500
DEFAULT = ("customer", "stage", "value", "owner", "close", "age", "next_step")


@dataclass(frozen=True, kw_only=True)
class Column:
    """`sort` is one of SORTS, empty where there is no such order; `turned` where its first has the largest number."""

    key: str
    label: str
    sort: str = ""
    is_number: bool = False
    turned: bool = False


# The name always stands first.
COLUMNS = (
    Column(key="customer", label="Customer"),
    Column(key="stage", label="Stage"),
    Column(key="pipeline", label="Pipeline"),
    Column(key="value", label="Value", sort="value", is_number=True),
    Column(key="weighted", label="Weighted", is_number=True),
    Column(key="probability", label="Probability", is_number=True),
    Column(key="owner", label="Owner"),
    Column(key="close", label="Close date", sort="close"),
    Column(key="age", label="In stage", sort="age", turned=True),
    Column(key="next_step", label="Next step"),
    Column(key="tags", label="Tags"),
    Column(key="source", label="Came in by"),
    Column(key="created", label="Added", sort="created"),
    Column(key="updated", label="Changed", sort="updated"),
)
NAME = Column(key="name", label="Deal", sort="name")


@dataclass(frozen=True, kw_only=True)
class Heading:
    """A column's head: where its link leads, empty for a column that cannot sort, and how it is sorted now."""

    key: str
    label: str
    is_number: bool
    url: str
    direction: str


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A list as its address asks for it."""

    asked: Asked
    columns: tuple[Column, ...]
    sort: str
    descending: bool
    after: str | None
    start: str
    rows: int

    @classmethod
    def read(cls, *, start: str = "after") -> Listing:
        """From the address; columns that it does not name are those that were chosen last.

        `start` is the word that says where the page begins, which a stretch of it does not do by its own cursor.
        """
        asked = asked_filter(actor(), keep=["columns"])
        given = ",".join(request.args.getlist("columns"))
        chosen = set((given or request.cookies.get(COOKIE) or ",".join(DEFAULT)).split(","))
        columns = tuple(column for column in COLUMNS if column.key in chosen)
        written = ",".join([NAME.key, *(column.key for column in columns)]) if given else ""
        return cls(
            asked=replace(asked, path=url_for("deals.index"), words={**asked.words, "columns": written}),
            columns=columns,
            sort=asked.sort or NEWEST,
            descending=asked.descending if asked.sort else True,
            after=request.args.get("after") or None,
            start=request.args.get(start, ""),
            rows=min(max(request.args.get("rows", ROWS_PER_STRETCH, int), ROWS_PER_STRETCH), MOST_ROWS),
        )

    @property
    def remembered(self) -> str:
        """The columns that the address names, for a cookie."""
        return self.asked.words["columns"]

    @property
    def headings(self) -> list[Heading]:
        """The name's and the chosen columns'."""
        return [self._heading(column) for column in (NAME, *self.columns)]

    @property
    def choices(self) -> list[tuple[str, str, bool]]:
        """(key, label, is shown) of every column but the name."""
        return [(column.key, column.label, column in self.columns) for column in COLUMNS]

    def next_url(self, after: str) -> str:
        """The page that goes on behind a cursor."""
        return self.asked.url(after=after)

    def more_url(self, after: str, shown: int) -> str:
        """The rows behind a cursor, after so many since the page's start."""
        return url_for("deals.rows") + self.asked.query(after=after, start=self.start, rows=str(shown))

    def again_url(self, shown: int) -> str:
        """The page with as many rows as it shows."""
        return self.asked.url(after=self.start, rows=str(shown))

    def _heading(self, column: Column) -> Heading:
        direction, url = "", ""
        if column.sort:
            is_sorted = column.sort == self.sort
            turns = is_sorted and self.descending == (column.sort in DESCENDS_FIRST)
            url = self.asked.url(sort=f"{'-' if turns else ''}{column.sort}")
            if is_sorted:
                direction = "descending" if self.descending != column.turned else "ascending"
        return Heading(key=column.key, label=column.label, is_number=column.is_number, url=url, direction=direction)


def show_list(listing: Listing) -> str:
    """The page."""
    found = deal_list(
        actor(),
        listing.asked.wanted,
        listing.after,
        sort=listing.sort,
        descending=listing.descending,
        limit=listing.rows,
    )
    return render_template(
        "deals/list.html",
        listing=listing,
        asked=listing.asked,
        found=found,
        page=found.page,
        shown=len(found.page.items),
        chips=_chips(listing.asked, found),
        sorts=_orders(listing.asked),
        closings=CLOSE_CHOICES,
        statuses=STATUSES,
        ways_in=SOURCES,
        most=MOST,
    )


def show_rows(listing: Listing) -> str:
    """Further rows, behind as many as the page has."""
    wanted = listing.asked.wanted
    page = deal_rows(actor(), wanted, listing.after, sort=listing.sort, descending=listing.descending)
    return render_template("deals/_stretch.html", listing=listing, page=page, shown=listing.rows + len(page.items))


def _orders(asked: Asked) -> dict[str, str]:
    """The orders to choose from; one that is turned round has none of these names."""
    orders = {name: label for name, label in SORTS.items() if name != NEWEST}
    if asked.sort and asked.words["sort"].startswith("-"):
        orders[asked.words["sort"]] = f"{SORTS[asked.sort]}, reversed"
    return orders


def _chips(asked: Asked, found: DealList) -> list[Chip]:
    """The board's chips, and the pipeline, which a board has anyway."""
    stages = [stage for pipeline in found.pipelines for stage in pipeline.stages]
    chips = asked.chips(actor(), found.people, stages)
    names = [pipeline.name for pipeline in found.pipelines if pipeline.id == asked.wanted.pipeline]
    return [*(Chip("Pipeline", name, asked.url(pipeline="")) for name in names), *chips]
