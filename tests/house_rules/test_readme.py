"""The README says what the code says."""

from __future__ import annotations

from pathlib import Path

from deals_app.settings import FIELD_NOTES

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_its_settings_table_is_the_one_of_the_code() -> None:
    rows = [f"| `{name}` | {default} | {note} |" for name, default, note in FIELD_NOTES]
    assert "\n".join(rows) in README
