"""Whether a text has the syntax of an e-mail address. Whether anyone reads mail there is not asked: no DNS."""

from __future__ import annotations

import re

# RFC 5321's limits. Quoted local parts and address literals are legal and unused; international addresses are not rare.
_MAX_LENGTH = 254
_ADDRESS = re.compile(
    r"[^\s@<>()\[\],;:\\\"]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W_](?:[\w-]{0,61}[^\W_])",
)


def is_email_address(text: str) -> bool:
    """True for `ceo@acme.example`; not with a display name around it or without a dot in its domain."""
    if len(text) > _MAX_LENGTH or not _ADDRESS.fullmatch(text):
        return False
    local = text.partition("@")[0]
    return ".." not in local and not local.startswith(".") and not local.endswith(".")
