"""Zipped files that are no workbook, damaged ones, and those made to hurt: a sentence, before anything is unpacked."""

from __future__ import annotations

import io
import random
import zipfile

import pytest

from deals_app.integrations.file_kinds import Unreadable
from deals_app.integrations.sources.csv_file import rows, sniff
from deals_app.integrations.workbook_package import MAX_UNPACKED_BYTES
from tests.integrations.workbooks import workbook, zipped


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (zipped({"deals.csv": b"name\nA\n"}), "ZIP archive; unpack it"),
        (zipped({"word/document.xml": b"<w/>"}), "Word document"),
        (zipped({"xl/workbook.bin": b""}), r"\.xlsb"),
        (zipped({"content.xml": b"<office/>"}), "OpenDocument"),
        (zipped({}), "empty ZIP"),
        (zipped({f"{'long' * 20}{number}": b"" for number in range(9000)}), "thousands of files"),
        (workbook({"Deals": "<a>" * 100 + "</a>" * 100}), "damaged or cut off"),
        (workbook({"Deals": "<row><c><v>" * 30 + "</v></c></row>" * 30}), "damaged or cut off"),
        (
            workbook({"Deals": [["name"], [b't="s"><v>0</v>']]}, shared=["<a>" * 100 + "</a>" * 100]),
            "damaged or cut off",
        ),
        (
            workbook({"Deals": [["name"]]}, more={"xl/styles.xml": random.Random(1).randbytes(17 << 20)}),
            "describes itself",
        ),
        (workbook({}), "no sheet with cells"),
        (workbook({"Empty": ""}), "no rows"),
        (workbook({"Header": [["name", "value"]]}), r"a header \(“name”, “value”\) but no rows"),
        (workbook({"Deals": [["name"], ["A"]]})[:-300], "damaged or cut off"),
        (workbook({"Deals": "<row><c"}), "damaged or cut off"),
        (workbook({"Deals": [["name"], [b't="s"><v>9</v>']]}), "damaged or cut off"),
        (workbook({"Deals": ""}, more={"xl/workbook.xml": b"<!DOCTYPE x><workbook/>"}), "document type"),
        (
            workbook({"Deals": ""}, more={"xl/worksheets/sheet1.xml": b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet/>'}),
            "document type",
        ),
        (workbook({"Deals": [["name"], ["A"]]}, more={"xl/media/a.bin": bytes(2 << 20)}), "more than 100 times"),
        (workbook({"Deals": f'<row><c t="str"><v>{"A" * (3 << 20)}</v></c></row>'}), "more than 100 times"),
    ],
)
def test_it_says_what_a_zipped_file_is_instead(content: bytes, says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        sniff(io.BytesIO(content))


def test_it_refuses_a_workbook_that_says_it_is_huge_before_unpacking_it() -> None:
    content = bytearray(workbook({"Deals": [["name"], ["A"]]}, more={"xl/media/a.bin": b"x"}))
    entry = content.rindex(b"PK\x01\x02", 0, content.rindex(b"xl/media/a.bin"))
    # Both sizes, as the directory states them.
    for offset, size in ((20, MAX_UNPACKED_BYTES - 1), (24, MAX_UNPACKED_BYTES - 1)):
        content[entry + offset : entry + offset + 4] = size.to_bytes(4, "little")

    with pytest.raises(Unreadable, match="unpacks to more than 4 GB"):
        sniff(io.BytesIO(bytes(content)))


@pytest.mark.parametrize(
    ("part", "until"),
    [
        ("xl/worksheets/sheet1.xml", b"worksheet>"),
        ("xl/sharedStrings.xml", b"</si>"),
        ("xl/workbook.xml", b"workbook>"),
    ],
)
def test_it_answers_any_damage_with_a_sentence(part: str, until: bytes) -> None:
    whole = workbook({"Deals": [["name"], [b't="s"><v>0</v>']]}, shared=["<si><t>A</t></si>"])
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for length in range(parts[part].rindex(until)):
        stream = io.BytesIO(zipped({**parts, part: parts[part][:length]}))
        with pytest.raises(Unreadable):
            sniff(stream)


@pytest.mark.parametrize("seed", range(20))
def test_it_answers_any_bytes_that_begin_as_a_workbook(seed: int) -> None:
    chance = random.Random(seed)
    whole = workbook({"Deals": [["name", "value"], ["A", 1]], "More": [["x"]]}, shared=["<si><t>A</t></si>"])
    for _ in range(50):
        spoilt = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            spoilt[chance.randrange(4, len(spoilt))] = chance.randrange(256)
        stream = io.BytesIO(bytes(spoilt))
        try:
            lines = [row.line for row in rows(stream, sniff(stream, name_required=False))]
        except Unreadable:
            lines = []
        assert lines == sorted(set(lines))
