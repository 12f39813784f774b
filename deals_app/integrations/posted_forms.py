"""The form in an HTTP body with its fields as the bytes that were sent: SendGrid's are in several charsets at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Final, cast
from urllib.parse import parse_qsl

from deals_app.domain.inbound import MailAttachment
from deals_app.integrations.incoming_mail import MailRefused
from deals_app.integrations.mail_headers import decoded, raw_headers
from deals_app.integrations.mail_parts import MAX_BYTES, MAX_PARTS, calmly, parse

_NAME: Final = re.compile(r'\bname="([^"\r\n]{1,200})"', re.IGNORECASE)
_FILENAME: Final = re.compile(r'\bfilename="([^"\r\n]{0,500})"', re.IGNORECASE)
_LONGEST_FILENAME: Final = 200


@dataclass(frozen=True)
class PostedForm:
    """Fields (the last of each name) and files."""

    fields: Mapping[str, bytes]
    files: tuple[MailAttachment, ...] = ()

    def text(self, name: str, charset: str | None = None) -> str:
        """A field as text; empty when it is not there."""
        return decoded(self.fields.get(name, b""), charset)


def posted_form(body: bytes, content_type: str) -> PostedForm:
    """Read `multipart/form-data` and `application/x-www-form-urlencoded`. Raises MailRefused for anything else."""
    kind = content_type.partition(";")[0].strip().casefold()
    if len(body) > MAX_BYTES:
        message = f"The mail is larger than {MAX_BYTES // 1_048_576} MB."
        raise MailRefused(message)
    if kind == "multipart/form-data" and "\n" not in content_type and "\r" not in content_type:
        return _multipart(parse(b"Content-Type: " + content_type.encode("utf-8", "replace") + b"\r\n\r\n" + body))
    if kind != "application/x-www-form-urlencoded":
        message = "This is no form; send multipart/form-data."
        raise MailRefused(message)
    try:
        pairs = parse_qsl(body.decode("latin-1"), keep_blank_values=True, encoding="latin-1", max_num_fields=MAX_PARTS)
    except ValueError as error:
        message = f"The form has more than {MAX_PARTS} fields."
        raise MailRefused(message) from error
    return PostedForm({name: value.encode("latin-1") for name, value in pairs})


def _multipart(message: Message) -> PostedForm:
    fields: dict[str, bytes] = {}
    files: list[MailAttachment] = []
    for part in cast("list[Message]", message.get_payload()) if message.is_multipart() else []:
        disposition = next(iter(raw_headers(part, "content-disposition")), "")
        filename, name = _FILENAME.search(disposition), _NAME.search(disposition)
        content = _content(part)
        if filename:
            shown = filename[1].replace("\\", "/").rpartition("/")[2][:_LONGEST_FILENAME] or "unnamed"
            kind = calmly(part.get_content_type, "application/octet-stream")
            files.append(MailAttachment(filename=shown, content_type=kind, content=content))
        elif name:
            fields[name[1]] = content
    return PostedForm(fields, tuple(files))


def _content(part: Message) -> bytes:
    """A file that is a mail itself has been read as one, and is written again."""
    if part.is_multipart():
        inner = cast("list[Message]", part.get_payload())
        return calmly(inner[0].as_bytes, b"") if inner else b""
    found = calmly(lambda: part.get_payload(decode=True), None)
    return found if isinstance(found, bytes) else b""
