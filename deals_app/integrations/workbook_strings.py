"""The texts that the cells of a workbook share, read as far as they are asked for and kept on disk, not in memory."""

from __future__ import annotations

import os
import tempfile
from array import array
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import IO, Any, Final
from xml.parsers import expat

from deals_app.integrations.csv_records import MAX_CELL_CHARACTERS
from deals_app.integrations.file_kinds import Unreadable
from deals_app.integrations.workbook_package import Package
from deals_app.integrations.workbook_values import unescaped
from deals_app.integrations.workbook_xml import DEEPEST, feeding, new_parser, whole

_WRITE_BYTES: Final = 1 << 20
# Stages, owners and companies come again and again, and mostly early.
_REMEMBERED: Final = 50_000
_LONGEST_REMEMBERED: Final = 100
# Ten for each row that a sheet can have.
_MAX_TEXTS: Final = 10 << 20


class SharedStrings:
    """Texts by their number: eight bytes of memory each, whatever their length."""

    def __init__(self, texts: Iterator[list[str]], spill: Any) -> None:
        self._texts = texts
        self._spill = spill
        self._ends = array("Q", [0])
        self._unwritten = bytearray()
        self._written = 0
        self._remembered: dict[str, str] = {}

    def text(self, number: str) -> str:
        """The text of this number. Raises expat.ExpatError, as for other damage, when the workbook has none."""
        known = self._remembered.get(number)
        return known if known is not None else self._looked_up(number)

    def _looked_up(self, number: str) -> str:
        index = whole(number)
        while index >= len(self._ends) - 1:
            self._read_on()
        start, end = self._ends[index], self._ends[index + 1]
        if start >= self._written:
            stored = bytes(self._unwritten[start - self._written : end - self._written])
        else:
            stored = os.pread(self._spill.fileno(), end - start, start)
        text = stored.decode()
        if len(text) <= _LONGEST_REMEMBERED and len(self._remembered) < _REMEMBERED:
            self._remembered[number] = text
        return text

    def _read_on(self) -> None:
        texts = next(self._texts, None)
        if texts is None:
            raise expat.ExpatError
        if len(self._ends) > _MAX_TEXTS:
            message = f"The workbook has more than {_MAX_TEXTS:,} different texts; export the list as CSV"
            raise Unreadable(message)
        for text in texts:
            self._unwritten += text.encode()
            self._ends.append(self._written + len(self._unwritten))
        if len(self._unwritten) >= _WRITE_BYTES:
            self._spill.write(self._unwritten)
            self._written += len(self._unwritten)
            self._unwritten.clear()


@contextmanager
def shared_strings(package: Package) -> Generator[SharedStrings]:
    """The shared texts of a workbook, while it is open."""
    if package.strings_part is None:
        yield SharedStrings(iter(()), None)
        return
    with package.open(package.strings_part) as content, tempfile.TemporaryFile(buffering=0) as spill:
        yield SharedStrings(_string_items(content), spill)


class _StringReader:
    """The handlers of the part's XML. Readings of a text in another script are left out."""

    def __init__(self) -> None:
        self._done: list[str] = []
        self._pieces: list[str] = []
        self._within_reading = False
        self._depth = 0
        self.parser = new_parser()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def taken(self) -> list[str]:
        """The texts that are finished, once."""
        done, self._done = self._done, []
        if sum(map(len, self._pieces)) > 2 * MAX_CELL_CHARACTERS:
            self._pieces[:] = ["".join(self._pieces)[: 2 * MAX_CELL_CHARACTERS]]
        return done

    def _start(self, name: str, _: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise expat.ExpatError
        local = name.rpartition(":")[2]
        if local == "t" and not self._within_reading:
            self.parser.CharacterDataHandler = self._pieces.append
        elif local == "rPh":
            self._within_reading = True

    def _end(self, name: str) -> None:
        self._depth -= 1
        local = name.rpartition(":")[2]
        if local == "t":
            self.parser.CharacterDataHandler = None
        elif local == "rPh":
            self._within_reading = False
        elif local == "si":
            # One character more than a cell may have: such a row is refused when it is read.
            self._done.append(unescaped("".join(self._pieces))[: MAX_CELL_CHARACTERS + 1])
            self._pieces.clear()


def _string_items(content: IO[bytes]) -> Iterator[list[str]]:
    """The texts of the part, as many at a time as a piece of it holds."""
    reader = _StringReader()
    for _ in feeding(reader.parser, content):
        yield reader.taken()
