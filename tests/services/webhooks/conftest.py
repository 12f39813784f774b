"""A receiver, and an endpoint that leads to it."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import patch

import pytest
from flask import Flask

from deals_app.integrations.webhook_sending import outside
from deals_app.services.webhooks.endpoints import NewSecret, create_webhook
from tests.people import People
from tests.receiving import Receiver, receiver


@pytest.fixture
def hooks(app: Flask) -> Iterator[Receiver]:
    with patch.object(outside, "allow_internal", new=True), receiver() as listening:
        yield listening


@pytest.fixture
def made(people: People, hooks: Receiver) -> NewSecret:
    return create_webhook(people.ada, url=hooks.url)
