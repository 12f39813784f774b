"""A mail that was passed on in the text of another: `---------- Forwarded message ---------` and its From line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from deals_app.domain.email_address import is_email_address
from deals_app.integrations.mail_headers import parsed_addresses

_FROM: Final = re.compile(
    r"[>*\s]{0,10}(?:from|von|de|da|van)\s?[*]{0,2}\s?[:：][*]{0,2}\s{0,5}(.{3,500})", re.IGNORECASE
)
_HEADER: Final = re.compile(
    r"[>*\s]{0,10}(?:(?P<subject>subject|betreff|objet|asunto|oggetto|assunto|onderwerp)"
    r"|to|an|à|para|a|aan|cc|kopie|copie|date|datum|fecha|data|sent|gesendet|envoyé|enviado(?: el)?|inviato|verzonden"
    r"|reply-to|antwort an)\s?[*]{0,2}\s?[:：][*]{0,2}\s{0,5}(?P<value>.{0,500})",
    re.IGNORECASE,
)
# Outlook's way: From: Rep [mailto:rep@ourco.example]
_MAILTO: Final = re.compile(r"\[(?:mailto:)?([^\]\s]{3,254})\]")
_MOST_LINES: Final = 500
_HEADER_LINES: Final = 8


@dataclass(frozen=True)
class ForwardedText:
    """Who wrote it (name, address), what, and under which subject."""

    person: tuple[str, str]
    text: str
    subject: str


def forwarded_in(text: str) -> ForwardedText | None:
    """The first mail that stands in a text with its headers; None when there is none, or its author has no address."""
    lines = text.splitlines()
    for index, line in enumerate(lines[:_MOST_LINES]):
        found = _FROM.fullmatch(line[:600])
        if found is None:
            continue
        pairs = parsed_addresses(_MAILTO.sub(r"<\1>", found[1].replace("*", "")))
        person = next((pair for pair in pairs if is_email_address(pair[1])), None)
        if person is None:
            continue
        subject, start = _headers(lines, index + 1)
        if start > index + 1:
            body = [line.removeprefix("> ").removeprefix(">") for line in lines[start:]]
            return ForwardedText(person, "\n".join(body).strip(), subject)
    return None


def _headers(lines: list[str], start: int) -> tuple[str, int]:
    """The subject among the header lines that follow, and where the text begins."""
    subject = ""
    for index in range(start, min(start + _HEADER_LINES, len(lines))):
        found = _HEADER.fullmatch(lines[index][:600])
        if found is None:
            return subject, index
        if found["subject"]:
            subject = found["value"].strip()
    return subject, min(start + _HEADER_LINES, len(lines))
