"""What every source promises, one that was added as a single file included."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deals_app.domain.errors import FieldProblem
from deals_app.domain.inbound import Surroundings, Understood
from deals_app.integrations import sources as package
from deals_app.integrations.sources import Source, source, sources

SURROUNDINGS = Surroundings(base_currency="USD", today=date(2026, 1, 15))

# A whole source: what somebody writes who adds one.
PIGEON = '''
"""Deals that a pigeon brings."""

from deals_app.domain.drafts import DealDraft
from deals_app.domain.inbound import SourceField, Understood
from deals_app.integrations.object_drafts import ReadObject

key = "pigeon"
label = "Pigeon"
says = "A note on a pigeon's leg."
kind = "json"
path = "/pigeon"
FIELDS = (
    SourceField(name="note", says="What it says", example="Buy corn", is_required=True),
    SourceField(name="loft", says="Where it lives"),
)
EXAMPLE = (
    {"note": "Buy corn", "ring": 7},
    Understood(draft=DealDraft(name="Buy corn", given=frozenset({"name"})), system="pigeon", metadata={"ring": 7}),
)


def normalise(payload, surroundings):
    read = ReadObject(payload, FIELDS)
    draft = DealDraft(name=read.text("note") or "", company=read.text("loft"), given=frozenset({"name"}))
    return read.problems or Understood(draft=draft, system=key, metadata=read.unknown())
'''


@pytest.fixture(scope="module")
def with_pigeon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Source]]:
    """All sources that take objects, after one file was put beside them."""
    folder: Path = tmp_path_factory.mktemp("sources")
    (folder / "pigeon.py").write_text(PIGEON)
    package.__path__.append(str(folder))
    importlib.invalidate_caches()
    sources.cache_clear()
    yield {each.key: each for each in sources() if each.kind != "upload"}
    package.__path__.remove(str(folder))
    sources.cache_clear()


KEYS = sorted({module.name for module in pkgutil.iter_modules(package.__path__)} - {"csv_file"} | {"pigeon"})
# No field of any source is a list of lists or a truth.
WRONG: list[Any] = [[[1]], True]


@pytest.fixture(params=KEYS)
def one(request: pytest.FixtureRequest, with_pigeon: dict[str, Source]) -> Source:
    """Each source that takes objects; a source is called as its file is."""
    return with_pigeon[request.param]


def test_it_is_found_by_looking(with_pigeon: dict[str, Source]) -> None:
    assert {"manual", "api", "web_form", "email", "pigeon"} <= set(with_pigeon)
    assert source("pigeon") is with_pigeon["pigeon"]
    assert source("csv") is None
    assert source("") is None


def test_it_says_what_it_is(one: Source) -> None:
    assert one.kind in {"json", "form", "typed", "mail", "sync"}
    assert one.path.startswith("/")
    assert one.label
    assert one.says.endswith(".")
    assert all(field.says for field in one.FIELDS)


def test_it_understands_its_example_exactly(one: Source) -> None:
    sent, understood = one.EXAMPLE
    assert one.normalise(sent, SURROUNDINGS) == understood


def test_its_example_uses_its_own_fields(one: Source) -> None:
    sent, understood = one.EXAMPLE
    assert set(sent) - set(understood.metadata) <= {field.name for field in one.FIELDS}


def test_it_reads_every_field_that_it_names(one: Source) -> None:
    """A field that is not read would end in metadata, or leave a wrong type unnoticed."""
    for field in one.FIELDS:
        for wrong in WRONG:
            for payload in example_with(one, field.name, wrong):
                assert [problem.field for problem in refused(one, payload)] == [field.name]


def test_it_asks_for_what_it_must_have_by_name(one: Source) -> None:
    required = {field.name for field in one.FIELDS if field.is_required}
    assert required
    for name in required:
        for payload in (
            example_without(one, name),
            *example_with(one, name, None),
            *example_with(one, name, " \u200b"),
        ):
            assert FieldProblem(name, "is required") in refused(one, payload)


def test_it_names_everything_that_is_wrong_at_once(one: Source) -> None:
    names = {field.name for field in one.FIELDS}
    for wrong in WRONG:
        problems = refused(one, dict.fromkeys(names, wrong))
        assert {problem.field for problem in problems} == names
        assert all(problem.message for problem in problems)


def test_it_keeps_what_it_does_not_know(one: Source) -> None:
    sent, understood = one.EXAMPLE
    found = one.normalise({**sent, "shoe_size": 43, "nested": {"a": [1]}}, SURROUNDINGS)
    assert isinstance(found, Understood)
    assert found.metadata == {**understood.metadata, "shoe_size": 43, "nested": {"a": [1]}}


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals()
    | st.text()
    | st.sampled_from(
        ["", " ", "2026-06-01", "a@b.example", "1.5", "10**9", "-1", "0", "$5", "1,000", 10**40, Decimal(-1)]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("key", KEYS)
@given(data=st.data())
def test_it_never_raises(with_pigeon: dict[str, Source], key: str, data: st.DataObject) -> None:
    one = with_pigeon[key]
    names = st.sampled_from([field.name for field in one.FIELDS])
    sent = data.draw(st.dictionaries(names | st.text(max_size=5), JSON, max_size=8))
    for payload in (sent, {**one.EXAMPLE[0], **sent}):
        found = one.normalise(payload, SURROUNDINGS)
        if isinstance(found, list):
            assert found
            assert all(isinstance(problem, FieldProblem) and problem.message for problem in found)
        else:
            assert found.set_aside or (found.draft is not None and 1 <= len(found.draft.name) <= 200)


def refused(one: Source, payload: dict[str, Any]) -> list[FieldProblem]:
    """All that is wrong with what must not be taken."""
    problems = one.normalise(payload, SURROUNDINGS)
    assert isinstance(problems, list)
    return problems


def example_without(one: Source, name: str) -> dict[str, Any]:
    """What is sent, less one field; HubSpot's stand inside `properties`."""
    sent = {key: value for key, value in one.EXAMPLE[0].items() if key != name}
    if "properties" in sent:
        sent["properties"] = {key: value for key, value in sent["properties"].items() if key != name}
    return sent


def example_with(one: Source, name: str, value: Any) -> list[dict[str, Any]]:
    """What is sent, with one field changed: in each place where it may stand."""
    sent = example_without(one, name)
    inside = [{**sent, "properties": {**sent["properties"], name: value}}] if "properties" in sent else []
    return [{**sent, name: value}, *inside]
