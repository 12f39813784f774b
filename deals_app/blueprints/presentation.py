"""How values read on a page: money, dates, names. Template filters and globals; no markup but `<time>`, no queries."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any, Final
from zlib import crc32
from zoneinfo import ZoneInfo

from flask import Flask, current_app
from flask.templating import Environment
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from deals_app.blueprints.assets import init_assets
from deals_app.domain.money import from_minor, minor_digits

NO_VALUE: Final = "No value"
_LOCALE: Final = "en_US"
_AVATAR_HUES: Final = 8
_SHORT_FROM: Final = 10_000
# So that 999,700 is 1M and not 1000K.
_ROUNDS_UP: Final = Decimal("0.9995")
_SHORT_UNITS: Final = ((Decimal(10) ** 12, "T"), (Decimal(10) ** 9, "B"), (Decimal(10) ** 6, "M"), (Decimal(1000), "K"))

_KILO: Final = 1000
_NEEDS_NO_PLACES: Final = 100

# strftime takes longer than the rest of a date together, and says it in the server's language.
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_JUST_NOW_SECONDS: Final = 45
_DAY: Final = 86_400
_LENGTHS: Final = ((_DAY * 365, "year"), (_DAY * 30, "month"), (_DAY, "day"), (3600, "hour"), (60, "minute"))

_SOURCE_LABELS: Final = {
    "manual": "Manual",
    "web_form": "Web form",
    "csv": "CSV",
    "email": "E-mail",
    "api": "API",
    "hubspot": "HubSpot",
    "salesforce": "Salesforce",
}
_DOOR_LABELS: Final = {
    "page": "on this page",
    "api": "through the API",
    "import": "by import",
    "cli": "on the command line",
    "demo": "in demo data",
    "system": "by the system",
}
_KIND_WORDS: Final = {
    "created": "created the deal",
    "updated": "changed the deal",
    "edited": "changed the deal",
    "moved": "moved the deal",
    "stage_changed": "moved the deal",
    "won": "won the deal",
    "lost": "lost the deal",
    "reopened": "reopened the deal",
    "deleted": "deleted the deal",
    "restored": "restored the deal",
    "undone": "undid a change",
    "assigned": "changed the owner",
    "note": "wrote a note",
    "analysed": "analysed the deal",
    "scored": "scored the deal",
}


def money(value: int | None, currency: str) -> str:
    """Minor units as people write the amount: `$1,234.50`, `¥1,200`; decimals only where they are not zero."""
    if value is None:
        return NO_VALUE
    places = minor_digits(currency)
    whole, rest = divmod(abs(value), 10**places)
    return _signed(value, currency, f"{whole:,}.{rest:0{places}}" if rest else f"{whole:,}")


def money_short(value: int | None, currency: str) -> str:
    """For headers: `$1.2M`, `€310K`; below ten thousand whole amounts without decimals. Show `money` beside it."""
    if value is None:
        return NO_VALUE
    amount = from_minor(value, currency)
    size = abs(amount)
    if size < _SHORT_FROM:
        return _signed(amount, currency, f"{size.quantize(Decimal(1), ROUND_HALF_UP):,}")
    for unit, letter in _SHORT_UNITS:
        if size >= unit * _ROUNDS_UP:
            shown = _three_digits(size / unit)
            return _signed(amount, currency, f"{shown}{letter}")
    return money(value, currency)


def percent(value: Decimal | None) -> str:
    """`25%`, `12.5%`; integer when whole."""
    return "–" if value is None else f"{plain_decimal(value)}%"


def plain_decimal(value: Decimal | None) -> str:
    """Digits without exponent and without surplus zeros, for attributes and figures."""
    if value is None:
        return ""
    text = f"{Decimal(value):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def day(value: date | None) -> str:
    """`21 Nov 2026`."""
    return "" if value is None else f"{_day_and_month(value)} {value.year}"


@pass_context
def day_short(context: Context, value: date | None) -> str:
    """`21 Nov` in the reader's current year, with the year otherwise."""
    if value is None:
        return ""
    this_year = datetime.now(_zone(context)).year
    return _day_and_month(value) if value.year == this_year else day(value)


def month(value: date) -> str:
    """`November 2026`."""
    return f"{value:%B %Y}"


@pass_context
def moment(context: Context, value: datetime | None) -> str:
    """A time in the reader's zone: `21 Nov 2026, 14:05`."""
    if value is None:
        return ""
    local = value.astimezone(_zone(context))
    return f"{day(local.date())}, {local:%H:%M}"


