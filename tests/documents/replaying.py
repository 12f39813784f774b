"""A printed request sent to a running server, and the answer held against the printed one, field by field.

What is replaced, and nothing else: host and key; the ids of the deal, the customer and the rep; and dates, which move
by as many days as lie between the day the document was written (31 December 2025, its "today") and today. So
"2025-12-31" is today, which a deal may be closed on, and every expected close date keeps its distance and stays in the
future.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

from tests.documents.companies import DEALS, Company
from tests.documents.printed import Request

WRITTEN_ON = date(2025, 12, 31)
PRINTED_CUSTOMER = "019b72b7-0636-79b5-b8fe-28b439ec801d"
PRINTED_REP = "019b72b6-e679-7635-a86d-ac29a7923f3d"
# The deal at hand, under all of its printed names.
PRINTED_DEAL = re.compile(r":id\b|\$DEAL_ID\b|019b72b7-339c-73ca-850c-8459913f2cde")
PRINTED_DATE = re.compile(r'(?<=")\d{4}-\d{2}-\d{2}(?=")')
RFC_3339 = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})")
EXPECTED = {"POST": (200, 201), "GET": (200,), "PUT": (200,), "DELETE": (204,)}


class Replay:
    """The requests of one section, in order, against one company."""

    def __init__(self, company: Company, deal: UUID | None) -> None:
        self.company = company
        self.deal = deal

    def send(self, request: Request, body: str | None = None) -> tuple[int, Any]:
        """Status and answer; a deal that is made is the one that later requests speak of."""
        # "PUT /deals/:id/basic-info" is the document's short form.
        path = re.sub(r"^/deals", DEALS, request.path)
        text = body if body is not None else request.body
        status, answer = self.company.ask(request.method, self.ours(path), None if text is None else self.ours(text))
        if status == 201:
            self.deal = UUID(answer["data"]["id"])
        return status, answer

    def ours(self, text: str) -> str:
        """A printed text with our ids and dates."""
        text = PRINTED_DEAL.sub(str(self.deal), text)
        text = text.replace(PRINTED_CUSTOMER, str(self.company.customer)).replace(PRINTED_REP, str(self.company.rep))
        return self.ours_dates(text)

    def ours_dates(self, text: str) -> str:
        """A printed text with its dates moved, and its ids as they are."""
        return PRINTED_DATE.sub(lambda found: self._shifted(found[0]), text)

    def differences(self, printed: Any, found: Any) -> list[str]:
        """What of the printed answer is not in ours. Ours may say more: whole deals, details, a request id."""
        return [*_differences(json.loads(self.ours(json.dumps(printed))), found, "")]

    def _shifted(self, day: str) -> str:
        return (date.fromisoformat(day) + (self.company.today - WRITTEN_ON)).isoformat()


def _differences(printed: Any, found: Any, where: str) -> Iterator[str]:
    if isinstance(printed, dict) and isinstance(found, dict):
        for name, value in printed.items():
            if name in found:
                yield from _differences(value, found[name], f"{where}.{name}")
            else:
                yield f"{where}.{name} is missing"
    elif isinstance(printed, list) and isinstance(found, list) and len(found) >= len(printed) > 0:
        for number, item in enumerate(printed):
            yield from _differences(item, found[number], f"{where}[{number}]")
    elif isinstance(printed, str) and RFC_3339.fullmatch(printed):
        if not (isinstance(found, str) and RFC_3339.fullmatch(found)):
            yield f"{where}: {found!r} is no time"
    elif type(printed) is not type(found) or printed != found:
        yield f"{where}: {found!r} instead of {printed!r}"
