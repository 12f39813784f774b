"""Every request that deal-management.txt prints, replayed against a running server, and every answer held to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deals_app.blueprints.api.examples import BODIES
from tests.documents.companies import DEALS, Company
from tests.documents.conftest import EXCERPTS
from tests.documents.printed import Printed, Request, printed_in
from tests.documents.replaying import EXPECTED, Replay

NAME = "deal-management.txt"


@dataclass(frozen=True)
class Scene:
    """What is there before a section's first request: the deal that `:id` names, in a stage, and others by stage."""

    deal: str | None = "lead"
    others: Mapping[str, int] = field(default_factory=dict)


# The figures of the printed dashboard: 45 deals won at 50,000,000 cents are its total of 2,250,000,000.
DASHBOARD = {"qualified": 8, "proposal": 5, "negotiation": 3, "closed_won": 45, "closed_lost": 23}

SCENES = {
    "1. Create Deal": Scene(deal=None),
    "2. Get Deal by ID": Scene(),
    "3. List Deals (with Pagination)": Scene(others={"lead": 44}),
    "4. Update Deal Basic Info": Scene(),
    "5. Update Deal Value": Scene(),
    "6. Move Deal to Stage": Scene(),
    "7. Mark Deal as Won": Scene(),
    "8. Mark Deal as Lost": Scene(),
    "9. Delete Deal (Soft Delete)": Scene(),
    "10. List Deals by Stage": Scene(),
    "11. Get Pipeline Statistics": Scene(others=DASHBOARD | {"lead": 11}),
    "12. Get Won Deals Statistics": Scene(others=DASHBOARD),
    "Example 1: Create and Close Deal": Scene(deal=None),
    "Example 2: Update Deal Value During Negotiation": Scene(deal="negotiation"),
    "Example 3: Track Lost Deal": Scene(),
    "Example 4: Sales Pipeline Dashboard": Scene(others=DASHBOARD | {"lead": 11}),
    "4. Loss Tracking": Scene(),
    "5. Expected Close Date": Scene(),
    "Pattern 1: Quick Win": Scene(deal=None),
    "Pattern 2: Full Pipeline": Scene(),
    "Pattern 3: Price Negotiation": Scene(deal="negotiation"),
}

# What is printed once and sent as what is meant. The patterns leave out host and Content-Type as well, and replaying
# adds both to them: CONTRACT.md section 2 takes "JSON in and out" and answers 415 to anything else.
MEANT = {
    ("Pattern 2: Full Pipeline", '{"stage": "$stage"}'): [
        f'{{"stage": "{stage}"}}' for stage in ("qualified", "proposal", "negotiation")
    ],
}
# `'{...}'` is the body that was printed above it in full.
ELIDED = "{...}"
# Bodies that stand alone, under the sentence that says what they are for.
LOOSE = {"4. Loss Tracking": ("POST", f"{DEALS}/:id/lose")}
LEFT_OUT = {
    "10. List Deals by Stage, /api/v1/customer-mgmt/deals/stage/:stage": "a pattern; its example is printed below it",
    "loose, ": "two fields of a deal, to show what cents are; route 1 prints and replays both",
}


def read(documents: Path) -> Printed:
    return printed_in((documents / NAME).read_text(encoding="utf-8"))


def is_left_out(request: Request) -> bool:
    return f"{request.section}, {request.path}" in LEFT_OUT


def scene(company: Company, wanted: Scene) -> Replay:
    for stage, how_many in wanted.others.items():
        for _ in range(how_many):
            company.deal(stage)
    # Last, so that it is the newest and stands first in a list.
    return Replay(company, company.deal(wanted.deal) if wanted.deal else None)


def bodies(request: Request, printed: Printed) -> list[str | None]:
    if request.body == ELIDED:
        return [next(each.body for each in printed.requests if each.section.startswith("Example 1:"))]
    meant = MEANT.get((request.section, request.body or ""))
    return [*meant] if meant else [request.body]


def cases() -> list[tuple[str, str]]:
    """What there is in the excerpts, and all of the document."""
    excerpts = dict.fromkeys(each.section for each in read(EXCERPTS).requests)
    return [("excerpts", section) for section in excerpts] + [("mission", section) for section in SCENES]


