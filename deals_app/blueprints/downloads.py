"""Files that people brought, given back: always to be saved, never to be run in our pages' place."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote

from flask import Response

from deals_app.domain.around_views import AttachmentView
from deals_app.services.exporting.streams import Sent

# Even where somebody opens it in a browser all the same, it has no scripts, no origin and nothing to fetch.
CAGE = "sandbox; default-src 'none'"


def download(view: AttachmentView, parts: Sent) -> Response:
    """The file under its own name. The server closes what it sends."""
    answer = Response(parts, content_type=view.content_type)
    answer.headers.set("Content-Disposition", "attachment", **_names(view.filename))
    answer.headers["Content-Security-Policy"] = CAGE
    answer.headers["Content-Length"] = str(view.size_bytes)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _names(filename: str) -> dict[str, str]:
    """The name as every browser of today reads it (RFC 8187), and in plain letters for whatever else downloads."""
    if filename.isascii():
        return {"filename": filename}
    plain = unicodedata.normalize("NFKD", filename).encode("ascii", "ignore").decode()
    return {"filename": plain, "filename*": f"UTF-8''{quote(filename, safe='')}"}
