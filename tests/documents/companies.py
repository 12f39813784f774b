"""A company at a running server: what the source documents take for granted before their first request."""

from __future__ import annotations

import json
import urllib.request
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from urllib.error import HTTPError
from uuid import UUID

from deals_app.services.accounts import actor_for_tenant, add_member, create_tenant
from deals_app.services.customers import create_customer
from deals_app.services.deals import NewDeal, create_deal
from deals_app.services.stage_transition import lose_deal, move_deal, win_deal
from tests.people import PASSWORD, api_key

DEALS = "/api/v1/customer-mgmt/deals"
_numbers = count(1)


class Company:
    """A tenant of its own, its one customer and its one rep."""

    def __init__(self, address: str) -> None:
        number = next(_numbers)
        self.address = address
        slug = f"company-{number}"
        self.admin = f"admin@{slug}.example"
        create_tenant(slug=slug, name="Company", owner_email=self.admin, owner_name="Ada", password=PASSWORD)
        self.actor = actor_for_tenant(slug, reference="system:test", door="cli")
        email = f"rep@{slug}.example"
        self.rep = add_member(self.actor, email=email, name="Rita Rep", role="rep", password=None)
        self.customer = create_customer(self.actor, name="Acme Inc.")
        self.headers = api_key(self.actor)
        self.today: date = datetime.now(UTC).date()

    def deal(self, stage: str = "lead") -> UUID:
        """A deal as route 1 of deal-management.txt makes it, brought to a stage."""
        deal_id = create_deal(
            self.actor,
            NewDeal(
                name="Enterprise Software License",
                currency="USD",
                value=50_000_000,
                customer_id=self.customer,
                assigned_to=self.rep,
                expected_close_date=self.today + timedelta(days=90),
            ),
        )
        if stage == "closed_won":
            win_deal(self.actor, deal_id)
        elif stage == "closed_lost":
            lose_deal(self.actor, deal_id)
        elif stage != "lead":
            move_deal(self.actor, deal_id, stage=stage)
        return deal_id

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Status and JSON of an answer; a body that is no text is sent as JSON."""
        text = body if isinstance(body, str) or body is None else json.dumps(body)
        request = urllib.request.Request(  # noqa: S310 (http, to our own server)
            self.address + path,
            method=method,
            data=None if text is None else text.encode(),
            headers=self.headers | ({} if text is None else {"Content-Type": "application/json"}) | headers,
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 (as above)
                return answer.status, _json(answer.read())
        except HTTPError as refused:
            with refused:
                return refused.code, _json(refused.read())

    def done(self, method: str, path: str, body: Any = None) -> Any:
        """The `data` of an answer that must be a success."""
        status, answer = self.ask(method, path, body)
        assert status < 300, answer
        return answer["data"] if answer else None


def _json(raw: bytes) -> Any:
    return json.loads(raw) if raw else None
