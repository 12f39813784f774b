"""Letters without what people leave out when they type in a hurry."""

from __future__ import annotations

import unicodedata


def plain_letters(text: str) -> str:
    """Case folded and without accents: `Février` and `FEVRIER` are the same."""
    if text.isascii():
        return text.lower()
    return "".join(each for each in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(each))
