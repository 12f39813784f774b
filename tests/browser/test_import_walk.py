"""The ugliest file by page alone, by somebody who has never seen it: in, corrected, in again, and all of it back.

On a desk and on a phone. With PICTURES=docs/pictures every step is kept as a picture there.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Locator, Page, expect
from psycopg.sql import SQL, Identifier
from sqlalchemy import select

from deals_app.models import Deal, Stage, User
from deals_app.services.unit_of_work import reading
from tests.browser.albums import Album
from tests.browser.boards import Team, make_team
from tests.browser.conftest import sign_in
from tests.engines import TestEngines
from tests.services.test_taking_back import hashes
from tests.sql import SUPERUSER, connected

# Gamma and Delta are deals of the team already, worth 1,000.00 each.
UGLY = """Pipeline of the northern office;;;;;;;;
Printed on 20.11.2026, page 1 of 1;;;;;;;;

Deal;Firm;Amount;Phase;Closing;Sales person;Territory;Remark;Remark
Tower crane;Müller GmbH;1.234,50 €;Proposal;03/04/2027;{rhea};North;warm;second floor
Footbridge;Ostbau KG;(500);Qualified;05/06/2027;Carl;East;"asks for
two variants";

Canal lock;West KG;1.2k;Lead;07/08/2027;Carl;West;;
Harbour light;West KG;TBD;Lead;;Rhea;West;;
Freight lift;Nordwerk AG;12.000;Verbal yes;09/10/2027;Gunther Vogel;North;;
Silo;Nordwerk AG;800;On ice;;Rhea;North;;
=SUM(C5:C9);Formel GmbH;100,00;Lead;;Rhea;South;-;+49 30 1234
Twin pump;Ostbau KG;10,00;Lead;;Rhea;East;;
Twin pump;Ostbau KG;20,00;Lead;;Rhea;East;;
Short row;Kurz GmbH;75,00
Long row;Lang GmbH;75,00;Lead;;Rhea;South;;;one;cell;too many
Gamma;;2.000,00;Proposal;;;;;
Delta;;1.000,00;Proposal;;;;;

