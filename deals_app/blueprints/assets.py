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
    """A script of somebody else: the file on the CDN with its hash, and the name of our copy."""

    cdn_path: str
    integrity: str
    file: str


# `npm run assets` compares the hashes with node_modules; change them together with package.json.
LIBRARIES: Final[dict[str, Library]] = {
    "htmx": Library(
        cdn_path="htmx.org@4.0.1/dist/htmx.min.js",
        integrity="sha384-Qp9rdC8H7EqOoX+nR0P3RPG2Noji+qdwJlGpfzwQJsfOpp3sGwIdSP9xO3+UlEhn",
        file="vendor/htmx.min.js",
    ),
    "sortable": Library(
        cdn_path="sortablejs@1.15.7/Sortable.min.js",
        integrity="sha384-DgmC6Xe2bSN2WjTDXzWYbUbxyhNP+NNkGDR/g78pCXV7E7rcVTGxVg0uIVCUUcBc",
        file="vendor/Sortable.min.js",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Scripts:
    """Where the libraries of a page come from: tags of our own copies, or what libraries.js is to try for each.

    A tag for the CDN would make every later script of the page wait for as long as the CDN keeps silent.
    """

    tags: tuple[str, ...] = ()
    tries: tuple[dict[str, str], ...] = ()


def script_sources(names: Sequence[str]) -> Scripts:
    """For the `ASSETS` setting of the running application, in order."""
    libraries = [LIBRARIES[name] for name in names]
    setting = _settings().assets
    if setting == "local":
        return Scripts(tags=tuple(static_url(library.file) for library in libraries))
    return Scripts(
        tries=tuple(
            {"cdn": _CDN + library.cdn_path, "integrity": library.integrity}
            | ({"local": static_url(library.file)} if setting == "auto" else {})
            for library in libraries
        )
    )


def static_url(filename: str) -> str:
    """The URL of a static file with its content's hash, so that browsers may keep it for good."""
    path = Path(current_app.static_folder or "") / filename
    try:
        changed = path.stat().st_mtime_ns
    except FileNotFoundError:
        return url_for("static", filename=filename)
    return _hashed_url(current_app.static_url_path, filename, path, changed)


@lru_cache(maxsize=256)
def _hashed_url(folder: str | None, filename: str, path: Path, _changed: int) -> str:
    """A page names more than a dozen; the file's time alone is looked at each time."""
    return f"{folder}/{filename}?v={sha256(path.read_bytes()).hexdigest()[:12]}"


def content_security_policy(settings: Settings) -> str:
    """The header's value. The CDN is allowed file by file: its host serves whatever anyone has published.

    libraries.js fetches a file before it lets it run, so both directives name it.
    """
    libraries = () if settings.assets == "local" else LIBRARIES.values()
    cdn_files = "".join(f" {_CDN}{library.cdn_path}" for library in libraries)
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self'{cdn_files}",
            "style-src 'self'",
            "img-src 'self' data:",
            f"connect-src 'self'{cdn_files}",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def init_assets(app: Flask) -> None:
    """Give the templates `script_sources` and `static_url`."""
    app.jinja_env.globals.update(script_sources=script_sources, static_url=static_url)


def _settings() -> Settings:
    return cast("Settings", current_app.config["DEALS_SETTINGS"])
