"""Salesforce on this machine: its sign-in (with PKCE), the REST calls our client makes, and Outbound Messages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from xml.sax.saxutils import escape

from deals_app.integrations.simulator.salesforce_records import ORGANIZATION, as_text, opportunities, stages
from deals_app.integrations.simulator.sending import post
from deals_app.integrations.simulator.serving import Answer, Faults, Request, Simulation
from deals_app.integrations.simulator.signing_in import SigningIn
from deals_app.integrations.simulator.soql import Query, parsed

_API: Final = "/services/data/v[0-9.]+"
_MOST_NOTIFICATIONS: Final = 100
_MESSAGE: Final = """<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" \
xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <soapenv:Body>
  <notifications xmlns="http://soap.sforce.com/2005/09/outbound">
   <OrganizationId>{organization}</OrganizationId>
   <ActionId>04k5e0000008Qx1AAE</ActionId>
   <SessionId>{organization}!SIMULATED.SESSION</SessionId>
   <EnterpriseUrl>{url}/services/Soap/c/59.0/</EnterpriseUrl>
   <PartnerUrl>{url}/services/Soap/u/59.0/</PartnerUrl>
{notifications}
  </notifications>
 </soapenv:Body>
</soapenv:Envelope>"""
_NOTIFICATION: Final = """   <Notification>
    <Id>04l5e0000{number:06d}AAA</Id>
    <sObject xsi:type="sf:Opportunity" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">
{fields}
    </sObject>
   </Notification>"""
# What whoever set up the message chose to send; SOAP has no fields of related objects.
_SENT: Final = (
    *("Id", "AccountId", "Amount", "CloseDate", "IsClosed", "IsDeleted", "IsWon", "LastModifiedDate", "LeadSource"),
    *("Name", "OwnerId", "Probability", "StageName", "Type"),
)


class Salesforce(Simulation):
    """One organisation. `message_url` is where Outbound Messages go; without one they go nowhere."""

    def __init__(
        self,
        *,
        deal_count: int = 300,
        message_url: str = "",
        page_size: int = 200,
        used_calls: int = 18,
        faults: Faults | None = None,
    ) -> None:
        super().__init__(faults)
        self.opportunities = opportunities(deal_count)
        self.message_url = message_url
        self.used_calls = used_calls
        self._page_size = page_size
        self._cursors: dict[str, tuple[Query, list[Mapping[str, Any]]]] = {}
        self._sent = 0
        self._sign_in = SigningIn("Salesforce", seconds=None)
        self._sign_in.attach(
            self,
            authorize="/services/oauth2/authorize",
            token="/services/oauth2/token",  # noqa: S106 (a path)
        )
        self.on("GET", f"{_API}/query/?", self._query)
        self.on("GET", f"{_API}/queryAll/?", self._query)
        self.on("GET", f"{_API}/query(?:All)?/{{cursor}}", self._more)
        self.on("PATCH", f"{_API}/sobjects/Opportunity/{{id}}", self._update)
        self.on("POST", "/_change", self._change)

    def door(self, request: Request) -> Answer | None:
        """Everything but the sign-in wants a token; whoever signs in learns where the organisation lives."""
        self._sign_in.also = {
            "instance_url": self.url,
            "id": f"{self.url}/id/{ORGANIZATION}/0055e0000000000AAA",
            "scope": "api refresh_token",
        }
        if request.path.startswith("/services/oauth2/") or self._sign_in.is_signed_in(request):
            return None
        return Answer([{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}], 401)

    def too_many(self) -> Answer:
        """As Salesforce says it: not 429, but a refusal with a code."""
        return Answer([{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}], 403)

    def _query(self, request: Request) -> Answer:
        try:
            query = parsed(request.query["q"])
        except ValueError as problem:
            return Answer([{"message": str(problem), "errorCode": "MALFORMED_QUERY"}], 400)
        if query.object == "OpportunityStage":
            records: list[dict[str, Any]] = stages()
        elif query.object == "Opportunity":
            with_deleted = "queryAll" in request.path
            records = [each for each in self.opportunities.values() if with_deleted or not each["IsDeleted"]]
        else:
            return Answer([{"message": f"no {query.object} here", "errorCode": "INVALID_TYPE"}], 400)
        if unknown := [name for name in query.fields if records and name not in records[0]]:
            message = f"No such column '{unknown[0]}' on entity '{query.object}'."
            return Answer([{"message": message, "errorCode": "INVALID_FIELD"}], 400)
        return self._page(query, query.rows_of(records), request.path)

    def _more(self, request: Request) -> Answer:
        if request.match["cursor"] not in self._cursors:
            return Answer([{"message": "invalid query locator", "errorCode": "INVALID_QUERY_LOCATOR"}], 400)
        query, rows = self._cursors.pop(request.match["cursor"])
        return self._page(query, rows, request.path.rpartition("/")[0])

    def _page(self, query: Query, rows: list[Mapping[str, Any]], path: str) -> Answer:
        page, rest = rows[: self._page_size], rows[self._page_size :]
        more: dict[str, Any] = {}
        if rest:
            cursor = f"01gSIM{len(self._cursors):06d}-{len(rest)}"
            self._cursors[cursor] = (query, rest)
            more = {"nextRecordsUrl": f"{path.rstrip('/')}/{cursor}"}
        self.used_calls += 1
        body = {"totalSize": len(rows), "done": not rest, **more, "records": [_shown(query, row) for row in page]}
        return Answer(body, headers={"Sforce-Limit-Info": f"api-usage={self.used_calls}/5000"})

    def _update(self, request: Request) -> Answer:
        found = self.opportunities.get(request.match["id"])
        if found is None or found["IsDeleted"]:
            return Answer([{"message": "entity is deleted", "errorCode": "NOT_FOUND"}], 404)
        if unknown := [name for name in request.json if name not in found]:
            return Answer([{"message": f"No such column '{unknown[0]}'", "errorCode": "INVALID_FIELD"}], 400)
        if isinstance(request.json.get("Amount"), str):
            message = "Cannot deserialize instance of currency from VALUE_STRING"
            return Answer([{"message": message, "errorCode": "JSON_PARSER_ERROR"}], 400)
        self._set(found, request.json)
        return Answer(None, 204)

    def _set(self, found: dict[str, Any], fields: Mapping[str, Any]) -> None:
        before = datetime.fromisoformat(found["SystemModstamp"])
        now = as_text(max(datetime.now(UTC), before + timedelta(seconds=1)))
        found.update({**fields, "LastModifiedDate": now, "SystemModstamp": now})
        stage = next((each for each in stages() if each["ApiName"] == found["StageName"]), None)
        if stage:
            found.update({name: stage[name] for name in ("IsClosed", "IsWon")})

    def _change(self, request: Request) -> Answer:
        """`{"id" or "ids", "fields"}` or `{"id", "delete": true}`: change them and send the message."""
        asked = request.json
        ids = asked["ids"] if "ids" in asked else [asked["id"]]
        found = [self.opportunities[each] for each in ids][:_MOST_NOTIFICATIONS]
        for each in found:
            self._set(each, {"IsDeleted": True} if asked.get("delete") else asked["fields"])
        return Answer({"opportunities": found, "answers": self._send(found)})

    def _send(self, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Status of each request, and whether it was acknowledged."""
        sent: list[str] = []
        for each in found:
            self._sent += 1
            fields = "\n".join(_element(name, each[name]) for name in _SENT)
            sent.append(_NOTIFICATION.format(number=self._sent, fields=fields))
        kept = self.faults.applied_to(sent)
        if not self.message_url or not kept:
            return []
        body = _MESSAGE.format(organization=ORGANIZATION, url=self.url, notifications="\n".join(kept))
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
        status, answer = post(self.message_url, body.encode(), headers)
        return [{"status": status, "is_acknowledged": "<Ack>true</Ack>" in answer}]


def _shown(query: Query, row: Mapping[str, Any]) -> dict[str, Any]:
    """The fields asked for; those of related objects inside them, as Salesforce nests them."""
    url = f"/services/data/v59.0/sobjects/{query.object}/{row.get('Id', '')}"
    shown: dict[str, Any] = {"attributes": {"type": query.object, "url": url}}
    for name in query.fields:
        related, _, own = name.rpartition(".")
        if related:
            shown.setdefault(related, {"attributes": {"type": related}})[own] = row[name]
        else:
            shown[name] = row[name]
    return shown


def _element(name: str, value: object) -> str:
    if value is None:
        return f'     <sf:{name} xsi:nil="true"/>'
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"     <sf:{name}>{escape(text)}</sf:{name}>"
