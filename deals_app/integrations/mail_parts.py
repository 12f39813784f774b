"""A raw mail (RFC 5322, MIME) taken apart: its texts, its files, the mails inside. Who wrote it is mail_reading.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import policy
from email.message import Message
from email.parser import BytesParser
from typing import Any, Final, TypeVar, cast

from deals_app.domain.inbound import MailAttachment
from deals_app.integrations.incoming_mail import MailRefused
from deals_app.integrations.mail_headers import clean, decoded, encoded_words
from deals_app.integrations.mail_texts import LONGEST_TEXT, text_of_html

MAX_BYTES: Final = 25 * 1024 * 1024
MAX_PARTS: Final = 100
MAX_DEPTH: Final = 20
# 25 MB in base64 are 450,000 lines; the parser takes ten seconds for 25 MB of nothing but line ends.
MAX_LINES: Final = 600_000

_LONGEST_FILENAME: Final = 200
# What the standard library raises over damaged headers and bodies.
_DAMAGED: Final = (ValueError, LookupError, TypeError, AttributeError, AssertionError)
Read = TypeVar("Read")


@dataclass
class MailParts:
    """The parts of one mail; `mails` are those inside it."""

    plain: list[str] = field(default_factory=list[str])
    html: list[str] = field(default_factory=list[str])
    attachments: list[MailAttachment] = field(default_factory=list[MailAttachment])
    mails: list[Message] = field(default_factory=list[Message])

    @property
    def text(self) -> str:
        """The plain text, or the HTML as text where that is all there is."""
        plain = "\n".join(self.plain).strip()
        return (plain or "\n".join(map(text_of_html, self.html)).strip())[:LONGEST_TEXT]


def parse(raw: bytes) -> Message:
    """The tree of a mail, however damaged it is. Raises MailRefused over our limits of size, lines and parts."""
    if len(raw) > MAX_BYTES:
        message = f"The mail is larger than {MAX_BYTES // 1_048_576} MB."
        raise MailRefused(message)
    if max(raw.count(b"\n"), raw.count(b"\r")) > MAX_LINES:
        message = f"The mail has more than {MAX_LINES:,} lines."
        raise MailRefused(message)
    made = 0

    def part(*args: Any, **kwargs: Any) -> Message:
        nonlocal made
        made += 1
        # The parser makes the first as a trial.
        if made > MAX_PARTS + 1:
            message = f"The mail has more than {MAX_PARTS} parts."
            raise MailRefused(message)
        return Message(*args, **kwargs)

    try:
        return BytesParser(cast("Any", part), policy=policy.compat32).parsebytes(raw)
    except RecursionError:
        message = f"The mail is nested deeper than {MAX_DEPTH} levels."
        raise MailRefused(message) from None


def parts_of(message: Message) -> MailParts:
    """The texts, files and inner mails of a mail, without looking into the inner mails."""
    found = MailParts()
    for part in _leaves(message, 0):
        kind = calmly(part.get_content_type, "text/plain")
        filename = _filename(part)
        is_file = filename is not None or "attachment" in str(part.get("content-disposition", "")).casefold()[:20]
        if kind == "message/rfc822":
            found.mails += cast("list[Message]", part.get_payload()) if part.is_multipart() else []
        elif not is_file and (kind == "text/plain" or kind.startswith("multipart/")):
            # A multipart that ends up here has lost its boundary: its text is all there is.
            found.plain.append(_text(part))
        elif kind == "text/html" and not is_file:
            found.html.append(_text(part))
        elif is_file or not kind.startswith(("text/", "message/")):
            found.attachments.append(_attachment(part, filename, kind))
    return found


def calmly(read: Callable[[], Read], otherwise: Read) -> Read:
    """What a reader of the standard library says, or something else where the mail is too damaged for it."""
    try:
        return read()
    except _DAMAGED:
        return otherwise


def _leaves(message: Message, depth: int) -> Iterator[Message]:
    if depth > MAX_DEPTH:
        text = f"The mail is nested deeper than {MAX_DEPTH} levels."
        raise MailRefused(text)
    is_mail = calmly(message.get_content_type, "") == "message/rfc822"
    if not message.is_multipart() or is_mail:
        yield message
        return
    for part in cast("list[Message]", message.get_payload()):
        yield from _leaves(part, depth + 1)


def _attachment(part: Message, filename: str | None, kind: str) -> MailAttachment:
    return MailAttachment(filename=filename or "unnamed", content_type=clean(kind)[:200], content=_content(part))


def _content(part: Message) -> bytes:
    found = calmly(lambda: part.get_payload(decode=True), None)
    if isinstance(found, bytes):
        return found
    whole = calmly(part.get_payload, "")
    return whole.encode("utf-8", "surrogateescape") if isinstance(whole, str) else b""


def _text(part: Message) -> str:
    content = _content(part)[: LONGEST_TEXT * 5]
    return decoded(content, calmly(part.get_content_charset, None))


def _filename(part: Message) -> str | None:
    name = calmly(part.get_filename, None)
    if not name:
        return None
    name = clean(encoded_words(str(name))).replace("\\", "/").rpartition("/")[2]
    return "".join(each for each in name if each.isprintable()).strip(" .")[:_LONGEST_FILENAME] or "unnamed"
