"""A person with a browser, for the simulators: allows what an application wants, and comes back with a code."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from deals_app.integrations.oauth import Leave
from deals_app.integrations.vendor_errors import VendorDown, VendorRefused
from deals_app.integrations.vendor_systems import is_here

_SECONDS = 10


def code_of(leave: Leave) -> str:
    """The code for this sign-in. Raises VendorRefused for any host but this machine, VendorDown."""
    import requests

    if not is_here(leave.url):
        message = "Only a simulator on this machine is connected without a person"
        raise VendorRefused(message)
    try:
        answer = requests.post(leave.url, timeout=_SECONDS, allow_redirects=False)
    except requests.RequestException as problem:
        message = "The simulator does not answer; start it with `deals simulate`"
        raise VendorDown(message) from problem
    query = parse_qs(urlsplit(answer.headers.get("Location", "")).query)
    if query.get("state") != [leave.state] or "code" not in query:
        message = "The simulator did not allow it"
        raise VendorRefused(message)
    return query["code"][0]
