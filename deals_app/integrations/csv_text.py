"""From a file's bytes to its text: which encoding it is in, and what is no text at all. Rows are csv_reading.py."""

from __future__ import annotations

import codecs
import io
import re
from typing import BinaryIO, Final


class Unreadable(ValueError):
    """The file as a whole is not a table of deals; the message is a sentence that says what it is instead."""


# Files pasted together from two systems: UTF-8 where it is valid, each other byte as cp1252.
MIXED: Final = "utf-8+cp1252"
_BYTES_AS_CP1252 = "deals-bytes-as-cp1252"

_CHUNK_BYTES = 1 << 20
_HEAD_BYTES = 4096
_HIGH_BYTES = bytes(range(0x80, 0x100))
_NOT_LETTERS = bytes(code for code in range(0x80) if not chr(code).isalpha())
_CONTROLS = bytes(code for code in range(0x20) if chr(code) not in "\t\n\r\f")
_UTF8_SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")

_SIGNATURES: Final[tuple[tuple[bytes, str], ...]] = (
    (b"PK\x03\x04", "an Excel workbook or another zipped file; save it as CSV first"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook of the old kind; save it as CSV first"),
    (b"%PDF", "a PDF document; deals are read from CSV files"),
    (b"\x1f\x8b", "a gzip archive; unpack it first"),
    (b"{\\rtf", "a text document (RTF); deals are read from CSV files"),
)
_MARKUP: Final[tuple[tuple[bytes, str], ...]] = (
    (b"<!doctype", "a web page; export the table as CSV instead"),
    (b"<html", "a web page; export the table as CSV instead"),
    (b"<?xml", "an XML file; export the table as CSV instead"),
    (b'{"', "JSON; send it to /api/sales/deals/bulk or export the table as CSV"),
    (b"[{", "JSON; send it to /api/sales/deals/bulk or export the table as CSV"),
)
_MARKS: Final[tuple[tuple[bytes, str], ...]] = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Scripts whose letters are all beyond ASCII; among Latin ones guessing does more harm than cp1252 does.
_OTHER_SCRIPTS = ["cp1251", "koi8_r", "cp1253", "cp1255", "cp1256", "cp932", "euc_jp", "gb18030", "big5", "cp949"]


def detect_encoding(stream: BinaryIO) -> str:
    """The encoding `open_text` reads the whole stream in without an error; the stream is left at its start.

    In this order: a byte order mark; UTF-16 without one, by its NULs; strict UTF-8; UTF-8 with strays (`MIXED`); a
    non-Latin code page, judged by charset-normalizer; cp1252, or latin-1 where cp1252 has no such character.

    Raises Unreadable for an empty file, for the kinds of file people confuse with CSV, and for other binaries.
    """
    stream.seek(0)
    head = stream.read(_HEAD_BYTES)
    refuse_what_is_no_text(head)
    encoding = _encoding_by_mark(head)
    if encoding:
        if not _decodes(stream, encoding):
            message = f"The file says it is {encoding.removesuffix('-sig').upper()} but is damaged; export it again"
            raise Unreadable(message)
    else:
        encoding = "utf-8" if _decodes(stream, "utf-8") else _encoding_of_bytes(stream)
    stream.seek(0)
    return encoding


def open_text(stream: BinaryIO, encoding: str) -> io.TextIOWrapper:
    """The stream from its start as text with its line ends kept; `detach()` it to keep the stream open."""
    stream.seek(0)
    if encoding == MIXED:
        return io.TextIOWrapper(stream, encoding="utf-8", errors=_BYTES_AS_CP1252, newline="")
    return io.TextIOWrapper(stream, encoding=encoding, newline="")


def refuse_what_is_no_text(head: bytes) -> None:
    """Raise Unreadable when these first bytes of a file are empty or belong to no text file."""
    if not head.removeprefix(codecs.BOM_UTF8).strip():
        message = "The file is empty"
        raise Unreadable(message)
    start = head.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    for signature, what in _SIGNATURES:
        if head.startswith(signature):
            raise Unreadable("The file is " + what)
    for signature, what in _MARKUP:
        if start.startswith(signature):
            raise Unreadable("The file is " + what)
    if _encoding_by_mark(head) is None and len(head) - len(head.translate(None, _CONTROLS)) > len(head) // 10:
        message = "The file is not text; deals are read from CSV files"
        raise Unreadable(message)


def _encoding_by_mark(head: bytes) -> str | None:
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


def _decodes(stream: BinaryIO, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    stream.seek(0)
    try:
        while chunk := stream.read(_CHUNK_BYTES):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def _encoding_of_bytes(stream: BinaryIO) -> str:
    """The encoding of text that is not UTF-8."""
    high, in_utf8, letters, undefined = 0, 0, 0, False
    sample = b""
    stream.seek(0)
    while chunk := stream.read(_CHUNK_BYTES):
        beyond = chunk.translate(None, bytes(range(0x80)))
        high += len(beyond)
        in_utf8 += sum(map(len, _UTF8_SEQUENCE.findall(chunk)))
        letters += len(chunk.translate(None, _NOT_LETTERS + _HIGH_BYTES))
        undefined = undefined or any(code in beyond for code in b"\x81\x8d\x8f\x90\x9d")
        sample = sample or chunk[: 1 << 16]
    # In a cp1252 file a capital followed by a quotation mark may look like UTF-8, but not most of the time.
    if in_utf8 > high / 2:
        return MIXED
    if high > letters and (guess := _other_script(sample)) and _decodes(stream, guess):
        return guess
    return "latin-1" if undefined else "cp1252"


def _other_script(sample: bytes) -> str | None:
    # Here, because it is heavy and hardly ever needed.
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=_OTHER_SCRIPTS).best()
    return best.encoding if best else None


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    stray = error.object[error.start : error.end]
    try:
        return stray.decode("cp1252"), error.end
    except UnicodeDecodeError:
        return stray.decode("latin-1"), error.end


codecs.register_error(_BYTES_AS_CP1252, _as_cp1252)
