"""Which scripts a page loads and from where, and the content security policy that allows exactly those."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from flask import Flask, current_app, url_for

if TYPE_CHECKING:
    from deals_app.settings import Settings

_CDN: Final = "https://cdn.jsdelivr.net/npm/"


@dataclass(frozen=True, kw_only=True)
class Library:
    """A script of somebody else: the file on the CDN with its hash, the name of our copy, and the global it makes."""

    cdn_path: str
    integrity: str
    file: str
    makes: str


# `npm run assets` compares the hashes with node_modules; change them together with package.json.
LIBRARIES: Final[dict[str, Library]] = {
    "htmx": Library(
        cdn_path="htmx.org@4.0.1/dist/htmx.min.js",
        integrity="sha384-Qp9rdC8H7EqOoX+nR0P3RPG2Noji+qdwJlGpfzwQJsfOpp3sGwIdSP9xO3+UlEhn",
        file="vendor/htmx.min.js",
        makes="htmx",
    ),
    "sortable": Library(
        cdn_path="sortablejs@1.15.7/Sortable.min.js",
        integrity="sha384-DgmC6Xe2bSN2WjTDXzWYbUbxyhNP+NNkGDR/g78pCXV7E7rcVTGxVg0uIVCUUcBc",
        file="vendor/Sortable.min.js",
        makes="Sortable",
    ),
}


@dataclass(frozen=True, kw_only=True)
class ScriptTag:
    """What `<script defer>` needs; `integrity` None means same origin."""

    src: str
    integrity: str | None = None


@dataclass(frozen=True, kw_only=True)
class Fallback:
    """A script that fallback.js loads when the global it makes is missing."""

    makes: str
    src: str


def script_tags(names: Sequence[str]) -> list[ScriptTag]:
    """The libraries' tags in order, for the `ASSETS` setting of the running application."""
    libraries = [LIBRARIES[name] for name in names]
    if _settings().assets == "local":
        return [ScriptTag(src=static_url(library.file)) for library in libraries]
    return [ScriptTag(src=_CDN + library.cdn_path, integrity=library.integrity) for library in libraries]


def script_fallbacks(names: Sequence[str]) -> list[Fallback]:
    """Our copies for fallback.js; none unless `ASSETS=auto`."""
    if _settings().assets != "auto":
        return []
    return [Fallback(makes=LIBRARIES[name].makes, src=static_url(LIBRARIES[name].file)) for name in names]


def static_url(filename: str) -> str:
    """The URL of a static file with its content's hash, so that browsers may keep it for good."""
    path = Path(current_app.static_folder or "") / filename
    try:
        changed = path.stat().st_mtime_ns
    except FileNotFoundError:
        return url_for("static", filename=filename)
    return url_for("static", filename=filename, v=_content_hash(path, changed))


@lru_cache(maxsize=256)
def _content_hash(path: Path, _changed: int) -> str:
    return sha256(path.read_bytes()).hexdigest()[:12]


def content_security_policy(settings: Settings) -> str:
    """The header's value. The CDN is allowed file by file: its host serves whatever anyone has published."""
    libraries = () if settings.assets == "local" else LIBRARIES.values()
    cdn_scripts = "".join(f" {_CDN}{library.cdn_path}" for library in libraries)
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self'{cdn_scripts}",
            "style-src 'self'",
            "img-src 'self' data:",
            "connect-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def init_assets(app: Flask) -> None:
    """Give the templates `script_tags`, `script_fallbacks` and `static_url`."""
    app.jinja_env.globals.update(script_tags=script_tags, script_fallbacks=script_fallbacks, static_url=static_url)


def _settings() -> Settings:
    return cast("Settings", current_app.config["DEALS_SETTINGS"])
