"""What we ask of HubSpot, over its own client: deals by page, by id and by when they changed, and what is around them.

The client is heavy and imported in jobs only, inside the functions. Everything comes back as JSON objects for
`sources/hubspot.py`; what HubSpot keeps in another object (the company's name) is added under a name of its own.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from importlib import import_module
from typing import Any, Final, cast

from deals_app.integrations.oauth import Provider, introspected
from deals_app.integrations.vendor_errors import RateLimited, SignInAgain, VendorDown, VendorRefused, seconds_of

API_URL: Final = "https://api.hubapi.com"
_SIGN_IN_URL: Final = "https://app.hubspot.com"
# Version 1, which the client still calls, ends on 16 February 2027 and carries tokens in its addresses.
_OAUTH: Final = "/oauth/2026-03"
SCOPES: Final = (
    *("oauth", "crm.objects.deals.read", "crm.objects.deals.write", "crm.objects.companies.read"),
    *("crm.objects.owners.read", "crm.schemas.deals.read"),
)
BATCH: Final = 100
# HubSpot answers no search beyond so many results.
MOST_FOUND: Final = 10_000
PROPERTIES: Final = (
    *("dealname", "amount", "deal_currency_code", "dealstage", "pipeline", "closedate", "createdate"),
    *("hubspot_owner_id", "hs_lastmodifieddate", "hs_deal_stage_probability", "hs_is_closed", "hs_is_closed_won"),
    *("closed_lost_reason", "description", "hs_merged_object_ids", "dealtype"),
)
_SECONDS: Final = (5, 30)
# Each part of the client raises errors of its own.
_PACKAGES: Final = ("crm.associations", "crm.companies", "crm.deals", "crm.owners", "crm.pipelines")
# Its burst limit counts ten seconds.
_PAUSE: Final = 10.0
_UNAUTHORISED: Final = 401
_TOO_MANY: Final = 429
_SERVER_FAULT: Final = 500


@dataclass(frozen=True)
class Page:
    """Objects, and where the next page begins; None after the last."""

    objects: list[dict[str, Any]]
    after: str | None


@dataclass(frozen=True)
class VendorStage:
    """A stage of theirs, for mapping it to ours. `probability` is 0 to 100."""

    id: str
    name: str
    probability: Decimal | None
    is_closed: bool
    is_won: bool


@dataclass(frozen=True)
class VendorPipeline:
    """A pipeline of theirs with its stages in order."""

    id: str
    name: str
    stages: tuple[VendorStage, ...]


def provider(*, client_id: str, client_secret: str, api_url: str = API_URL) -> Provider:
    """HubSpot's sign-in; at another `api_url` (a simulator) all of it is there."""
    sign_in = _SIGN_IN_URL if api_url == API_URL else api_url
    return Provider(
        authorize_url=f"{sign_in}/oauth/authorize",
        token_url=f"{api_url}{_OAUTH}/token",
        introspect_url=f"{api_url}{_OAUTH}/token/introspect",
        client_id=client_id,
        client_secret=client_secret,
        scopes=SCOPES,
        has_pkce=False,
    )


def portal_id_of(provider: Provider, access_token: str) -> str:
    """The account a token is for; webhooks name it. Raises as `oauth.introspected`."""
    found = introspected(provider, access_token).get("hub_id")
    if not isinstance(found, int):
        message = "HubSpot's sign-in named no account"
        raise VendorRefused(message)
    return str(found)


