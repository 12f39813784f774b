"""The systems one can connect to, each behind the same few questions; who may ask them is the services' affair."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from deals_app.domain.stages import KNOWN_ALIASES, stage_fold
from deals_app.integrations import hubspot_client, salesforce_client
from deals_app.integrations.hubspot_client import HubSpotAccount
from deals_app.integrations.oauth import Provider, Tokens
from deals_app.integrations.salesforce_client import SalesforceOrganization
from deals_app.integrations.vendor_objects import moment
from deals_app.settings import Settings

AT_ONCE: Final = 100
# Before either vendor existed.
EVER: Final = datetime(1990, 1, 1, tzinfo=UTC)
_HERE: Final = frozenset(["127.0.0.1", "localhost", "::1"])
# A simulator welcomes any app.
_SIMULATED: Final = "simulated"


@dataclass(frozen=True, kw_only=True)
class App:
    """Who we are there."""

    client_id: str = ""
    client_secret: str = field(default="", repr=False)

    @property
    def is_known(self) -> bool:
        """Whether people can be sent there to sign in."""
        return bool(self.client_id and self.client_secret)


@dataclass(frozen=True, kw_only=True)
class Page:
    """At most 100 objects, and where to go on after them; `cursor` may be stored as JSON."""

    objects: Sequence[Mapping[str, Any]]
    cursor: Mapping[str, Any]


class Account(Protocol):
    """An account that a token opens. Every question may raise the errors of vendor_errors.py."""

    def known(self) -> dict[str, Any]:
        """Its `stages` (fields of `domain.connections.TheirStage`), `pipelines` and `owners` by id, as JSON."""
        ...

    def pages(self, since: datetime | None, cursor: Mapping[str, Any], *, is_full: bool) -> Iterator[Page]:
        """All that changed since then, with `is_full` all there is, and what was deleted since then.

        One may come twice. It goes on after the cursor of a page that was taken; an empty one begins.
        """
        ...

    def deals_of(self, ids: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        """Those of at most 100 deals that are there."""
        ...


class System(Protocol):
    """A vendor, at the address the settings name."""

    app: App
    url: str

    def provider(self, app: App) -> Provider:
        """Its sign-in for this app of ours."""
        ...

    def identity(self, app: App, tokens: Tokens) -> dict[str, str]:
        """Whose account was opened: columns of a connection. May raise the errors of vendor_errors.py."""
        ...

    def account(self, access_token: str, instance_url: str | None, fields: Iterable[str]) -> Account:
        """The account itself; `fields` are wanted beside those that every deal has."""
        ...

    def instance_url(self, text: str) -> str:
        """An address somebody names for an account, if it is the vendor's; raises VendorRefused."""
        ...


class HubSpotSystem:
    """HubSpot: one app for all accounts."""

    def __init__(self, url: str, app: App) -> None:
        self.url = url
        self.app = app

    def provider(self, app: App) -> Provider:
        """Its sign-in for this app of ours."""
        return hubspot_client.provider(client_id=app.client_id, client_secret=app.client_secret, api_url=self.url)

    def identity(self, app: App, tokens: Tokens) -> dict[str, str]:
        """The portal."""
        return {"portal_id": hubspot_client.portal_id_of(self.provider(app), tokens.access_token)}

    def account(self, access_token: str, instance_url: str | None, fields: Iterable[str]) -> Account:  # noqa: ARG002 (every account is at one address)
        """The portal."""
        return HubSpotPortal(HubSpotAccount(access_token, api_url=self.url, properties=fields))

    def instance_url(self, text: str) -> str:  # noqa: ARG002 (every account is at one address)
        """There is but one."""
        return self.url


class SalesforceSystem:
    """Salesforce: an organisation has an address of its own, and often an app of its own."""

    def __init__(self, url: str, app: App) -> None:
        self.url = url
        self.app = app

    def provider(self, app: App) -> Provider:
        """Its sign-in for this app of ours."""
        return salesforce_client.provider(client_id=app.client_id, client_secret=app.client_secret, login_url=self.url)

    def identity(self, app: App, tokens: Tokens) -> dict[str, str]:  # noqa: ARG002 (the sign-in has said it)
        """The organisation, and where it lives."""
        return {
            "organization_id": salesforce_client.organization_id_of(tokens.more),
            "instance_url": salesforce_client.instance_url_of(tokens.more, login_url=self.url),
        }

    def account(self, access_token: str, instance_url: str | None, fields: Iterable[str]) -> Account:
        """The organisation."""
        return Organization(
            SalesforceOrganization(access_token, instance_url=instance_url or self.url, fields=list(fields))
        )

    def instance_url(self, text: str) -> str:
        """An address of Salesforce's; raises VendorRefused."""
        return salesforce_client.instance_url_of({"instance_url": text}, login_url=self.url)


