"""The XML inside a workbook, read piece by piece: nothing is built in memory, and nothing is fetched or expanded."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import IO, Final
from xml.parsers import expat
from zipfile import BadZipFile

from deals_app.integrations.file_kinds import Unreadable

PIECE_BYTES: Final = 1 << 16
# A tag or a comment of this length was made to hurt: the parser keeps it in memory until it ends.
_LONGEST_TOKEN: Final = 4 << 20
# ValueError: zipfile seeks to places before the file, and decodes names, as a damaged directory tells it to.
_DAMAGE: Final = (
    *(BadZipFile, zlib.error, struct.error, expat.ExpatError),
    *(EOFError, NotImplementedError, OSError, ValueError),
)
_LONGEST_NUMBER: Final = 9
# A sheet nests seven deep; the parser keeps every element that is open.
DEEPEST: Final = 64


class Element:
    """An element that has begun: its name without a prefix, its parent's, and its attributes."""

    __slots__ = ("attributes", "name", "parent")

    def __init__(self, name: str, parent: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.parent = parent
        self.attributes = attributes

    def get(self, name: str, default: str = "") -> str:
        """The value of an attribute, whatever its prefix."""
        for written, value in self.attributes.items():
            if written == name or written.endswith(":" + name):
                return value
        return default


@contextmanager
def damage_is_told() -> Generator[None]:
    """Raise Unreadable for what zlib, zipfile and expat say of a workbook that is cut off or damaged.

    Only around our own reading, never around the work of whoever takes the rows: their errors are theirs.
    """
    try:
        yield
    except Unreadable:
        raise
    except _DAMAGE as error:
        message = "The file looks like an Excel workbook but is damaged or cut off; save it again and send it anew"
        raise Unreadable(message) from error


def new_parser() -> expat.XMLParserType:
    """A parser that gives text in few pieces and refuses document types (and so entities of any kind)."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.buffer_size = PIECE_BYTES
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser


def feeding(parser: expat.XMLParserType, stream: IO[bytes]) -> Iterator[None]:
    """Give the stream to the parser piece by piece; what its handlers collected is to be taken after each."""
    fed = 0
    while piece := stream.read(PIECE_BYTES):
        parser.Parse(piece, False)  # noqa: FBT003 (expat takes it by position only)
        fed += len(piece)
        if fed - max(parser.CurrentByteIndex, 0) > _LONGEST_TOKEN:
            raise expat.ExpatError
        yield
    parser.Parse(b"", True)  # noqa: FBT003 (as above)
    yield


def elements(stream: IO[bytes]) -> Iterator[Element]:
    """The elements of a small part in the order they begin."""
    parser = new_parser()
    path, found = [""], list[Element]()

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(path) > DEEPEST:
            raise expat.ExpatError
        local = name.rpartition(":")[2]
        found.append(Element(local, path[-1], attributes))
        path.append(local)

    def end(_: str) -> None:
        path.pop()

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    for _ in feeding(parser, stream):
        yield from found
        found.clear()


def whole(text: str) -> int:
    """An attribute that is a number; 0 when it is none, or a longer one than any workbook has."""
    return int(text) if text.isdecimal() and len(text) <= _LONGEST_NUMBER else 0


def _refuse_doctype(*_: object) -> None:
    message = "The file is a workbook with a document type declaration, which no spreadsheet writes; save it as XLSX"
    raise Unreadable(message)
