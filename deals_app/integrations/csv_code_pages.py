"""Which 8-bit code page a text is in, told by the languages that have its letters. Unicode is csv_text.py."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

# A word with bytes beyond ASCII beside ASCII letters, or with three of them in a row: the rest says nothing.
WORD: Final = re.compile(rb"[A-Za-z]+[\x80-\xff][A-Za-z\x80-\xff]*|[\x80-\xff]{1,2}[A-Za-z][A-Za-z\x80-\xff]*")
RUN: Final = re.compile(rb"[\x80-\xff]{3,}")

# In the order of preference: where a text reads as well in two, the one before is meant.
_CODE_PAGES: Final = ("cp1252", "cp1250", "cp1254", "cp850", "cp437", "mac_roman", "cp852")
_LANGUAGES: Final = (
    "äöüß",
    "àâæçèéêëîïôœùûüÿ",
    "áéíñóúü",
    "àáâãçéêíóôõúü",
    "àèéìíîòóùú",
    "àçèéíïòóúü·",
    "áéëïíóöüú",
    "æøåéöü",
    "åäöéšž",
    "áðéíóúýþæö",
    "áčďéěíňóřšťúůýž",
    "áäčďéíĺľňóôŕšťúýž",
    "ąćęłńóśźż",
    "áéíóöőúüű",
    "ăâîșțşţ",
    "čćđšž",
    "çğıiöşüâîû",
)
# Signs where they stand beside the letters of a word: at its beginning, at its end, and within it.
_OPENING: Final = frozenset("“„«‘‹¿¡€£¥§©")
_CLOSING: Final = frozenset("”“’‘»›…–—€£®™©°ªº²³\u00a0")
_WITHIN: Final = frozenset("’‘´–·\u00a0")
# How much better another code page has to read than the one nearly all files are in.
_MARGIN: Final = 0.1
# Scripts whose letters are all beyond ASCII; among Latin ones statistics do more harm than good.
_OTHER_SCRIPTS: Final = (
    *("cp1251", "koi8_r", "cp866", "cp1253", "cp1255", "cp1256"),
    *("cp932", "euc_jp", "gb18030", "big5", "cp949"),
)


def code_pages_of(words: Iterable[bytes]) -> list[str]:
    """The code pages that words (see WORD) may be in, the likeliest first; cp1252 where they do not tell."""
    words = list(words)
    fits = {page: _fit(words, page) for page in _CODE_PAGES}
    best = max(_CODE_PAGES, key=lambda page: fits[page] - _MARGIN * (page != _CODE_PAGES[0]))
    return list(dict.fromkeys((best, *_CODE_PAGES[:1])))


def other_script(sample: bytes) -> str | None:
    """The code page of a text that is not in Latin letters, judged by charset-normalizer; None when it cannot tell."""
    # Here, because it is heavy and hardly ever needed.
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=list(_OTHER_SCRIPTS)).best()
    return best.encoding if best else None


def _fit(words: list[bytes], page: str) -> float:
    """Which part of the characters beyond ASCII are letters of one language in the case of their word, or its signs."""
    letters: list[str] = []
    signs = total = 0
    for word in words:
        text = word.decode(page, "replace")
        for position, character in enumerate(text):
            if character.isascii():
                continue
            total += 1
            before = text[position - 1] if position else " "
            if not character.isalpha():
                at_end = position == len(text) - 1
                signs += character in (_CLOSING if at_end else _WITHIN if position else _OPENING)
            elif not (character.isupper() and before.islower()):
                letters.append(character.lower())
    in_language = max(sum(letter in language for letter in letters) for language in _LANGUAGES)
    return (in_language + signs) / max(total, 1)
