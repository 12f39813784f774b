"""The ugliest file by page alone: read another way, every question answered, and remembered the next time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select

from deals_app.models import Deal, Stage
from deals_app.services.accounts import actor_for_tenant
from deals_app.services.unit_of_work import reading
from tests.browser.conftest import scrolls_sideways, sign_in, violations

UGLY = """Vertriebsbericht;;;;;;
Stand 20.11.2026;;;;;;
Geschäft;Firma;Auftragswert;Phase;Abschlussdatum;Verantwortlicher;Gebiet
Anlage {n};Müller GmbH;1.234,50 €;Angebot;03/04/2027;Frau Klein;Nord
Wartung {n};Ost KG;3,5 Mio. €;Mündliche Zusage;05/06/2027;Frau Klein;Süd
Retrofit {n};West KG;12 000;Auf Eis;07/08/2027;;West
Summe;;3.513.234,50;;;;
"""


def upload(page: Page, path: Path) -> None:
    page.goto("/ingest")
    page.set_input_files("input[type=file]", path)
    page.get_by_role("button", name="Check the file").click()
    page.wait_for_url("**/imports/*")


def deals_named(ending: str) -> dict[str, tuple[str, int, str, str]]:
    """Stage, value, close date and custom field of the deals whose names end so, by name."""
    with reading(actor_for_tenant("demo-two", reference="system:test", door="cli")) as session:
        rows = session.execute(
            select(Deal.name, Stage.key, Deal.value, Deal.expected_close_date, Deal.custom_fields)
            .join(Stage, Stage.id == Deal.stage_id)
            .where(Deal.name.endswith(ending))
        ).all()
    return {row.name: (row.key, row.value, str(row.expected_close_date), row.custom_fields["Region"]) for row in rows}


@pytest.mark.parametrize(("width", "scripts"), [(1440, True), (360, False)])
def test_the_ugliest_file_by_page_alone(
    new_page: Callable[..., Page], demo_app: Flask, tmp_path: Path, width: int, *, scripts: bool
) -> None:
    path = tmp_path / f"Umsätze {width}.csv"
    path.write_bytes(UGLY.format(n=width).encode("cp1252"))
    page = new_page(width=width, java_script_enabled=scripts)
    sign_in(page, "admin@demo-two.example")
    upload(page, path)
    main = page.locator("main")
    expect(main).to_contain_text("names in line 3")
    expect(main).to_contain_text("1 line left out: 1 total")
    if width == 1440:
        expect(main).to_contain_text("Which day is 03/04/2027?")
        page.get_by_label("3 Apr 2027").check()
        page.get_by_label("Mündliche Zusage").select_option(label="Negotiation")
        page.get_by_label("Name of the custom field for Gebiet").fill("Region")
    else:
        # The second file of these columns: everything said of the first one is here already.
        expect(main).to_contain_text("Read as on ")
        expect(page.get_by_label("3 Apr 2027")).to_be_checked()
    if scripts:
        assert violations(page) == []
        assert not scrolls_sideways(page)
    page.get_by_role("button", name="Import without checking").click()
    page.wait_for_url("**/imports/*")

    def is_done() -> bool:
        page.reload()
        return "Done" in (page.locator("#import-progress").text_content() or "")

    # Without scripts nothing follows the progress but a person who reloads.
    assert any(is_done() for _ in range(500))
    expect(page.locator("main")).to_contain_text("Auf Eis")
    assert deals_named(f" {width}") == {
        f"Anlage {width}": ("proposal", 123450, "2027-04-03", "Nord"),
        f"Wartung {width}": ("negotiation", 350000000, "2027-06-05", "Süd"),
    }


def test_a_file_read_wrongly_is_read_another_way(page: Page, demo_app: Flask, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_bytes(b"Name;Firma|Wert\nA;B|5\nC;D|6\n")
    sign_in(page, "admin@demo-two.example")
    upload(page, path)
    page.get_by_text("Change", exact=True).click()
    page.get_by_label("Separator").select_option(label="Vertical bar")
    assert violations(page) == []
    page.get_by_role("button", name="Read the file again").click()
    expect(page.locator("main")).to_contain_text("separated by vertical bar")
    expect(page.get_by_role("rowheader", name="Name;Firma")).to_be_visible()
    page.get_by_label("Line with the names").fill("77")
    page.get_by_role("button", name="Read the file again").click()
    expect(page.locator("main")).to_contain_text("Line 77 is not among")
    assert violations(page) == []
