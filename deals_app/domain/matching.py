"""When two spellings are the same name. Which deals are compared at all is decided by services."""

from __future__ import annotations

import re
import unicodedata

# Written without dots, commas, slashes and brackets, as `_bare` leaves them. Only ever removed from the end of a name.
LEGAL_FORMS = frozenset(
    [
        "inc",
        "incorporated",
        "corp",
        "corporation",
        "ltd",
        "limited",
        "llc",
        "llp",
        "lp",
        "plc",
        "co",
        "company",
        "pty",
        "pvt",
        "pte",
        "gmbh",
        "mbh",
        "ag",
        "kg",
        "kgaa",
        "ohg",
        "gbr",
        "ug",
        "ek",
        "ev",
        "eg",
        "se",
        "sa",
        "sas",
        "sasu",
        "sarl",
        "eurl",
        "snc",
        "sca",
        "sl",
        "slu",
        "srl",
        "spa",
        "sapa",
        "ltda",
        "cv",
        "bv",
        "nv",
        "vof",
        "bvba",
        "cvba",
        "oy",
        "oyj",
        "ab",
        "hb",
        "as",
        "asa",
        "aps",
        "sro",
        "spolsro",
        "doo",
        "dd",
        "zoo",
        "spzoo",
        "kft",
        "zrt",
        "nyrt",
        "ooo",
        "oao",
        "zao",
        "pjsc",
        "jsc",
        "bhd",
        "sdn",
    ]
)

_BLANKS = re.compile(r"\s+")
# "s. r. o." and "S. A." are one legal form each, not three words.
_SPACED_INITIALS = re.compile(r"(?<=\b\w\.)\s+(?=\w\.)")
_NOT_BARE = re.compile(r"[.,/()&-]+")
_LEFT_HANGING = " ,.&-\N{EN DASH}"


def without_invisible(text: str) -> str:
    """The text without zero-width, bidirectional and other format characters (Unicode category Cf)."""
    if text.isascii():
        return text
    return "".join(character for character in text if unicodedata.category(character) != "Cf")


def is_blank(text: str) -> bool:
    """True when a reader would see nothing: empty, white space, zero-width characters."""
    return not without_invisible(text).strip()


def fold(text: str) -> str:
    """What stages and column headers are compared by: no case, no blanks, no punctuation.

    Letters, digits, accents and pictographs stay, so names in any script remain apart: `Closed - Won` gives
    `closedwon`, `Probability (%)` gives `probability`.
    """
    if text.isascii():
        return "".join(filter(str.isalnum, text)).lower()
    normal = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(character for character in normal if _carries_meaning(character))


def match_key(text: str) -> str:
    """What names of deals and companies are compared by (CONTRACT.md section 6, Ingestion).

    NFKC, case folded, zero-width characters removed, blanks collapsed, legal forms taken off the end (`Acme, Inc.`,
    `ACME`, `acme gmbh & co. kg` are all `acme`). A name that consists of legal forms only keeps the first of them.
    Idempotent. Empty only for a text that `is_blank`.
    """
    words = _BLANKS.sub(" ", _normal(without_invisible(text))).strip()
    while True:
        shorter = _without_last_legal_form(words)
        if shorter == words:
            return words
        words = shorter


def _without_last_legal_form(words: str) -> str:
    joined = _SPACED_INITIALS.sub("", words) if "." in words else words
    head, _, last = joined.rpartition(" ")
    head = head.rstrip(_LEFT_HANGING)
    if head and _NOT_BARE.sub("", last) in LEGAL_FORMS:
        return head
    return words


def _normal(text: str) -> str:
    if text.isascii():
        return text.lower()
    # Case folding can undo the normalisation (and the other way round), hence both twice.
    for _ in range(2):
        text = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", text)


def _carries_meaning(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] not in "PZC" and category not in {"Sm", "Sc", "Sk"}
