"""Strings that have broken programs before: our own few, and the long list of ../shared/data where it is there."""

from __future__ import annotations

import json
from pathlib import Path

# Each stands for a kind: blanks of all sorts, direction marks, combining, outside the basic plane, broken escapes,
# what other languages take for code, names that formats treat specially.
NASTIEST = (
    " \t ", "\u00a0\u2003x\u2009", "\ufeffx", "\u202ex\u202c", "Z\u0351\u036b\u0343a\u0349lgo", "e\u0301", "\u00e9",
    "\U0001f469\u200d\U0001f680", "\U0001d5a0", "\ufffe", "\x7f\x1b[31m", "\r\n", "a\nb", "%s%d%n", "{{ 7 * 7 }}",
    "${jndi:ldap://x}", "<script>alert(1)</script>", "' OR 1=1 --", "\\", "\\u0000", '"', "null", "NaN", "1e999",
    "=cmd|'/c calc'!A0", "../../etc/passwd", "\u0130\u0131\u00df\ufb03", "x" * 10_000,
)  # fmt: skip


def naughty_strings(shared: Path) -> list[str]:
    """Ours, and those of blns.json in a folder of test data that has it."""
    long_list = shared / "strings" / "blns.json"
    return [*NASTIEST, *(json.loads(long_list.read_text(encoding="utf-8")) if long_list.is_file() else ())]
