"""What kind of file somebody sent, by its content and never by its name; what is no table is refused in a sentence."""

from __future__ import annotations

import codecs
import re
from typing import BinaryIO, Final


class Unreadable(ValueError):
    """The file as a whole is not a table of deals; the message is a sentence that says what it is instead."""


_AS_TABLE: Final = "export the list as CSV or XLSX"
_HEAD_BYTES: Final = 4096
_CHUNK_BYTES: Final = 1 << 20
_CONTROLS = bytes(code for code in range(0x20) if chr(code) not in "\t\n\r\f")
_ZIP: Final = b"PK\x03\x04"
_EMPTY_ZIP: Final = b"PK\x05\x06"
_OLE: Final = b"\xd0\xcf\x11\xe0"

_SIGNATURES: Final[tuple[tuple[bytes, str], ...]] = (
    (_EMPTY_ZIP, "an empty ZIP archive"),
    (b"%PDF", f"a PDF document, not a table; {_AS_TABLE}"),
    (b"\x1f\x8b", "a gzip archive; unpack it and send the table in it"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; unpack it and send the table in it"),
    (b"Rar!\x1a\x07", "a RAR archive; unpack it and send the table in it"),
    (b"\xfd7zXZ\x00", "an XZ archive; unpack it and send the table in it"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive; unpack it and send the table in it"),
    (b"\x89PNG\r\n", f"a picture (PNG), not a table; {_AS_TABLE}"),
    (b"\xff\xd8\xff", f"a picture (JPEG), not a table; {_AS_TABLE}"),
    (b"GIF87a", f"a picture (GIF), not a table; {_AS_TABLE}"),
    (b"GIF89a", f"a picture (GIF), not a table; {_AS_TABLE}"),
    (b"II*\x00", f"a picture (TIFF), not a table; {_AS_TABLE}"),
    (b"MM\x00*", f"a picture (TIFF), not a table; {_AS_TABLE}"),
    (b"SQLite format 3\x00", f"an SQLite database; {_AS_TABLE}"),
    (b"PAR1", f"a Parquet file; {_AS_TABLE}"),
    (b"{\\rtf", f"a text document (RTF), not a table; {_AS_TABLE}"),
)
_BZIP2 = re.compile(rb"BZh[1-9]1AY&SY")
_WEBP_OR_HEIC = re.compile(rb"RIFF....WEBP|....ftyp(?:heic|heix|mif1|avif)", re.DOTALL)
_MARKUP: Final[tuple[tuple[bytes, str], ...]] = (
    (b"<!doctype", f"a web page, whatever its name says; {_AS_TABLE}"),
    (b"<html", f"a web page, whatever its name says; {_AS_TABLE}"),
    (b"<table", f"a web page, whatever its name says; {_AS_TABLE}"),
    (b"<?xml", f"an XML file; {_AS_TABLE}"),
    (b'{"', f"JSON, not a table; {_AS_TABLE}"),
    (b"[{", f"JSON, not a table; {_AS_TABLE}"),
)
# Directory names inside the container that Office used before 2007, and still uses for what a password protects.
_OLE_CONTENTS: Final[tuple[tuple[str, str], ...]] = (
    ("EncryptedPackage", "protected by a password; save it without one and send it again"),
    ("WordDocument", f"a Word document, not a table; {_AS_TABLE}"),
    ("PowerPoint Document", f"a PowerPoint presentation, not a table; {_AS_TABLE}"),
    ("__properties_version", "an Outlook message; send the table that is attached to it"),
)

_MARKS: Final[tuple[tuple[bytes, str], ...]] = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def is_workbook(stream: BinaryIO) -> bool:
    """Whether this is a zipped file, as XLSX workbooks are; else it is text. The stream is left at its start.

    Raises Unreadable for an empty file, for the kinds of file people confuse with tables, and for other binaries.
    """
    stream.seek(0)
    head = stream.read(_HEAD_BYTES)
    if head.startswith(_OLE):
        _refuse_old_office(stream)
    stream.seek(0)
    if head.startswith(_ZIP):
        return True
    _refuse_known_kinds(head)
    if encoding_by_mark(head) is None and len(head) - len(head.translate(None, _CONTROLS)) > len(head) // 10:
        message = f"The file is not text; {_AS_TABLE}"
        raise Unreadable(message)
    return False


def encoding_by_mark(head: bytes) -> str | None:
    """The encoding that a byte order mark names, or UTF-16 without one, known by its NULs."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    even, odd = head[0::2].count(0), head[1::2].count(0)
    pairs = len(head) // 2
    if odd > pairs // 2 and even <= pairs // 10:
        return "utf-16-le"
    if even > pairs // 2 and odd <= pairs // 10:
        return "utf-16-be"
    return None


def _refuse_known_kinds(head: bytes) -> None:
    bare = head.removeprefix(codecs.BOM_UTF8)
    if not bare.strip():
        message = "The file is empty"
        raise Unreadable(message)
    start = bare.lstrip().lower()
    for what in (
        *(what for signature, what in _SIGNATURES if head.startswith(signature)),
        *(what for signature, what in _MARKUP if start.startswith(signature)),
    ):
        raise Unreadable("The file is " + what)
    if _BZIP2.match(head):
        message = "The file is a bzip2 archive; unpack it and send the table in it"
        raise Unreadable(message)
    if _WEBP_OR_HEIC.match(head):
        message = f"The file is a picture, not a table; {_AS_TABLE}"
        raise Unreadable(message)


def _refuse_old_office(stream: BinaryIO) -> None:
    stream.seek(0)
    tail = b""
    while chunk := stream.read(_CHUNK_BYTES):
        for name, what in _OLE_CONTENTS:
            if name.encode("utf-16-le") in tail + chunk:
                raise Unreadable("The file is " + what)
        tail = chunk[-64:]
    message = "The file is an Excel workbook of the old kind (.xls); save it as XLSX or CSV and send it again"
    raise Unreadable(message)
