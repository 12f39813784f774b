"""Lists as files to take along: all that a list shows under its filters, not one page of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from flask import Blueprint, Response, request

from deals_app.blueprints.api.shapes import CustomerAnswer, DealAnswer
from deals_app.blueprints.filters import asked_filter
from deals_app.blueprints.web import actor, signed_in
from deals_app.domain.actor import Actor
from deals_app.domain.errors import NotFound
from deals_app.domain.views import CustomerView, DealView
from deals_app.services.exporting.csv_text import as_csv
from deals_app.services.exporting.customers import customers_lines, customers_table
from deals_app.services.exporting.deals import DealsWanted, deals_lines, deals_table
from deals_app.services.exporting.streams import Sent
from deals_app.services.exporting.tables import Writer
from deals_app.services.exporting.workbook import as_workbook
from deals_app.services.queries.deal_list import NEWEST
from deals_app.services.queries.filters import DealFilter

blueprint = Blueprint("exports", __name__)

KINDS: Final[Mapping[str, str]] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jsonl": "application/jsonl; charset=utf-8",
}
# The rest are lines of JSON, which are the API's own objects.
TABLES: Final[Mapping[str, Writer]] = {"csv": as_csv, "xlsx": as_workbook}


@blueprint.get("/deals/export.<kind>")
@signed_in
def deals(kind: str) -> Response:
    """The deals of the list, in its order."""
    asked = asked_filter(actor())
    descending = asked.descending if asked.sort else True
    wanted = DealsWanted(filter=asked.wanted, sort=asked.sort or NEWEST, descending=descending)
    return _attached("deals", kind, lambda: exported_deals(actor(), kind, wanted))


@blueprint.get("/leads/export.<kind>")
@signed_in
def leads(kind: str) -> Response:
    """The leads: open deals that nobody owns yet, the newest first."""
    wanted = DealsWanted(filter=DealFilter(unassigned=True, status="open"))
    return _attached("leads", kind, lambda: exported_deals(actor(), kind, wanted))


@blueprint.get("/customers/export.<kind>")
@signed_in
def customers(kind: str) -> Response:
    """The customers of the list, by name."""
    q = request.args.get("q", "")
    return _attached("customers", kind, lambda: _exported_customers(actor(), kind, q))


def exported_deals(who: Actor, kind: str, wanted: DealsWanted) -> Sent:
    """The file in parts; `kind` is one of KINDS. Close it."""
    write = TABLES.get(kind)
    return deals_lines(who, wanted, _deal_line) if write is None else deals_table(who, wanted, write)


def _exported_customers(who: Actor, kind: str, q: str) -> Sent:
    write = TABLES.get(kind)
    return customers_lines(who, q, _customer_line) if write is None else customers_table(who, q, write)


def _deal_line(view: DealView) -> str:
    return DealAnswer.model_validate(view).model_dump_json()


def _customer_line(view: CustomerView) -> str:
    return CustomerAnswer.model_validate(view).model_dump_json()


def _attached(name: str, kind: str, begin: Callable[[], Sent]) -> Response:
    """A download. The server closes what it sends, however far it came; of a HEAD it sends nothing."""
    if kind not in KINDS:
        message = "Lists are exported as .csv, .xlsx and .jsonl"
        raise NotFound(message)
    answer = Response(begin() if request.method == "GET" else (), content_type=KINDS[kind])
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}-{actor().today.isoformat()}.{kind}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer
