"""A key may make 200 requests a second, whoever else asks from the same address."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from flask.testing import FlaskClient

from deals_app.services import rate_limits
from deals_app.services.rate_limits import REQUESTS_PER_SECOND
from tests.people import People, api_key

URL = "/api/v1/customer-mgmt/customers"


@pytest.fixture
def _in_one_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limits, "time", SimpleNamespace(time=lambda: 2_000.5))


@pytest.mark.usefixtures("_in_one_second")
def test_one_request_too_many_is_told_when_to_come_again(client: FlaskClient, people: People) -> None:
    headers = api_key(people.ada)
    answers = [client.get(URL, headers=headers) for _ in range(REQUESTS_PER_SECOND + 1)]
    assert {answer.status_code for answer in answers[:-1]} == {200}
    refused = answers[-1]
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "1"
    error = refused.get_json()["error"]
    assert error["code"] == "RATE_LIMITED"
    assert str(REQUESTS_PER_SECOND) in error["message"]
    assert client.get(URL, headers=api_key(people.ada)).status_code == 200


@pytest.mark.usefixtures("_in_one_second")
def test_keys_that_are_none_are_counted_by_address(client: FlaskClient, people: People) -> None:
    codes = [
        client.get(URL, headers={"Authorization": f"Bearer dk_{number:010}_x"}).status_code
        for number in range(REQUESTS_PER_SECOND + 1)
    ]
    assert codes == [401] * REQUESTS_PER_SECOND + [429]
    assert client.get(URL, headers=api_key(people.ada)).status_code == 200
