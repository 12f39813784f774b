"""A statement of a source document, quoted by the test that holds the product to it."""

from __future__ import annotations

from pathlib import Path


def says(document: Path, *quotes: str) -> None:
    """The quotes are really in the document, word for word; line ends count as blanks."""
    text = " ".join(document.read_text(encoding="utf-8").split())
    missing = [quote for quote in quotes if " ".join(quote.split()) not in text]
    assert missing == [], f"{document.name} does not say so"
