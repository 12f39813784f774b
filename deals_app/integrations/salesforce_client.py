"""What we ask of Salesforce, over simple-salesforce: opportunities by when they changed, stages, and writing back.

The client is heavy and imported in jobs only, inside the functions. Records come back as JSON objects for
`sources/salesforce.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from importlib import import_module
from typing import Any, Final, cast
from urllib.parse import urlsplit

from deals_app.integrations.oauth import Provider
from deals_app.integrations.salesforce_ids import long_id
from deals_app.integrations.vendor_errors import RateLimited, SignInAgain, VendorDown, VendorRefused, seconds_of

LOGIN_URL: Final = "https://login.salesforce.com"
SCOPES: Final = ("api", "refresh_token")
FIELDS: Final = (
    *("Id", "Name", "Amount", "StageName", "Probability", "CloseDate", "IsClosed", "IsWon", "IsDeleted"),
    *("AccountId", "Account.Name", "OwnerId", "Owner.Name", "Owner.Email", "Description", "LeadSource", "Type"),
    *("CreatedDate", "LastModifiedDate", "SystemModstamp"),
)
_VERSION: Final = "59.0"
_SECONDS: Final = (5, 60)
_OUR_HOSTS: Final = ("salesforce.com", "force.com")
_HERE: Final = frozenset(["127.0.0.1", "localhost", "::1"])
_FIELD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}(?:\.[A-Za-z][A-Za-z0-9_]{0,79})?")
_ID: Final = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
_UNAUTHORISED: Final = 401
_TOO_MANY: Final = 429
_SERVER_FAULT: Final = 500
# The limit counts 24 hours for all programs of the customer together: what is left at the end is not ours to take.
_OUR_SHARE: Final = Decimal("0.95")
_PAUSE: Final = 900.0


@dataclass(frozen=True)
class Stage:
    """A stage of theirs, for mapping it to ours. `probability` is 0 to 100."""

    name: str
    label: str
    probability: Decimal
    is_closed: bool
    is_won: bool


def provider(*, client_id: str, client_secret: str, login_url: str = LOGIN_URL) -> Provider:
    """Salesforce's sign-in, with PKCE. `login_url` is the operator's, from the environment only."""
    return Provider(
        authorize_url=f"{login_url}/services/oauth2/authorize",
        token_url=f"{login_url}/services/oauth2/token",
        client_id=client_id,
        client_secret=client_secret,
        scopes=SCOPES,
        has_pkce=True,
    )


def instance_url_of(more: Mapping[str, Any], *, login_url: str = LOGIN_URL) -> str:
    """Where the organisation lives, as its sign-in said (`Tokens.more`). Raises VendorRefused for any other host.

    Salesforce's own hosts are taken, over https; another one only when that is where the operator points the sign-in
    to on this machine.
    """
    url = more.get("instance_url")
    parts = urlsplit(url) if isinstance(url, str) else urlsplit("")
    login = urlsplit(login_url)
    is_theirs = parts.scheme == "https" and any((parts.hostname or "").endswith(f".{each}") for each in _OUR_HOSTS)
    is_simulated = login.hostname in _HERE and (parts.scheme, parts.netloc) == (login.scheme, login.netloc)
    is_bare = parts.path in {"", "/"} and not parts.query and not parts.fragment and "@" not in parts.netloc
    has_port = is_theirs and ":" in parts.netloc
    if not (is_theirs or is_simulated) or not is_bare or has_port:
        message = "Salesforce's sign-in named an address that is not Salesforce's"
        raise VendorRefused(message)
    return f"{parts.scheme}://{parts.netloc}"


def organization_id_of(more: Mapping[str, Any]) -> str:
    """The organisation whose person signed in: the identity URL ends in `/id/{organisation}/{user}`."""
    parts = str(more.get("id") or "").split("/")
    found = parts[-2] if len(parts) > 1 else ""
    if not _ID.fullmatch(found):
        message = "Salesforce's sign-in named no organisation"
        raise VendorRefused(message)
    return long_id(found)


class SalesforceOrganization:
    """One organisation, read with an access token. Every call may raise the errors of vendor_errors.py."""

    def __init__(self, access_token: str, *, instance_url: str, fields: Iterable[str] = ()) -> None:
        """`instance_url` must have come through `instance_url_of`.

        `fields` are wanted beside FIELDS: those of the connection's mapping. Raises ValueError for what is no name of
        a field.
        """
        self._fields = list(dict.fromkeys([*FIELDS, *fields]))
        for name in self._fields:
            if not _FIELD.fullmatch(name):
                message = f"“{name[:40]}” is no name of a field in Salesforce"
                raise ValueError(message)
        client_class = import_module("simple_salesforce").Salesforce
        self._client: Any = client_class(
            session_id=access_token,
            instance_url=instance_url,
            version=_VERSION,
            session=_patient_session(),
            parse_float=Decimal,
            object_pairs_hook=dict,
        )
        # It makes an https address of whatever host it is given.
        self._client.base_url = f"{instance_url}/services/data/v{_VERSION}/"

    def opportunities_changed_since(self, since: datetime, *, after_id: str = "") -> Iterator[dict[str, Any]]:
        """All that changed at or after `since`, deleted ones too, the oldest change first, then by id.

        To go on after a record, give its SystemModstamp and its id: those of the same second may not all have come.
        """
        moment = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        where = f"SystemModstamp >= {moment}"
        if after_id:
            where = f"SystemModstamp > {moment} OR (SystemModstamp = {moment} AND Id > '{_checked(after_id)}')"
        yield from self._records(f"FROM Opportunity WHERE {where} ORDER BY SystemModstamp, Id")

    def opportunities_of(self, ids: Iterable[str]) -> list[dict[str, Any]]:
        """Those of these ids that are there, deleted ones too."""
        wanted = ", ".join(f"'{_checked(each)}'" for each in dict.fromkeys(ids))
        return list(self._records(f"FROM Opportunity WHERE Id IN ({wanted})")) if wanted else []

    def stages(self) -> list[Stage]:
        """The stages in use, in their order."""
        fields = "ApiName, MasterLabel, DefaultProbability, IsClosed, IsWon"
        order = "FROM OpportunityStage WHERE IsActive = true ORDER BY SortOrder"
        with self._told():
            found = self._client.query(f"SELECT {fields} {order}")
        return [
            Stage(
                name=each["ApiName"],
                label=each["MasterLabel"],
                probability=Decimal(each["DefaultProbability"]),
                is_closed=each["IsClosed"],
                is_won=each["IsWon"],
            )
            for each in found["records"]
        ]

    def update_opportunity(self, opportunity_id: str, fields: Mapping[str, str | Decimal | None]) -> None:
        """Set fields of an opportunity. Amounts are Decimals in major units."""
        address = f"sobjects/Opportunity/{_checked(opportunity_id)}"
        with self._told():
            self._client.restful(address, method="PATCH", data=_written(fields))

    def _records(self, rest: str) -> Iterator[dict[str, Any]]:
        with self._told():
            page = self._client.query(f"SELECT {', '.join(self._fields)} {rest}", include_deleted=True)
        while True:
            yield from cast("list[dict[str, Any]]", page["records"])
            if page["done"]:
                return
            # By its last part: given a whole address, the client would make https of it.
            cursor = str(page["nextRecordsUrl"]).rpartition("/")[2]
            with self._told():
                page = self._client.query_more(cursor, include_deleted=True)

    @contextmanager
    def _told(self) -> Generator[None]:
        """Salesforce's errors in our words, and a stop before its daily limit is used up."""
        usage = self._client.api_usage.get("api-usage")
        if usage and usage.used >= usage.total * _OUR_SHARE:
            message = f"{usage.used} of {usage.total} calls of this day are used; the rest is left to other programs"
            raise RateLimited(message, seconds=_PAUSE)
        from requests import RequestException

        refusal = import_module("simple_salesforce.exceptions").SalesforceError
        try:
            yield
        except refusal as problem:
            raise _error_of(problem) from None
        except RequestException as problem:
            message = "Salesforce did not answer"
            raise VendorDown(message) from problem


