"""What somebody wrote in a mail: HTML as text, and the new part of an answer without what it quotes."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from typing import Any, Final

from deals_app.integrations.mail_headers import clean

# Of a text and of an HTML part, in characters. A mail that a person wrote has some thousand.
LONGEST_TEXT: Final = 200_000
_LONGEST_HTML: Final = 1_000_000
# mailparser_reply's patterns take quadratic time on one long line, and no line that introduces a quotation is long.
_LONGEST_INTRODUCTION: Final = 160
_MOST_LINES: Final = 1_000
_LANGUAGES: Final = ("en", "de", "es", "fr", "it", "nl", "pl", "sv", "da", "cs", "ja", "ko", "zh")
# The devices that add a line of their own, and the two dashes before a signature.
_SENT_FROM: Final = re.compile(
    r"(?:sent from my|get outlook for|gesendet von mein|von meinem \w+ gesendet|envoyé de mon|envoyé depuis"
    r"|enviado desde mi|inviato da|verzonden vanaf mijn|enviado do meu|iphoneから送信)",
    re.IGNORECASE,
)
_RULE: Final = re.compile(
    r"_{20,}|-{3,} ?(?:original message|ursprüngliche nachricht|message d'origine|mensaje original) ?-{3,}",
    re.IGNORECASE,
)
_INLINE: Final = frozenset({"td", "th"})
_BLOCKS: Final = frozenset(
    {"table", "tbody", "thead", "tfoot", "tr", "caption", "ul", "ol", "dl", "center", "blockquote"}
)
_UNSEEN: Final = ("script", "style", "head", "template", "object", "svg", "iframe")
_BLANK_LINES: Final = re.compile(r"\n\s*\n\s*\n+")


def text_of_html(html: str) -> str:
    """What a reader sees. Nothing is run or fetched; tables become lines, as their layout can take any space."""
    engine, config = _untyped("inscriptis.html_engine"), _untyped("inscriptis.model.config")
    etree, lxml_html = _untyped("lxml.etree"), _untyped("lxml.html")
    parser = lxml_html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        tree = lxml_html.document_fromstring(html[:_LONGEST_HTML].encode("utf-8", "replace"), parser=parser)
        etree.strip_elements(tree, *_UNSEEN, with_tail=False)
        for element in tree.iter():
            _simplify(element)
        text: str = engine.Inscriptis(tree, config.ParserConfig()).get_text()
    except (etree.LxmlError, ValueError, RecursionError):
        return ""
    return _BLANK_LINES.sub("\n\n", "\n".join(line.strip() for line in clean(text).splitlines())).strip()


def own_words(text: str) -> str:
    """The newest part of an answer: what stands above the mail that it quotes. All of it when nothing stands above.

    Introductions of quotations ("On … wrote:", "Von: … Gesendet: …") are found in thirteen languages, lines with `>`
    and the line that a telephone adds in any place are left out.
    """
    lines = text[:LONGEST_TEXT].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    above = lines[: _first_quoted(lines)]
    introduced = _introductions(above)
    kept = [
        line.rstrip()
        for index, line in enumerate(above)
        if index not in introduced and not line.lstrip().startswith(">") and not _SENT_FROM.match(line.strip())
    ]
    return _BLANK_LINES.sub("\n\n", "\n".join(kept)).strip() or text[:LONGEST_TEXT].strip()


def _first_quoted(lines: list[str]) -> int:
    """The number of lines above the first quotation."""
    short = [line.strip()[:_LONGEST_INTRODUCTION] for line in lines[:_MOST_LINES]]
    rule = next((index for index, line in enumerate(short) if _RULE.fullmatch(line)), len(lines))
    joined = "\n".join(short[:rule])
    found = _introduction().search(joined)
    # A pattern may begin with the end of the line before.
    return joined.count("\n", 0, found.start() + 1) if found else rule


def _introductions(lines: list[str]) -> set[int]:
    """Lines right above quoted ones that end with a colon and name a date or an address, in whatever language."""
    found: set[int] = set()
    last = -1
    for index, line in enumerate(lines):
        if not line.strip():
            continue
        if line.lstrip().startswith(">") and last >= 0:
            before = lines[last].strip()
            if before.endswith((":", "：")) and ("@" in before or any(map(str.isdecimal, before))):
                found.add(last)
        last = index
    return found


@cache
def _introduction() -> re.Pattern[str]:
    return _untyped("mailparser_reply.parser").EmailMessage(text="", languages=list(_LANGUAGES)).HEADER_REGEX


def _untyped(module: str) -> Any:
    """Imported with the first mail, as it takes a while; none of these packages says its types."""
    return import_module(module)


def _simplify(element: Any) -> None:
    """No attributes (a margin can be a million blanks wide), and no tables."""
    element.attrib.clear()
    if element.tag in _INLINE:
        element.tag = "span"
        element.tail = " " + (element.tail or "")
    elif element.tag in _BLOCKS:
        element.tag = "div"