class HubSpotAccount:
    """One account, read with an access token. Every call may raise the errors of vendor_errors.py."""

    def __init__(
        self,
        access_token: str,
        *,
        api_url: str = API_URL,
        properties: Iterable[str] = (),
        most_found: int = MOST_FOUND,
    ) -> None:
        """`properties` are wanted beside PROPERTIES: those of the connection's field mapping."""
        from urllib3 import Retry

        # Trying again is the job's: it knows how long the vendor wants us to wait, and who else is waiting.
        self._client: Any = import_module("hubspot").HubSpot(access_token=access_token, retry=Retry(0, redirect=False))
        self._client.config["host"] = api_url
        self._properties = list(dict.fromkeys([*PROPERTIES, *properties]))
        self._most_found = most_found

    def deals(self, *, after: str | None = None, is_archived: bool = False) -> Page:
        """A page of up to 100 deals, by id; with `is_archived` of the deleted ones."""
        api = self._client.crm.deals.basic_api
        # As a text: the client would write Python's own `True` into the address, which is none of HubSpot's words.
        more: dict[str, str] = {"archived": "true"} if is_archived else {}
        more |= {"after": after} if after else {}
        with _told():
            page = api.get_page(limit=BATCH, properties=self._properties, _request_timeout=_SECONDS, **more)
        return Page([_json(api, each) for each in page.results], _after(page))

    def deals_of(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Those of at most 100 ids that are there; the others are deleted, or never were."""
        if len(ids) > BATCH:
            message = f"HubSpot reads at most {BATCH} deals at once"
            raise ValueError(message)
        api = self._client.crm.deals.batch_api
        wanted = {"inputs": [{"id": each} for each in dict.fromkeys(ids)], "properties": self._properties}
        if not ids:
            return []
        with _told():
            found = api.read({**wanted, "propertiesWithHistory": []}, _request_timeout=_SECONDS)
        return [_json(api, each) for each in found.results]

    def deals_changed_since(self, since: datetime) -> Iterator[dict[str, Any]]:
        """All that changed at or after `since`, the oldest change first; one may come twice.

        A search ends after 10,000 results, so the next begins where the last one ended. Deals that a bulk edit changed
        in one millisecond, more than a search shows, are told apart by their ids.
        """
        start = int(since.timestamp() * 1000)
        while True:
            last, count = start, 0
            for found in self._search([_rule("hs_lastmodifieddate", "GTE", start)], "hs_lastmodifieddate"):
                last, count = _changed_ms(found), count + 1
                yield found
            if count < self._most_found:
                return
            if last == start:
                yield from self._changed_at(start)
                last += 1
            start = last

    def _changed_at(self, moment: int) -> Iterator[dict[str, Any]]:
        behind = "0"
        while True:
            count = 0
            rules = [_rule("hs_lastmodifieddate", "EQ", moment), _rule("hs_object_id", "GT", behind)]
            for found in self._search(rules, "hs_object_id"):
                behind, count = found["id"], count + 1
                yield found
            if count < self._most_found:
                return

    def _search(self, rules: list[dict[str, str]], order: str) -> Iterator[dict[str, Any]]:
        api = self._client.crm.deals.search_api
        asked: dict[str, Any] = {
            "filterGroups": [{"filters": rules}],
            "sorts": [{"propertyName": order, "direction": "ASCENDING"}],
            "properties": self._properties,
            "limit": BATCH,
        }
        after: str | None = "0"
        while after is not None and int(after) + BATCH <= self._most_found:
            with _told():
                page = api.do_search({**asked, "after": after}, _request_timeout=_SECONDS)
            yield from (_json(api, each) for each in page.results)
            after = _after(page)

    def with_companies(self, deals: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """The deals (at most 100), each with the name of its first company under `company` where it has one."""
        if not deals:
            return []
        linked = self._client.crm.associations.batch_api
        asked = {"inputs": [{"id": each["id"]} for each in deals]}
        with _told():
            found = linked.read("deals", "companies", asked, _request_timeout=_SECONDS)
        company_of = {each._from.id: each.to[0].id for each in found.results if each.to}  # noqa: SLF001 (its name there)
        names = self._company_names(sorted(set(company_of.values())))
        return [
            {**each, "company": name} if (name := names.get(company_of.get(each["id"], ""))) else each for each in deals
        ]

    def _company_names(self, ids: Sequence[str]) -> dict[str, str]:
        if not ids:
            return {}
        asked = {"inputs": [{"id": each} for each in ids], "properties": ["name"], "propertiesWithHistory": []}
        with _told():
            found = self._client.crm.companies.batch_api.read(asked, _request_timeout=_SECONDS)
        return {each.id: each.properties.get("name") or "" for each in found.results}

    def owners(self) -> dict[str, str]:
        """The e-mail address of every owner by id."""
        owners: dict[str, str] = {}
        more: dict[str, str] = {}
        while True:
            with _told():
                page = self._client.crm.owners.owners_api.get_page(limit=BATCH, _request_timeout=_SECONDS, **more)
            owners |= {each.id: each.email for each in page.results if each.email}
            after = _after(page)
            if after is None:
                return owners
            more = {"after": after}

    def pipelines(self) -> list[VendorPipeline]:
        """All pipelines of deals."""
        with _told():
            found = self._client.crm.pipelines.pipelines_api.get_all("deals", _request_timeout=_SECONDS)
        return [VendorPipeline(each.id, each.label, tuple(map(_stage, each.stages))) for each in found.results]

    def update_deal(self, deal_id: str, properties: dict[str, str]) -> dict[str, Any]:
        """Set properties of a deal; the deal as it is now."""
        api = self._client.crm.deals.basic_api
        with _told():
            return _json(api, api.update(deal_id, {"properties": properties}, _request_timeout=_SECONDS))


@contextmanager
def _told() -> Generator[None]:
    """HubSpot's errors in our words. Its messages may hold a token (in an address), so they are not passed on."""
    from urllib3.exceptions import HTTPError

    refusals = tuple(import_module(f"hubspot.{name}.exceptions").ApiException for name in _PACKAGES)
    try:
        yield
    except refusals as problem:
        raise _error_of(problem) from None
    except HTTPError as problem:
        message = "HubSpot did not answer"
        raise VendorDown(message) from problem


def _error_of(problem: Any) -> Exception:
    status = int(problem.status or 0)
    message = f"HubSpot answered with status {status}"
    if status == _TOO_MANY:
        return RateLimited(message, seconds=seconds_of(problem.headers.get("Retry-After"), otherwise=_PAUSE))
    if status == _UNAUTHORISED:
        return SignInAgain(message)
    return VendorDown(message) if status == 0 or status >= _SERVER_FAULT else VendorRefused(message)


def _json(api: Any, found: Any) -> dict[str, Any]:
    """The client's object as HubSpot sent it."""
    return cast("dict[str, Any]", api.api_client.sanitize_for_serialization(found))


def _after(page: Any) -> str | None:
    return page.paging.next.after if page.paging and page.paging.next else None


def _rule(name: str, operator: str, value: object) -> dict[str, str]:
    return {"propertyName": name, "operator": operator, "value": str(value)}


def _changed_ms(found: dict[str, Any]) -> int:
    return int(datetime.fromisoformat(found["properties"]["hs_lastmodifieddate"]).timestamp() * 1000)


def _stage(found: Any) -> VendorStage:
    written = found.metadata.get("probability")
    chance = Decimal(written) * 100 if written else None
    is_closed = found.metadata.get("isClosed") == "true"
    return VendorStage(found.id, found.label, chance, is_closed, is_won=is_closed and chance == Decimal(100))
