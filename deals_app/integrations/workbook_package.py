"""The parts of an XLSX file: checked before anything is unpacked, then its sheets. Cells are workbook_rows.py."""

from __future__ import annotations

import os
import posixpath
import struct
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO, Final, NamedTuple
from zipfile import ZipFile

from deals_app.integrations.file_kinds import Unreadable
from deals_app.integrations.workbook_xml import Element, damage_is_told, elements

# Three times a sheet of a million rows and thirty columns.
MAX_UNPACKED_BYTES: Final = 4 << 30
# Spreadsheets are packed to a tenth, very dull ones to a fortieth; deflate can do a thousandth.
MAX_RATIO: Final = 100
_RATIO_MATTERS_FROM_BYTES: Final = 1 << 20
# Workbooks have some tens of parts. The directory is read into memory whole, so it is looked at before.
_MAX_DIRECTORY_BYTES: Final = 1 << 20
_END_OF_DIRECTORY: Final = struct.Struct("<4s4H2IH")
_END_OF_LONG_DIRECTORY: Final = struct.Struct("<4sQ2H2I4Q")
_IN_LONG_DIRECTORY: Final = 0xFFFF_FFFF
_LONGEST_END_BYTES: Final = 1 << 17
# Lists of sheets, relations and styles; the styles of much-copied workbooks have some megabytes.
_MAX_LIST_BYTES: Final = 16 << 20

_OTHER_ZIPS: Final[tuple[tuple[str, str], ...]] = (
    ("word/document.xml", "a Word document, not a table; export the list as CSV or XLSX"),
    ("ppt/presentation.xml", "a PowerPoint presentation, not a table; export the list as CSV or XLSX"),
    ("xl/workbook.bin", "an Excel workbook of the binary kind (.xlsb); save it as XLSX or CSV and send it again"),
    ("content.xml", "an OpenDocument file; save it as XLSX or CSV and send it again"),
    ("Index/Document.iwa", "a Numbers or Pages document; export it as XLSX or CSV and send that"),
)
_OUR_KIND: Final = "xl/workbook.xml"


class Sheet(NamedTuple):
    """A sheet of a workbook and the part it is in."""

    name: str
    part: str
    hidden: bool


class Package(NamedTuple):
    """An open workbook. `counts_from_1904` is true of some that were made on old Macs."""

    archive: ZipFile
    sheets: tuple[Sheet, ...]
    strings_part: str | None
    styles_part: str | None
    counts_from_1904: bool

    def open(self, part: str) -> IO[bytes]:
        """The unpacked content of a part, as a stream. Raises Unreadable."""
        with damage_is_told():
            return self.archive.open(part)

    def elements(self, part: str) -> Iterator[Element]:
        """The elements of a part that is a list. Raises Unreadable."""
        with damage_is_told():
            yield from _elements(self.archive, part)


@contextmanager
def opened(stream: BinaryIO) -> Generator[Package]:
    """The workbook in a seekable stream, which stays open afterwards.

    Raises Unreadable for other zipped files, damaged ones, and those that unpack a hundredfold; that is judged by the
    archive's directory, and no part unpacks to more than it says there.
    """
    _refuse_crowds(stream)
    with damage_is_told():
        archive = ZipFile(stream)
        parts = {info.filename.lower(): info.filename for info in archive.infolist()}
        _refuse_bombs(archive, stream.seek(0, os.SEEK_END))
        _refuse_other_kinds(archive, parts)
        package = _package(archive, parts)
    try:
        yield package
    finally:
        archive.close()


def _refuse_crowds(stream: BinaryIO) -> None:
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(size - _LONGEST_END_BYTES, 0))
    end = stream.read()
    for form, field in ((_END_OF_DIRECTORY, 5), (_END_OF_LONG_DIRECTORY, 8)):
        at = end.rfind(b"PK\x05\x06" if form is _END_OF_DIRECTORY else b"PK\x06\x06")
        directory_bytes = form.unpack_from(end, at)[field] if 0 <= at <= len(end) - form.size else 0
        if _MAX_DIRECTORY_BYTES < directory_bytes != _IN_LONG_DIRECTORY:
            message = "The file is an archive of thousands of files, not a workbook; send one table"
            raise Unreadable(message)


def _refuse_bombs(archive: ZipFile, archive_bytes: int) -> None:
    infos = archive.infolist()
    if sum(info.file_size for info in infos) > MAX_UNPACKED_BYTES:
        message = (
            f"The workbook unpacks to more than {MAX_UNPACKED_BYTES >> 30} GB, which no list of deals needs; "
            "delete what is not the list, or export it as CSV"
        )
        raise Unreadable(message)
    for info in infos:
        if info.file_size > max(_RATIO_MATTERS_FROM_BYTES, min(info.compress_size, archive_bytes) * MAX_RATIO):
            message = (
                f"The workbook unpacks to more than {MAX_RATIO} times its size and is not opened for safety; "
                "copy the list into a new workbook, or export it as CSV"
            )
            raise Unreadable(message)


def _refuse_other_kinds(archive: ZipFile, parts: dict[str, str]) -> None:
    if any(info.flag_bits & 1 for info in archive.infolist()):
        message = "The file is protected by a password; save it without one and send it again"
        raise Unreadable(message)
    if _OUR_KIND in parts:
        return
    for name, what in _OTHER_ZIPS:
        if name.lower() in parts:
            raise Unreadable("The file is " + what)


def _package(archive: ZipFile, parts: dict[str, str]) -> Package:
    def found(path: str) -> str | None:
        return parts.get(path.lower())

    roots = _targets(archive, found("_rels/.rels"), "")
    main = found(next((path for kind, path in roots.values() if kind == "officeDocument"), _OUR_KIND))
    if main is None:
        message = "The file is a ZIP archive; unpack it and send the table in it"
        raise Unreadable(message)
    folder, name = posixpath.split(main)
    targets = _targets(archive, found(f"{folder}/_rels/{name}.rels"), folder)
    by_kind = dict(targets.values())
    sheets, counts_from_1904 = list[Sheet](), False
    for element in _elements(archive, main):
        if element.name == "workbookPr":
            counts_from_1904 = element.get("date1904") in {"1", "true"}
        elif element.name == "sheet" and element.parent == "sheets":
            kind, path = targets.get(element.get("id"), ("", ""))
            if kind == "worksheet" and (part := found(path)):
                sheets.append(Sheet(element.get("name"), part, element.get("state", "visible") != "visible"))
    if not sheets:
        message = "The workbook has no sheet with cells; send the table in it as CSV or XLSX"
        raise Unreadable(message)
    return Package(
        archive,
        tuple(sheets),
        found(by_kind.get("sharedStrings", f"{folder}/sharedStrings.xml")),
        found(by_kind.get("styles", f"{folder}/styles.xml")),
        counts_from_1904,
    )


def _targets(archive: ZipFile, rels_part: str | None, folder: str) -> dict[str, tuple[str, str]]:
    """By id: the kind of a related part (the last word of its type) and its path."""
    if rels_part is None:
        return {}
    return {
        element.get("Id"): (
            element.get("Type").rpartition("/")[2],
            posixpath.normpath(posixpath.join("/", folder, element.get("Target"))).lstrip("/"),
        )
        for element in _elements(archive, rels_part)
        if element.name == "Relationship"
    }


def _elements(archive: ZipFile, part: str) -> Iterator[Element]:
    if archive.getinfo(part).file_size > _MAX_LIST_BYTES:
        message = "The workbook describes itself in more than anybody needs; copy the list into a new one"
        raise Unreadable(message)
    with archive.open(part) as content:
        yield from elements(content)
