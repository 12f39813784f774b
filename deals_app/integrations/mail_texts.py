"""What somebody wrote in a mail: HTML as text, and the new part of an answer without what it quotes."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

from deals_app.integrations.mail_headers import clean

# Of a text and of an HTML part, in characters. A mail that a person wrote has some thousand.
LONGEST_TEXT: Final = 200_000
_LONGEST_HTML: Final = 1_000_000
# mailparser_reply's patterns take quadratic time on one long line, and no line that introduces a quotation is long.
_LONGEST_INTRODUCTION: Final = 160
_MOST_LINES: Final = 2_000
_LANGUAGES: Final = ("en", "de", "es", "fr", "it", "nl", "pl", "sv", "da", "cs", "ja", "ko", "zh")
# The devices that add a line of their own, and the two dashes before a signature.
_SENT_FROM: Final = re.compile(
    r"(?:sent from my|get outlook for|gesendet von mein|von meinem \w+ gesendet|envoyé de mon|envoyé depuis"
    r"|enviado desde mi|inviato da|verzonden vanaf mijn|enviado do meu|iphoneから送信)",
    re.IGNORECASE,
)
_INLINE: Final = frozenset({"td", "th"})
_BLOCKS: Final = frozenset({"table", "tbody", "thead", "tfoot", "tr", "caption", "ul", "ol", "dl", "center", "blockquote"})
_UNSEEN: Final = ("script", "style", "head", "template", "object", "svg", "iframe")
_BLANK_LINES: Final = re.compile(r"\n\s*\n\s*\n+")


def text_of_html(html: str) -> str:
    """What a reader sees. Nothing is run or fetched; tables become lines, as their layout can take any space."""
    from inscriptis import Inscriptis, ParserConfig
    from lxml.etree import LxmlError, strip_elements
    from lxml.html import document_fromstring

    try:
        tree: Any = document_fromstring(html[:_LONGEST_HTML].encode("utf-8", "replace"), parser=_html_parser())
        strip_elements(tree, *_UNSEEN, with_tail=False)
        for element in tree.iter():
            _simplify(element)
        text: str = Inscriptis(tree, ParserConfig()).get_text()
    except (LxmlError, ValueError, RecursionError):
        return ""
    return _BLANK_LINES.sub("\n\n", clean(text)).strip()


def own_words(text: str) -> str:
    """The newest part of an answer: what stands above the mail that it quotes. All of it when nothing stands above.

    Introductions of quotations ("On … wrote:", "Von: … Gesendet: …") are found in thirteen languages, lines with `>`
    and the line that a telephone adds in any place are left out.
    """
    lines = text[:LONGEST_TEXT].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    above = lines[: _first_quoted(lines)]
    kept = [line.rstrip() for line in above if not line.lstrip().startswith(">") and not _SENT_FROM.match(line.strip())]
    return _BLANK_LINES.sub("\n\n", "\n".join(kept)).strip() or text[:LONGEST_TEXT].strip()


def _first_quoted(lines: list[str]) -> int:
    short = [line.strip()[:_LONGEST_INTRODUCTION] for line in lines[:_MOST_LINES]]
    for index, line in enumerate(short):
        if re.fullmatch(r"_{20,}|-{3,} ?(?:original message|ursprüngliche nachricht|message d'origine) ?-{3,}", line.casefold()):
            del short[index:]
            break
    joined = "\n".join(short)
    found = _introduction().search(joined)
    # A pattern may begin with the end of the line before.
    return joined.count("\n", 0, found.start() + 1) if found else len(lines) if len(short) == min(
        len(lines), _MOST_LINES
    ) else len(short)


@cache
def _introduction() -> re.Pattern[str]:
    from mailparser_reply.parser import EmailMessage

    return EmailMessage(text="", languages=list(_LANGUAGES)).HEADER_REGEX


def _html_parser() -> Any:
    from lxml.html import HTMLParser

    return HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)


def _simplify(element: Any) -> None:
    """No attributes (a margin can be a million blanks wide), and no tables."""
    element.attrib.clear()
    if element.tag in _INLINE:
        element.tag = "span"
        element.tail = " " + (element.tail or "")
    elif element.tag in _BLOCKS:
        element.tag = "div"
