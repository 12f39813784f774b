"""HubSpot on this machine: its sign-in, the CRM calls our client makes, and signed webhooks when a deal changes.

Shapes and limits are those of HubSpot's documentation and of captured answers: 100 objects a batch and a page, 207
where some are missing, 10,000 results a search, webhooks of at most 100 events.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from deals_app.integrations.hubspot_webhooks import SIGNATURE_HEADER, TIMESTAMP_HEADER, signature
from deals_app.integrations.simulator.hubspot_records import PORTAL, as_text, companies, deals, owners, pipelines
from deals_app.integrations.simulator.sending import post
from deals_app.integrations.simulator.serving import Answer, Faults, Request, Simulation
from deals_app.integrations.simulator.signing_in import SigningIn

SECRET: Final = "simulated-client-secret"  # noqa: S105 (of nobody: it is documented)
MOST_FOUND: Final = 10_000
_PAGE: Final = 100
_APP: Final = 39522895
_COMPARED: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "EQ": lambda one, other: one == other,
    "GT": lambda one, other: one > other,
    "GTE": lambda one, other: one >= other,
    "LT": lambda one, other: one < other,
    "LTE": lambda one, other: one <= other,
}


class HubSpot(Simulation):
    """One account. `webhook_url` is where events go, signed with `secret`; without one they go nowhere."""

    def __init__(
        self,
        *,
        deal_count: int = 300,
        webhook_url: str = "",
        secret: str = SECRET,
        most_found: int = MOST_FOUND,
        faults: Faults | None = None,
    ) -> None:
        super().__init__(faults)
        self.deals = deals(deal_count)
        self.companies = companies()
        self.webhook_url = webhook_url
        self.secret = secret
        self._most_found = most_found
        self._events = 0
        self._sign_in = SigningIn("HubSpot", seconds=1800)
        self._sign_in.attach(self, authorize="/oauth/authorize", token="/oauth/2026-03/token")  # noqa: S106 (a path)
        self._serve()

    def _serve(self) -> None:
        self.on("POST", "/oauth/2026-03/token/introspect", self._introspect)
        self.on("GET", "/crm/v3/objects/deals", self._list)
        self.on("GET", "/crm/v3/objects/deals/{id}", self._one)
        self.on("PATCH", "/crm/v3/objects/deals/{id}", self._update)
        self.on("POST", "/crm/v3/objects/deals/search", self._search)
        self.on("POST", "/crm/v3/objects/deals/batch/read", lambda asked: _batch(self.deals, asked))
        self.on("POST", "/crm/v3/objects/companies/batch/read", lambda asked: _batch(self.companies, asked))
        self.on("POST", "/crm/v3/associations/deals/companies/batch/read", self._associations)
        self.on("GET", "/crm/v3/owners/?", lambda _: Answer({"results": owners()}))
        self.on("GET", "/crm/v3/pipelines/deals", lambda _: Answer({"results": pipelines()}))
        self.on("POST", "/_change", self._change)

    def door(self, request: Request) -> Answer | None:
        """Everything but the sign-in wants a token."""
        if request.path.startswith("/oauth/") or self._sign_in.is_signed_in(request):
            return None
        message = "Authentication credentials not found."
        return Answer({"status": "error", "message": message, "category": "INVALID_AUTHENTICATION"}, 401)

    def too_many(self) -> Answer:
        """As HubSpot says it."""
        message = "You have reached your ten_secondly_rolling limit."
        body = {"status": "error", "message": message, "errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING"}
        return Answer(body, 429, {"Retry-After": "7"})

    def _introspect(self, request: Request) -> Answer:
        if not self._sign_in.is_good(request.form.get("token", "")):
            return Answer({"active": False})
        return Answer({"active": True, "hub_id": PORTAL, "app_id": _APP, "token_type": "bearer", "scopes": []})

    def _list(self, request: Request) -> Answer:
        limit = min(int(request.query.get("limit", "10")), _PAGE)
        archived = request.query.get("archived") == "true"
        after = int(request.query.get("after", "0"))
        ordered = sorted((each for each in self.deals.values() if each["archived"] == archived), key=_number)
        found = [each for each in ordered if _number(each) >= after]
        page = [self._shown(each, request.query.get("properties")) for each in found[:limit]]
        rest = found[limit:]
        paging = {"paging": {"next": {"after": rest[0]["id"], "link": self.url}}} if rest else {}
        return Answer({"results": page, **paging})

    def _one(self, request: Request) -> Answer:
        found = self.deals.get(request.match["id"])
        if found is None or found["archived"]:
            return Answer({"status": "error", "message": "resource not found", "category": "OBJECT_NOT_FOUND"}, 404)
        return Answer(self._shown(found, request.query.get("properties")))

    def _update(self, request: Request) -> Answer:
        found = self.deals.get(request.match["id"])
        if found is None or found["archived"]:
            return Answer({"status": "error", "message": "resource not found", "category": "OBJECT_NOT_FOUND"}, 404)
        known = {stage["id"] for stage in pipelines()[0]["stages"]}
        if request.json["properties"].get("dealstage", next(iter(known))) not in known:
            return Answer({"status": "error", "message": "dealstage was not one of the allowed options"}, 400)
        self._set(found, request.json["properties"])
        return Answer(self._shown(found, None))

    def _search(self, request: Request) -> Answer:
        asked = request.json
        groups: list[Any] = asked.get("filterGroups", [])
        sorts: list[Any] = asked.get("sorts", [])
        found = [
            each
            for each in self.deals.values()
            if not each["archived"]
            and (not groups or any(all(_fits(each, rule) for rule in group["filters"]) for group in groups))
        ]
        for sort in sorts:
            found.sort(
                key=lambda each: _comparable(sort["propertyName"], each), reverse=sort["direction"] == "DESCENDING"
            )
        after, limit = int(asked.get("after") or 0), min(int(asked.get("limit") or 10), _PAGE)
        if after + limit > self._most_found:
            return Answer({"status": "error", "message": f"a search ends after {self._most_found} results"}, 400)
        page = [self._shown(each, ",".join(asked.get("properties") or [])) for each in found[after : after + limit]]
        paging = {"paging": {"next": {"after": str(after + limit)}}} if after + limit < len(found) else {}
        return Answer({"total": len(found), "results": page, **paging})

    def _associations(self, request: Request) -> Answer:
        asked = [each["id"] for each in request.json["inputs"]]
        results = [
            {"from": {"id": key}, "to": [{"id": self.deals[key]["company_id"], "type": "deal_to_company"}]}
            for key in asked
            if key in self.deals
        ]
        return Answer({"status": "COMPLETE", "results": results, **_took()})

    def _shown(self, deal: Mapping[str, Any], properties: str | None) -> dict[str, Any]:
        wanted = {"dealname", "amount", "dealstage", "pipeline", "closedate", *(properties or "").split(",")}
        kept = {name: value for name, value in deal["properties"].items() if name in wanted or name.startswith("hs_")}
        return {name: value for name, value in deal.items() if name != "company_id"} | {"properties": kept}

    def _set(self, deal: dict[str, Any], properties: Mapping[str, Any]) -> None:
        before = datetime.fromisoformat(deal["updatedAt"])
        now = as_text(max(datetime.now(UTC), before + timedelta(milliseconds=1)))
        deal["properties"] |= {**properties, "hs_lastmodifieddate": now}
        deal["updatedAt"] = now

    def _change(self, request: Request) -> Answer:
        """`{"id", "properties"}`, `{"id", "delete": true}`, `{"id", "restore": true}` or `{"id", "merge": id}`."""
        asked = request.json
        deal = self.deals[str(asked["id"])]
        if asked.get("delete") or asked.get("restore"):
            deal["archived"] = bool(asked.get("delete"))
            self._set(deal, {})
            events = [self._event("deal.deletion" if deal["archived"] else "deal.restore", deal)]
        elif "merge" in asked:
            other = self.deals[str(asked["merge"])]
            other["archived"] = True
            self._set(deal, {"hs_merged_object_ids": other["id"]})
            merged = {"primaryObjectId": int(deal["id"]), "mergedObjectIds": [int(other["id"])]}
            events = [self._event("deal.merge", deal, **merged)]
        else:
            self._set(deal, asked["properties"])
            events = [
                self._event("deal.propertyChange", deal, propertyName=name, propertyValue=value)
                for name, value in asked["properties"].items()
            ]
        return Answer({"deal": deal, "answers": self._send(events)})

    def _event(self, kind: str, deal: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        self._events += 1
        return {
            "eventId": self._events,
            "subscriptionId": 6547118,
            "portalId": PORTAL,
            "appId": _APP,
            "occurredAt": int(datetime.fromisoformat(deal["updatedAt"]).timestamp() * 1000),
            "subscriptionType": kind,
            "attemptNumber": 0,
            "objectId": int(deal["id"]),
            "changeSource": "CRM_UI",
            **more,
        }

    def _send(self, events: Sequence[dict[str, Any]]) -> list[int]:
        """The status of each request that was sent."""
        sent = self.faults.applied_to(list(events))
        if not self.webhook_url or not sent:
            return []
        body = json.dumps(sent, separators=(",", ":"), ensure_ascii=False).encode()
        timestamp = str(int(datetime.now(UTC).timestamp() * 1000))
        signed = signature(self.secret, method="POST", url=self.webhook_url, body=body, timestamp=timestamp)
        headers = {"Content-Type": "application/json", SIGNATURE_HEADER: signed, TIMESTAMP_HEADER: timestamp}
        return [post(self.webhook_url, body, headers)[0]]


def _batch(records: Mapping[str, dict[str, Any]], request: Request) -> Answer:
    asked = [str(each["id"]) for each in request.json["inputs"]]
    if len(asked) > _PAGE:
        return Answer({"status": "error", "message": f"at most {_PAGE} inputs"}, 400)
    known = [key for key in asked if key in records and not records[key]["archived"]]
    wanted = {*request.json.get("properties", []), "hs_object_id", "hs_lastmodifieddate"}
    results = [
        {**{name: value for name, value in records[key].items() if name != "company_id"}}
        | {"properties": {name: value for name, value in records[key]["properties"].items() if name in wanted}}
        for key in known
    ]
    missing = sorted(set(asked) - set(known))
    errors = [{"status": "error", "category": "OBJECT_NOT_FOUND", "message": "not found", "context": {"ids": missing}}]
    more = {"numErrors": 1, "errors": errors} if missing else {}
    return Answer({"status": "COMPLETE", "results": results, **more, **_took()}, 207 if missing else 200)


def _took() -> dict[str, str]:
    now = as_text(datetime.now(UTC))
    return {"startedAt": now, "completedAt": now}


def _number(record: Mapping[str, Any]) -> int:
    return int(record["id"])


def _comparable(name: str, record: Mapping[str, Any]) -> Any:
    """Times by the millisecond, ids by their number, anything else as its text."""
    value = record["properties"].get(name)
    if name == "hs_object_id":
        return int(value)
    if name in {"hs_lastmodifieddate", "createdate", "closedate"}:
        return int(datetime.fromisoformat(value).timestamp() * 1000)
    return str(value or "")


def _fits(record: Mapping[str, Any], rule: Mapping[str, Any]) -> bool:
    name, wanted = rule["propertyName"], rule["value"]
    value = _comparable(name, record)
    return _COMPARED[rule["operator"]](value, type(value)(wanted))
