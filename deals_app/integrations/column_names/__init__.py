"""What columns are called, by language: the key of a field -> its names, parted by commas. Data only."""

from __future__ import annotations

from typing import Final

from deals_app.integrations.column_names import dutch, english, french, german, portuguese, spanish

# In this order: a word that means two things in two languages means what it does in the first.
LANGUAGES: Final = (english.NAMES, german.NAMES, french.NAMES, spanish.NAMES, portuguese.NAMES, dutch.NAMES)