def _patient_session() -> Any:
    """Time limits on every call, no redirects (they could lead anywhere), and 429 with its own waiting time."""
    import requests

    class Patient(requests.Session):
        def request(self, method: str, url: str | bytes, *args: Any, **more: Any) -> requests.Response:
            answer = super().request(method, url, *args, **{"timeout": _SECONDS, **more, "allow_redirects": False})
            if answer.status_code == _TOO_MANY:
                message = "Salesforce answered with status 429"
                raise RateLimited(message, seconds=seconds_of(answer.headers.get("Retry-After"), otherwise=_PAUSE))
            return answer

    return Patient()


def _error_of(problem: Any) -> Exception:
    status = int(problem.status)
    code = _code_of(problem.content)
    message = f"Salesforce answered with status {status} {code}".rstrip()
    if code == "REQUEST_LIMIT_EXCEEDED":
        return RateLimited(message, seconds=_PAUSE)
    if status == _UNAUTHORISED:
        return SignInAgain(message)
    return VendorDown(message) if status >= _SERVER_FAULT else VendorRefused(message)


def _written(fields: Mapping[str, str | Decimal | None]) -> str:
    """As JSON, where an amount is a number with exactly its digits: neither a text nor a float."""
    values = {
        name: format(value, "f") if isinstance(value, Decimal) else json.dumps(value) for name, value in fields.items()
    }
    return "{" + ", ".join(f"{json.dumps(name)}: {value}" for name, value in values.items()) + "}"


def _code_of(content: object) -> str:
    """Its answers are lists of `{"message", "errorCode"}`, or anything at all."""
    first = cast("list[object]", content)[0] if isinstance(content, list) and content else None
    return str(cast("dict[str, object]", first).get("errorCode", "")) if isinstance(first, dict) else ""


def _checked(text: str) -> str:
    """An id that may stand in a query. Raises ValueError."""
    if not _ID.fullmatch(text):
        message = f"“{text[:20]}” is no id of Salesforce"
        raise ValueError(message)
    return text