Total;;18.514,50;;;;;;
Source: ERP, confidential;;;;;;;;
"""


Row = tuple[str, str, str, str, str | None]
CORRECTIONS = {
    "(500)": "500",
    "TBD": "900,00",
    "12.000": "12.000,00",
    "On ice": "Lead",
}
# What stands in the database when both files are in, by name: stage, value, close date, region, owner.
WANTED: dict[str, Row] = {
    "Tower crane": ("proposal", "123450 EUR", "2027-04-03", "North", "Rhea"),
    "Footbridge": ("qualified", "50000 USD", "2027-06-05", "East", "Carl"),
    "Canal lock": ("lead", "120000 USD", "2027-08-07", "West", "Carl"),
    "Harbour light": ("lead", "90000 USD", "None", "West", "Rhea"),
    "Freight lift": ("negotiation", "1200000 USD", "2027-10-09", "North", "Carl"),
    "Silo": ("lead", "80000 USD", "None", "North", "Rhea"),
    "=SUM(C5:C9)": ("lead", "10000 USD", "None", "South", "Rhea"),
    "Twin pump": ("lead", "1000 USD", "None", "East", "Rhea"),
    "Short row": ("lead", "7500 USD", "None", "", None),
    "Long row": ("lead", "7500 USD", "None", "South", "Rhea"),
}


@dataclass(frozen=True)
class Walker:
    """A person before one screen, who clicks with the mouse, or taps where there is only a finger."""

    page: Page
    album: Album
    touches: bool

    def press(self, found: Locator) -> None:
        if self.touches:
            found.tap()
        else:
            found.click()

    def press_button(self, name: str | re.Pattern[str]) -> None:
        """The visible one of that name."""
        self.press(self.page.get_by_role("button", name=name).filter(visible=True).last)

    def looks(self, name: str, *, for_button: str | None = None, at: Locator | None = None) -> None:
        """One picture, of the top or of a place further down; the button looked for is there without scrolling."""
        place = at or self.page.locator("body")
        place.evaluate("(place) => scrollTo(0, place.getBoundingClientRect().top + scrollY - 64)")
        if for_button is not None:
            button = self.page.get_by_role("button", name=for_button).filter(visible=True).last
            expect(button).to_be_in_viewport(ratio=1)
        self.album.take(name)

    def chooses(self, path: Path) -> None:
        self.page.goto("/ingest")
        self.page.set_input_files("input[type=file]", path)

    def uploads(self) -> None:
        self.press_button("Upload")
        self.page.wait_for_url("**/imports/*")

    def counts(self) -> dict[str, int]:
        """What the page of an ended import says became of its rows."""
        expect(self.page.get_by_role("heading", name="Done")).to_be_visible(timeout=20_000)
        terms, numbers = self.page.locator(".import-counts dt"), self.page.locator(".import-counts dd")
        return dict(zip(terms.all_inner_texts(), map(int, numbers.all_inner_texts()), strict=True))


@contextmanager
def held(engines: TestEngines, table: str) -> Iterator[None]:
    """Nobody writes to the table meanwhile, so that what goes by in no time stands still for a picture."""
    with connected(engines, SUPERUSER) as connection, connection.transaction():
        connection.execute(SQL("LOCK TABLE {} IN SHARE MODE").format(Identifier(table)))
        yield


def imported_deals(team: Team) -> dict[str, Row]:
    """Stage, value with currency, close date, region and owner of the deals that were not there before, by name."""
    with reading(team.setup) as session:
        rows = session.execute(
            select(Deal, Stage.key, User.name)
            .join(Stage, Stage.id == Deal.stage_id)
            .outerjoin(User, User.id == Deal.assigned_to)
            .where(Deal.deleted_at.is_(None), Deal.id.not_in(team.deals.values()))
        ).all()
        return {
            deal.name: (
                stage,
                f"{deal.value} {deal.currency}",
                str(deal.expected_close_date),
                deal.custom_fields.get("Region", ""),
                owner,
            )
            for deal, stage, owner in rows
        }


def correct(path: Path) -> None:
    """The rejected rows, as somebody puts them right in a spreadsheet, where what has no heading goes."""
    header, *rows = csv.reader(path.read_text("utf-8-sig").splitlines(keepends=True), delimiter=";")
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        for row in [header, *rows]:
            kept = [CORRECTIONS.get(cell, cell) for cell, heading in zip(row, header, strict=True) if heading]
            writer.writerow(kept)


def says_what_the_columns_are(walker: Walker) -> None:
    """By hand, what nobody could guess; and what that asks on top."""
    page = walker.page
    page.get_by_label("What Firm becomes").select_option(label="Company")
    page.get_by_label("What Sales person becomes").select_option(label="Owner")
    page.get_by_label("Name of the custom field for Territory").fill("Region")
    walker.looks("columns-said", for_button="Check the file")
    walker.press_button("Check the file")
    expect(page.get_by_text("the columns you chose ask something new")).to_be_visible()
    walker.looks("asked-on")
    page.get_by_label("3 Apr 2027").check()
    page.get_by_label("Verbal yes").select_option(label="Negotiation")
    page.get_by_label("Gunther Vogel").select_option(label="Carl")
    walker.looks("answered", for_button="Check the file", at=page.locator("#questions"))


def sees_what_would_happen(walker: Walker) -> None:
    """Each tab of the check, and a row left out."""
    tabs = walker.page.get_by_role("navigation", name="Rows of the file")
    expect(tabs).to_be_visible(timeout=20_000)
    found = dict(each.rsplit(maxsplit=1) for each in tabs.get_by_role("link").all_inner_texts())
    assert found == {"New": "4", "Updates": "1", "Unchanged": "1", "Likely duplicates": "2", "Rejected": "5"}
    for tab in ("New", "Updates", "Unchanged", "Rejected", "Likely duplicates"):
        walker.press(tabs.get_by_role("link", name=tab))
        expect(tabs.get_by_role("link", name=tab)).to_have_attribute("aria-current", "page")
        walker.looks(f"check-{tab.lower().replace(' ', '-')}", for_button="Import 7 rows")
    twin = walker.page.locator("tr").filter(has_text="$20")
    walker.press(twin.get_by_role("button", name="Leave out"))
    expect(twin.get_by_role("button", name="Take in")).to_be_visible()
    walker.looks("left-out", for_button="Import 6 rows")


def downloads_and_corrects(walker: Walker, path: Path) -> None:
    """The rejected rows, put right as `correct` does it."""
    with walker.page.expect_download() as downloading:
        walker.press(walker.page.get_by_role("link", name="Download rejected rows"))
    downloading.value.save_as(path)
    correct(path)


def brings_in_again(walker: Walker, path: Path) -> None:
    """The corrected rows; what was said of the first file is not asked again."""
    page = walker.page
    walker.chooses(path)
    walker.uploads()
    expect(page.locator("main")).to_contain_text("Read as on ")
    expect(page.get_by_label("What Firm becomes")).to_have_value("company")
    walker.looks("again-columns", for_button="Check the file")
    walker.press_button("Check the file")
    expect(page.get_by_role("button", name="Import 5 rows")).to_be_visible(timeout=20_000)
    walker.looks("again-check", for_button="Import 5 rows")
    walker.press_button("Import 5 rows")
    assert walker.counts() == {"New": 5, "Updated": 0, "Already known": 0, "Rejected": 0}
    walker.looks("again-done")


def takes_back(walker: Walker, name: str, deleted: int) -> None:
    """The import on the screen."""
    walker.press(walker.page.locator("summary").filter(has_text="Undo this import"))
    walker.looks(f"{name}-undo", at=walker.page.locator(".import-undo"), for_button="Undo this import")
    walker.press_button("Undo this import")
    expect(walker.page.get_by_role("heading", name="Undone")).to_be_visible(timeout=20_000)
    expect(walker.page.locator(".import-counts div").first).to_contain_text(str(deleted))
    walker.looks(f"{name}-undone")


SCREENS = {
    "import-desk": {"width": 1440, "height": 900},
    "import-phone": {"width": 360, "height": 740, "color_scheme": "dark", "has_touch": True, "is_mobile": True},
}


@pytest.mark.parametrize("way", SCREENS)
def test_the_ugliest_file_in_corrected_and_all_of_it_back(
    new_page: Callable[..., Page], demo_app: Flask, engines: TestEngines, tmp_path: Path, way: str
) -> None:
    team = make_team()
    page = new_page(**SCREENS[way])
    walker = Walker(page, Album(page, way, digits=2), touches=way == "import-phone")
    path = tmp_path / "Northern office.csv"
    path.write_bytes(UGLY.format(rhea=team.rep.email).encode("cp1252"))
    before = hashes(team.setup)
    sign_in(page, team.manager.email)

    walker.chooses(path)
    walker.looks("file", for_button="Upload")
    walker.uploads()
    expect(page.locator("main")).to_contain_text("2 lines left out: 1 total, 1 footer")
    walker.looks("columns", for_button="Check the file")
    says_what_the_columns_are(walker)
    with held(engines, "import_rows"):
        walker.press_button("Check the file")
        expect(page.locator("#import-check progress")).to_be_visible()
        walker.looks("checking")
    sees_what_would_happen(walker)
    with held(engines, "deals"):
        walker.press_button("Import 6 rows")
        expect(page.get_by_role("heading", name="Running")).to_be_visible(timeout=20_000)
        walker.looks("running")
    counts = walker.counts()
    assert counts == {"New": 5, "Updated": 1, "Already known": 1, "Rejected": 5, "Left out": 1}
    expect(page.locator("#import-progress")).to_contain_text(f"{sum(counts.values())} of 13 rows")
    walker.looks("done")
    walker.looks("rejected", at=page.locator("#rejected-title"))
    first = page.url
    corrected = tmp_path / "Northern office, corrected.csv"
    downloads_and_corrects(walker, corrected)
    brings_in_again(walker, corrected)
    assert imported_deals(team) == WANTED

    takes_back(walker, "again", deleted=5)
    page.goto("/imports")
    walker.looks("history")
    walker.press(page.get_by_role("link", name=path.name, exact=True))
    page.wait_for_url(first)
    takes_back(walker, "first", deleted=5)
    assert hashes(team.setup) == before
