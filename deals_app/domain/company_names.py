"""The company that a mail speaks for, found in its text or in the domain of its sender."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from deals_app.domain.lengths import LONGEST_NAME
from deals_app.domain.letters import plain_letters
from deals_app.domain.matching import LEGAL_FORMS, fold, match_key

_MOST_LINES: Final = 300
_LONGEST_LINE: Final = 200
_LONGEST_COMPANY: Final = 6
_SIGNATURE_LINES: Final = 12
_SHORTEST_LABEL: Final = 2
_PIECES: Final = re.compile(r"\s*[,|•·/]\s+|\s+(?:at|bei|chez|en|presso|bij|@)\s+|\s+[–—-]\s+|:\s+")
_BARE: Final = re.compile(r"[.,/()&-]+")
_JAPANESE: Final = re.compile(
    r"(?:株式会社|有限会社|合同会社)[^\W\d_のはがをです]{1,20}|[^\W\d_のはがを]{1,20}(?:株式会社|有限会社)"
)
_WRITTEN: Final = {"gmbh": "GmbH", "ag": "AG", "kg": "KG", "llc": "LLC", "spa": "SpA", "sa": "SA"}
_EDGES: Final = " ,;:!?\"'“”()<>[]*_|"


def company_in_text(text: str, domain_label: str | None) -> str | None:
    """As it is written in the text: what the sender's domain is made of, else a name with a legal form at the end.

    `domain_label` is the registered part of the domain: with `prospect-corp` the words `Prospect Corp` are found, with
    `acme` also `Acme Inc.`. None when the text names no company.
    """
    lines = [line.strip()[:_LONGEST_LINE] for line in text.splitlines()[:_MOST_LINES] if line.strip()]
    if domain_label and len(domain_label) >= _SHORTEST_LABEL:
        wanted = plain_letters(fold(domain_label))
        for line in lines:
            if wanted in plain_letters(fold(line)) and (company := _spelled(line, wanted)):
                return company
    for line in reversed(lines[-_SIGNATURE_LINES:]):
        for piece in _PIECES.split(line):
            if _has_legal_form(piece):
                return piece.strip(_EDGES)[:LONGEST_NAME]
    japanese = _JAPANESE.search(text[:_LONGEST_LINE])
    return japanese[0] if japanese else None


def company_of_domain(domain_label: str) -> str:
    """`prospect-corp` as a name: `Prospect Corp`."""
    words = (_WRITTEN.get(word) or word[:1].upper() + word[1:] for word in domain_label.split("-") if word)
    return " ".join(words)[:LONGEST_NAME]


def _spelled(line: str, wanted: str) -> str | None:
    """What begins with the wanted name and ends with a legal form, else the longest run of words that is that name."""
    for piece in _PIECES.split(line):
        if _has_legal_form(piece) and plain_letters(fold(piece)).startswith(wanted):
            return piece.strip(_EDGES)
    for run in _runs(line.split()):
        if not run[:1].isupper() and not run[:1].isdigit():
            continue
        if wanted in {plain_letters(fold(run)), plain_letters(fold(match_key(run)))}:
            return run
    return None


def _runs(words: list[str]) -> Iterator[str]:
    """Every few words in a row, the longer first, without what is put around words."""
    for length in range(min(_LONGEST_COMPANY, len(words)), 0, -1):
        for start in range(len(words) - length + 1):
            run = " ".join(words[start : start + length]).strip(_EDGES)
            yield run if _has_legal_form(run) else run.rstrip(".")


def _has_legal_form(piece: str) -> bool:
    words = piece.strip(_EDGES).split()
    if not 1 < len(words) <= _LONGEST_COMPANY or not words[0][:1].isupper():
        return False
    last = words[-1]
    # "as" and "se" are words; a form is written with a capital somewhere.
    return last != last.lower() and _BARE.sub("", last).casefold() in LEGAL_FORMS