class HubSpotPortal:
    """A portal of HubSpot as an Account."""

    def __init__(self, account: HubSpotAccount) -> None:
        self._account = account

    def known(self) -> dict[str, Any]:
        """Its stages, pipelines and owners."""
        pipelines = self._account.pipelines()
        stages = [
            _stage(each.id, each.name, pipeline.id, pipeline.name, is_closed=each.is_closed, is_won=each.is_won)
            for pipeline in pipelines
            for each in pipeline.stages
        ]
        return {
            "stages": stages,
            "pipelines": {each.id: each.name for each in pipelines},
            "owners": self._account.owners(),
        }

    def pages(self, since: datetime | None, cursor: Mapping[str, Any], *, is_full: bool) -> Iterator[Page]:
        """All deals by id, or those that changed; then those that were deleted since."""
        phase = cursor.get("phase") or ("all" if is_full or since is None else "changed")
        after: str | None = cursor.get("after")
        if phase == "all":
            yield from self._all(after)
            phase, after = "deleted", None
        if phase == "changed" and since is not None:
            yield from self._changed(moment(after) if after else since)
            phase, after = "deleted", None
        if phase == "deleted" and since is not None:
            yield from self._deleted(since, after)

    def deals_of(self, ids: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        """Those that are there."""
        return self._account.with_companies(self._account.deals_of(ids))

    def _all(self, after: str | None) -> Iterator[Page]:
        while True:
            page = self._account.deals(after=after)
            after = page.after
            cursor = {"phase": "all", "after": after} if after else {"phase": "deleted"}
            yield Page(objects=self._account.with_companies(page.objects), cursor=cursor)
            if after is None:
                return

    def _changed(self, since: datetime) -> Iterator[Page]:
        found = self._account.deals_changed_since(since)
        while chunk := list(islice(found, AT_ONCE)):
            cursor = {"phase": "changed", "after": chunk[-1]["properties"]["hs_lastmodifieddate"]}
            yield Page(objects=self._account.with_companies(chunk), cursor=cursor)

    def _deleted(self, since: datetime, after: str | None) -> Iterator[Page]:
        """HubSpot shows all that were deleted in 90 days; those from before are known."""
        while True:
            page = self._account.deals(after=after, is_archived=True)
            after = page.after
            gone = [each for each in page.objects if _deleted_at(each) >= since]
            yield Page(objects=gone, cursor={"phase": "deleted", "after": after} if after else {"phase": "end"})
            if after is None:
                return


class Organization:
    """An organisation of Salesforce as an Account."""

    def __init__(self, organization: SalesforceOrganization) -> None:
        self._organization = organization

    def known(self) -> dict[str, Any]:
        """Its stages; owners come with their addresses, and there is one pipeline."""
        found = self._organization.stages()
        stages = [
            _stage(each.name, each.label, "", "Opportunities", is_closed=each.is_closed, is_won=each.is_won)
            for each in found
        ]
        return {"stages": stages, "pipelines": {}, "owners": {}}

    def pages(self, since: datetime | None, cursor: Mapping[str, Any], *, is_full: bool) -> Iterator[Page]:
        """All that changed, deleted ones too, the oldest change first."""
        start = moment(cursor["since"]) if cursor else EVER if is_full or since is None else since
        found = self._organization.opportunities_changed_since(start, after_id=cursor.get("after", ""))
        while chunk := list(islice(found, AT_ONCE)):
            last = chunk[-1]
            yield Page(objects=chunk, cursor={"since": last["SystemModstamp"], "after": last["Id"]})

    def deals_of(self, ids: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        """Those that are there."""
        return self._organization.opportunities_of(ids)


class Systems:
    """All of them by key, bound to the settings by the app factory."""

    def __init__(self) -> None:
        self._systems: dict[str, System] = {}
        self.public_url = ""

    def bind(self, settings: Settings) -> None:
        """Where they are, who we are there, and where people come back to."""
        hubspot = App(client_id=settings.hubspot_client_id, client_secret=settings.hubspot_client_secret)
        salesforce = App(client_id=settings.salesforce_client_id, client_secret=settings.salesforce_client_secret)
        self.public_url = settings.public_url.rstrip("/")
        self._systems = {
            "hubspot": HubSpotSystem(settings.hubspot_api_url, _or_simulated(hubspot, settings.hubspot_api_url)),
            "salesforce": SalesforceSystem(
                settings.salesforce_login_url, _or_simulated(salesforce, settings.salesforce_login_url)
            ),
        }

    def __getitem__(self, key: str) -> System:
        return self._systems[key]

    def is_simulated(self, key: str) -> bool:
        """Whether the settings point it to this machine."""
        return is_here(self._systems[key].url)


systems = Systems()


def is_here(url: str) -> bool:
    """Whether an address is this machine's own."""
    return urlsplit(url).hostname in _HERE


def _or_simulated(app: App, url: str) -> App:
    if app.is_known or not is_here(url):
        return app
    return App(client_id=_SIMULATED, client_secret=app.client_secret or _SIMULATED)


def _stage(
    key: str, name: str, pipeline_id: str, pipeline_name: str, *, is_closed: bool, is_won: bool
) -> dict[str, str | None]:
    """What it is when nobody maps it: as everybody's words have it, else its outcome, else unknown."""
    if stage_fold(key) in KNOWN_ALIASES:
        guess = KNOWN_ALIASES[stage_fold(key)]
    else:
        outcome = "closed_won" if is_won else "closed_lost"
        guess = KNOWN_ALIASES.get(stage_fold(name)) or (outcome if is_closed else None)
    return {"id": key, "name": name, "pipeline_id": pipeline_id, "pipeline_name": pipeline_name, "guess": guess}


def _deleted_at(each: Mapping[str, Any]) -> datetime:
    return moment(str(each.get("archivedAt") or each["updatedAt"]))
