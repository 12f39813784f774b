"""Small workbooks for tests, written part by part, so that a test can leave out or spoil any of them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

Value = str | int | float | bool | None
# A cell as a test writes it: a value, or its XML after the reference (`s="1"><v>45000</v>`).
Cell = Value | bytes

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def workbook(
    sheets: Mapping[str, Sequence[Sequence[Cell]] | str],
    *,
    formats: Sequence[str | int] = (),
    hidden: Sequence[str] = (),
    shared: Sequence[str] = (),
    workbook_properties: str = "",
    more: Mapping[str, bytes] | None = None,
) -> bytes:
    """A workbook of these sheets (rows of cells, or the XML of `sheetData`'s content).

    `formats` are number formats, codes or built-in ones, which cells name as style 1, 2, …; `shared` are the `<si>` of
    the shared texts; `more` are parts beside these, or instead of them.
    """
    names, states = list(sheets), ("visible", "hidden")
    parts: dict[str, bytes] = {
        "[Content_Types].xml": b"<Types/>",
        "_rels/.rels": _rels({"rId1": ("officeDocument", "xl/workbook.xml")}),
        "xl/workbook.xml": (
            f'<workbook xmlns="{MAIN}" xmlns:r="{_RELATED}">{workbook_properties}<sheets>'
            + "".join(
                f'<sheet name={quoteattr(name)} state="{states[name in hidden]}" r:id="sheet{number}"/>'
                for number, name in enumerate(names, 1)
            )
            + "</sheets></workbook>"
        ).encode(),
        "xl/_rels/workbook.xml.rels": _rels(
            {
                **{f"sheet{n}": ("worksheet", f"worksheets/sheet{n}.xml") for n in range(1, len(names) + 1)},
                "styles": ("styles", "styles.xml"),
                "texts": ("sharedStrings", "/xl/sharedStrings.xml"),
            }
        ),
        "xl/styles.xml": _styles(formats),
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{"".join(shared)}</sst>'.encode(),
    }
    for number, content in enumerate(sheets.values(), 1):
        data = content if isinstance(content, str) else _rows(content)
        parts[f"xl/worksheets/sheet{number}.xml"] = (
            f'<?xml version="1.0"?><worksheet xmlns="{MAIN}"><sheetData>{data}</sheetData></worksheet>'
        ).encode()
    return zipped({**parts, **(more or {})})


def zipped(parts: Mapping[str, bytes]) -> bytes:
    """An archive of these files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return packed.getvalue()


def column_letters(column: int) -> str:
    """Of 0: A; of 26: AA."""
    letters = ""
    column += 1
    while column:
        column, digit = divmod(column - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return letters


def _rels(targets: Mapping[str, tuple[str, str]]) -> bytes:
    entries = "".join(
        f'<Relationship Id="{key}" Type="{_RELATED}/{kind}" Target="{target}"/>'
        for key, (kind, target) in targets.items()
    )
    return f'<Relationships xmlns="{_PACKAGE}">{entries}</Relationships>'.encode()


def _styles(formats: Sequence[str | int]) -> bytes:
    codes = {100 + n: code for n, code in enumerate(formats) if isinstance(code, str)}
    numbers = [0, *(code if isinstance(code, int) else 100 + n for n, code in enumerate(formats))]
    return (
        f'<styleSheet xmlns="{MAIN}"><numFmts>'
        + "".join(f'<numFmt numFmtId="{number}" formatCode={quoteattr(code)}/>' for number, code in codes.items())
        + '</numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs>'
        + "".join(f'<xf numFmtId="{number}"/>' for number in numbers)
        + "</cellXfs></styleSheet>"
    ).encode()


def _rows(rows: Sequence[Sequence[Cell]]) -> str:
    return "".join(
        f'<row r="{line}">'
        + "".join(_cell(f"{column_letters(column)}{line}", cell) for column, cell in enumerate(cells))
        + "</row>"
        for line, cells in enumerate(rows, 1)
        if cells
    )


def _cell(reference: str, cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bytes):
        return f'<c r="{reference}" {cell.decode()}</c>'
    if isinstance(cell, bool):
        return f'<c r="{reference}" t="b"><v>{int(cell)}</v></c>'
    if isinstance(cell, str):
        return f'<c r="{reference}" t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
    return f'<c r="{reference}"><v>{cell!r}</v></c>'