@pytest.mark.parametrize(("documents", "section"), cases(), indirect=["documents"])
def test_a_section_is_answered_as_printed(documents: Path, section: str, company: Company) -> None:
    printed = read(documents)
    replay = scene(company, SCENES[section])
    for request in (each for each in printed.requests if each.section == section and not is_left_out(each)):
        for body in bodies(request, printed):
            status, answer = replay.send(request, body)
            told = [each for each in request.answers if each.status is None or each.status < 400]
            assert status in ([each.status for each in told if each.status] or EXPECTED[request.method]), answer
            for each in told:
                assert replay.differences(each.body, answer) == [], str(request)
    if section in LOOSE:
        method, path = LOOSE[section]
        status, answer = company.ask(method, replay.ours(path), replay.ours(printed.loose[section]))
        assert status == 200, answer


def test_refusals_are_answered_as_printed(documents: Path, company: Company) -> None:
    """The one printed error is that of a move out of a closed stage."""
    refused = [(each, told) for each in read(documents).requests for told in each.answers if (told.status or 0) >= 400]
    assert [each.section for each, _ in refused] == ["6. Move Deal to Stage"]
    for request, told in refused:
        replay = scene(company, Scene(deal="closed_won"))
        status, answer = replay.send(request)
        assert status == told.status
        assert replay.differences(told.body, answer) == []


def test_every_block_is_replayed_or_says_why_not(documents: Path) -> None:
    printed = read(documents)
    assert printed.overlooked == []
    unknown = [str(each) for each in printed.requests if each.section not in SCENES]
    assert unknown + [name for name in printed.loose if name not in LOOSE and f"loose, {name}" not in LEFT_OUT] == []


def test_the_whole_document_has_so_many_blocks(mission: Path) -> None:
    """So that a pattern which finds nothing is seen."""
    printed = read(mission)
    assert len(printed.requests) == 31
    assert sum(len(each.answers) for each in printed.requests) == 14
    assert {each.section for each in printed.requests} | printed.loose.keys() == {*SCENES, ""}


def test_the_excerpts_are_excerpts(mission: Path) -> None:
    for excerpt in sorted(EXCERPTS.iterdir()):
        whole = (mission / excerpt.name).read_text(encoding="utf-8")
        # Where one leaves something out it has an empty line and a row of dots.
        for piece in excerpt.read_text(encoding="utf-8").split("\n\n…\n\n"):
            assert piece.strip() in whole, excerpt.name


def test_a_block_that_nobody_knows_is_seen() -> None:
    request = 'PATCH /api/v1/customer-mgmt/deals/:id\nContent-Type: application/json\n{\n"a": 1\n}'
    text = f"9. A New Thing\n{request}\ncurl ftp:x\n"
    printed = printed_in(text)
    assert [str(each) for each in printed.requests] == [
        "line 2, '9. A New Thing': PATCH /api/v1/customer-mgmt/deals/:id"
    ]
    assert printed.requests[0].section not in SCENES
    assert printed.overlooked == ["line 7: curl ftp:x"]


def test_a_wrong_answer_is_seen(company: Company) -> None:
    replay = Replay(company, None)
    printed = json.loads('{"a": [{"n": 1, "at": "2025-12-31T06:42:47+02:00"}], "on": "2025-12-31", "gone": null}')
    found = {"a": [{"n": 1.0, "at": "yesterday"}], "on": "2025-12-31"}
    assert len(replay.differences(printed, found)) == 4


def test_the_openapi_document_shows_the_printed_bodies(documents: Path) -> None:
    printed = {each.section: each.body for each in read(documents).requests if each.body}
    shown = {
        "1. Create Deal": "deals_create",
        "4. Update Deal Basic Info": "deals_change_basic_info",
        "5. Update Deal Value": "deals_change_value",
        "6. Move Deal to Stage": "deals_move",
        "7. Mark Deal as Won": "deals_win",
        "8. Mark Deal as Lost": "deals_lose",
    }
    there = {section: name for section, name in shown.items() if section in printed}
    assert there
    assert {name: json.loads(printed[section]) for section, name in there.items()} == {
        name: BODIES[name] for name in there.values()
    }
