"""The headers of a mail as text, whatever bytes they are made of. Nothing here raises."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from typing import Final, cast

from deals_app.domain.dates import FIRST_YEAR, LAST_YEAR

# A header is an address, a subject, a list of ids: more than this is an attack on whoever reads it.
_MAX_LENGTH: Final = 4_000
# getaddresses reads comments by recursion.
_MOST_BRACKETS: Final = 50
_MESSAGE_ID: Final = re.compile(r"<\s{0,5}([^<>\s]{1,998})\s{0,5}>")
_MOST_IDS: Final = 50
# Codecs that are no charset, or take quadratic time.
_NO_CHARSETS: Final = frozenset({"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape"})
# As browsers do: what calls itself Latin-1 is Windows' version of it.
_READ_AS: Final = {"iso-8859-1": "cp1252", "latin-1": "cp1252", "latin1": "cp1252", "iso8859-1": "cp1252"}


def clean(text: str) -> str:
    """Without NUL and half surrogates, which no database takes."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def decoded(content: bytes, charset: str | None) -> str:
    """Bytes as text: by the charset they name, else as UTF-8, else as Windows-1252, with `\ufffd` for the rest."""
    named = (charset or "").strip().strip("'\"").casefold()
    if named and named.replace("-", "_") not in _NO_CHARSETS and "\x00" not in named:
        try:
            return clean(content.decode(_READ_AS.get(named, named)))
        except (LookupError, ValueError):
            pass
    try:
        return clean(content.decode("utf-8"))
    except UnicodeDecodeError:
        return clean(content.decode(_fallback(named), "replace"))


def _fallback(named: str) -> str:
    """A few wrong bytes do not make a Japanese mail a French one."""
    try:
        "".encode(named)
    except (LookupError, ValueError):
        return "cp1252"
    return named if named and named not in {"ascii", "us-ascii", "utf-8", "utf8", *_NO_CHARSETS} else "cp1252"


def header(message: Message, name: str) -> str:
    """The first header of this name, unfolded and decoded; empty when there is none."""
    found = raw_headers(message, name)
    return encoded_words(found[0]) if found else ""


def raw_headers(message: Message, name: str) -> list[str]:
    """All headers of this name, unfolded, 8-bit bytes as text, encoded words as they are."""
    wanted = name.casefold()
    return [_unfolded(value) for key, value in message.raw_items() if str(key).casefold() == wanted]


def encoded_words(text: str) -> str:
    """RFC 2047's `=?utf-8?q?=C3=89mile?=` as text; what cannot be decoded stays as it is."""
    if "=?" not in text:
        return clean(text)
    try:
        parts = cast("list[tuple[bytes | str, str | None]]", decode_header(text))
    except (HeaderParseError, ValueError):
        return clean(text)
    pieces = (part if isinstance(part, str) else decoded(part, charset) for part, charset in parts)
    return clean(" ".join("".join(pieces).split()))


def addresses(message: Message, name: str) -> list[tuple[str, str]]:
    """Display name (as sent) and address of everyone in the headers of this name."""
    found: list[tuple[str, str]] = []
    for text in raw_headers(message, name):
        found += parsed_addresses(text)
    return found


def parsed_addresses(text: str) -> list[tuple[str, str]]:
    """The pairs in `Jane <jane@a.example>, b@b.example`; encoded words only after the commas have been understood."""
    text = text[:_MAX_LENGTH]
    if text.count("(") > _MOST_BRACKETS:
        text = text.replace("(", "").replace(")", "")
    try:
        pairs = getaddresses([text])
    except (ValueError, IndexError, TypeError):
        return []
    return [(encoded_words(name).strip(), clean(address).strip()) for name, address in pairs if "@" in address]


def message_ids(text: str) -> tuple[str, ...]:
    """The ids in angle brackets, without them; a single bare one counts too."""
    found = _MESSAGE_ID.findall(text[: _MAX_LENGTH * 4])[-_MOST_IDS:]
    if not found and "@" in text and len(text.split()) == 1:
        return (text.strip()[:_MAX_LENGTH].strip("<>"),)
    return tuple(dict.fromkeys(found))


def thread_of(in_reply_to: str, references: str) -> tuple[str, ...]:
    """The mails that this one answers, the nearest first."""
    return tuple(dict.fromkeys((*message_ids(in_reply_to), *reversed(message_ids(references)))))


def moment(text: str) -> datetime | None:
    """A Date header in UTC; None for what is no date."""
    try:
        found = parsedate_to_datetime(text[:_MAX_LENGTH])
        if not FIRST_YEAR < found.year < LAST_YEAR:
            return None
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _unfolded(value: object) -> str:
    """Bytes over 127 come as surrogates out of the parser."""
    text = str(value)[: _MAX_LENGTH * 4]
    if not text.isascii():
        text = decoded(text.encode("utf-8", "surrogateescape"), None)
    return " ".join(text.split())
