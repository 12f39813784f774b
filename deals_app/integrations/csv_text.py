"""From a file's bytes to its text: which encoding it is in. What is no text at all is file_kinds.py."""

from __future__ import annotations

import codecs
import io
import re
from typing import BinaryIO, Final

from deals_app.integrations.csv_code_pages import RUN, WORD, code_pages_of, other_script
from deals_app.integrations.file_kinds import Unreadable, encoding_by_mark

__all__ = ["MIXED", "Unreadable", "detect_encoding", "open_text"]

# Files pasted together from two systems: UTF-8 where it is valid, each other byte as cp1252.
MIXED: Final = "utf-8+cp1252"
_BYTES_AS_CP1252 = "deals-bytes-as-cp1252"

_CHUNK_BYTES = 1 << 20
_HEAD_BYTES = 4096
_ASCII = bytes(range(0x80))
_UTF8_SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
# As many different words as settle a language.
_WORDS: Final = 5000
_SAMPLE_BYTES: Final = 1 << 16


def detect_encoding(stream: BinaryIO) -> str:
    """The encoding `open_text` reads the whole stream in without an error; the stream is left at its start.

    In this order: a byte order mark; UTF-16 without one, by its NULs; strict UTF-8; UTF-8 with strays (`MIXED`); a
    non-Latin code page, judged by charset-normalizer; the Latin code page whose letters make words; cp1252, or latin-1
    where cp1252 has no such character.

    Raises Unreadable for a file that is damaged.
    """
    stream.seek(0)
    encoding = encoding_by_mark(stream.read(_HEAD_BYTES))
    if encoding:
        if not _decodes(stream, encoding):
            message = f"The file says it is {encoding.removesuffix('-sig').upper()} but is damaged; export it again"
            raise Unreadable(message)
    else:
        encoding = "utf-8" if _decodes(stream, "utf-8") else _encoding_of_bytes(stream)
    stream.seek(0)
    return encoding


def chosen_encoding(stream: BinaryIO, name: str) -> str:
    """The encoding a person named, if the whole stream can be read in it. Raises Unreadable."""
    try:
        encoding = name if name == MIXED else codecs.lookup(name).name
        "".encode("utf-8" if name == MIXED else encoding)
    except (LookupError, ValueError):
        message = f"“{name[:40]}” is not an encoding; choose one of the list"
        raise Unreadable(message) from None
    if encoding != MIXED and not _decodes(stream, encoding):
        message = f"The file cannot be read as {encoding}: some of its bytes are no characters there; choose another"
        raise Unreadable(message)
    stream.seek(0)
    return encoding


def open_text(stream: BinaryIO, encoding: str) -> io.TextIOWrapper:
    """The stream from its start as text with its line ends kept; `detach()` it to keep the stream open."""
    stream.seek(0)
    if encoding == MIXED:
        return io.TextIOWrapper(stream, encoding="utf-8", errors=_BYTES_AS_CP1252, newline="")
    return io.TextIOWrapper(stream, encoding=encoding, newline="")


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
    high, in_utf8, in_runs = 0, 0, 0
    words = set[bytes]()
    runs = b""
    stream.seek(0)
    while chunk := stream.read(_CHUNK_BYTES):
        high += len(chunk.translate(None, _ASCII))
        in_utf8 += sum(map(len, _UTF8_SEQUENCE.findall(chunk)))
        in_runs += sum(map(len, RUN.findall(chunk)))
        if len(words) < _WORDS:
            words.update(WORD.findall(chunk))
        if len(runs) < _SAMPLE_BYTES:
            runs += b"\n".join(line for line in chunk.splitlines() if RUN.search(line))[:_SAMPLE_BYTES]
    # In a cp1252 file a capital followed by a quotation mark may look like UTF-8, but not most of the time.
    if in_utf8 > high / 2:
        return MIXED
    # Latin words have one letter beyond ASCII, or two; words of other scripts are of nothing else.
    if in_runs > high / 2 and (guess := other_script(runs)) and _decodes(stream, guess):
        return guess
    return next((page for page in code_pages_of(words) if _decodes(stream, page)), "latin-1")


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    stray = error.object[error.start : error.end]
    try:
        return stray.decode("cp1252"), error.end
    except UnicodeDecodeError:
        return stray.decode("latin-1"), error.end


codecs.register_error(_BYTES_AS_CP1252, _as_cp1252)