@pass_context
def ago(context: Context, value: datetime | None) -> Markup:
    """`3 days ago` in a `<time>` that names the exact moment."""
    if value is None:
        return Markup("")
    template = Markup('<time datetime="{}" title="{}">{}</time>')
    return template.format(value.isoformat(), moment(context, value), _distance(datetime.now(UTC) - value))


def days_since(value: datetime | None) -> int:
    """Whole days gone since then, never negative."""
    return 0 if value is None else max(0, (datetime.now(UTC) - value).days)


def initials(name: str | None) -> str:
    """Two letters at most: `Ada Lovelace` is AL."""
    words = [word for word in (name or "").split() if word[0].isalnum()]
    letters = words[0][0] + (words[-1][0] if len(words) > 1 else "") if words else "?"
    return letters.upper()[:2]


def avatar_hue(name: str | None) -> str:
    """One of eight classes, always the same one for a name."""
    return f"hue-{crc32((name or '').encode(errors='replace')) % _AVATAR_HUES}"


def filesize(size_bytes: int) -> str:
    """`512 bytes`, `1.4 MB` (decimal units, as file managers count)."""
    if size_bytes < _KILO:
        return f"{size_bytes} bytes"
    size = Decimal(size_bytes)
    for unit in ("kB", "MB", "GB"):
        size /= _KILO
        if size < _KILO or unit == "GB":
            break
    return f"{_three_digits(size)} {unit}"


def count(number: int) -> str:
    """With thousands separators."""
    return f"{number:,}"


def source_label(key: str) -> str:
    """What people call a way in; an unknown key reads as it stands."""
    return _SOURCE_LABELS.get(key, key.replace("_", " ").capitalize())


def door_label(key: str) -> str:
    """Through which door a change came, in words that end a sentence."""
    return _DOOR_LABELS.get(key, f"through {key.replace('_', ' ')}")


def kind_words(kind: str) -> str:
    """A ledger or activity kind as the verb of a sentence; `deal.` in front does not matter."""
    bare = kind.rpartition(".")[2]
    return _KIND_WORDS.get(bare, bare.replace("_", " "))


def endpoint_exists(name: str) -> bool:
    """Whether this application has the page; navigation shows only what can be reached."""
    return name in current_app.view_functions


class Templates(Environment):
    """Flask's, with one set of globals for all templates, as we give none to a single one.

    Jinja asks at each import which are new to the imported; of its chained maps that took longer than a card.
    """

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """The environment's own."""
        return {**self.globals, **d} if d else self.globals


def init_presentation(app: Flask) -> None:
    """Register all of this, and the asset globals, with the application's templates."""
    filters: tuple[Callable[..., object], ...] = (
        money,
        money_short,
        percent,
        plain_decimal,
        day,
        day_short,
        month,
        moment,
        ago,
        days_since,
        initials,
        avatar_hue,
        filesize,
        count,
        source_label,
        door_label,
        kind_words,
    )
    # `count` takes the place of Jinja's alias for `length`, which none of our templates uses.
    app.jinja_env.filters.update({each.__name__: each for each in filters})
    app.jinja_env.globals.update(endpoint_exists=endpoint_exists)
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    init_assets(app)


def _zone(context: Context) -> ZoneInfo:
    actor = context.get("actor")
    return ZoneInfo(actor.time_zone if actor else "UTC")


def _day_and_month(value: date) -> str:
    return f"{value.day} {_MONTHS[value.month - 1]}"


def _signed(amount: Decimal | int, currency: str, digits: str) -> str:
    sign = "-" if amount < 0 else ""
    symbol = _symbol(currency)
    gap = "\u00a0" if symbol[-1].isalpha() else ""
    return f"{sign}{symbol}{gap}{digits}"


@lru_cache(maxsize=256)
def _symbol(currency: str) -> str:
    # Imported late: Babel's locale data costs 20 MB and half a second that the API and the workers need not pay.
    from babel.numbers import get_currency_symbol

    return get_currency_symbol(currency, locale=_LOCALE)


def _three_digits(size: Decimal) -> str:
    """1.24 → `1.2`, 12.4 → `12.4`, 124.4 → `124`; no `.0`."""
    places = Decimal("0.1") if size < _NEEDS_NO_PLACES else Decimal(1)
    return plain_decimal(size.quantize(places, ROUND_HALF_UP))


def _distance(gone: timedelta) -> str:
    seconds = int(gone.total_seconds())
    if seconds < _JUST_NOW_SECONDS:
        return "just now"
    for length, name in _LENGTHS:
        if seconds >= length:
            number = seconds // length
            return f"{number} {name}{'' if number == 1 else 's'} ago"
    return "a minute ago"
