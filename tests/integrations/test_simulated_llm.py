"""The simulated language model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal

import pytest
import requests
from pydantic import BaseModel, Field

from deals_app.integrations.simulator.llm import LanguageModel
from deals_app.integrations.simulator.serving import served


class Insight(BaseModel):
    kind: Literal["risk", "action"]
    text: str
    weight: float = Field(ge=1)


class Wanted(BaseModel):
    insights: list[Insight] = Field(min_length=2)
    is_sure: bool
    note: str | None


@pytest.fixture
def url() -> Iterator[str]:
    with served(LanguageModel()) as address:
        yield address


def completed(url: str, **more: Any) -> requests.Response:
    body = {"model": "m", "messages": [{"role": "user", "content": "Deal?"}], **more}
    return requests.post(f"{url}/v1/chat/completions", json=body, headers={"Authorization": "Bearer k"}, timeout=5)


def content(answer: requests.Response) -> str:
    return answer.json()["choices"][0]["message"]["content"]


def test_an_answer_that_fits_the_schema_asked_for(url: str) -> None:
    asked = {"type": "json_schema", "json_schema": {"name": "w", "schema": Wanted.model_json_schema()}}
    found = Wanted.model_validate_json(content(completed(url, response_format=asked)))
    assert [each.kind for each in found.insights] == ["risk", "risk"]
    assert json.loads(content(completed(url)))["insights"]


def test_what_comes_next_can_be_said_and_what_was_asked_can_be_seen(url: str) -> None:
    requests.post(f"{url}/_answers", json={"contents": ["no JSON {"]}, timeout=5)
    assert content(completed(url)) == "no JSON {"
    assert json.loads(content(completed(url)))
    assert len(requests.get(f"{url}/_requests", timeout=5).json()["requests"]) == 2


def test_faults_and_refusals(url: str) -> None:
    requests.post(f"{url}/_faults", json={"too_many_requests": 1, "failures": 1}, timeout=5)
    assert [completed(url).status_code for _ in range(3)] == [429, 500, 200]
    assert completed(url, stream=True).status_code == 400
    assert requests.post(f"{url}/v1/chat/completions", json={}, timeout=5).status_code == 401
    assert requests.get(f"{url}/nowhere", headers={"Authorization": "Bearer k"}, timeout=5).status_code == 404
