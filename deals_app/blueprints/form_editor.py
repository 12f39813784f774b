"""A form as its editor shows it: what is kept, or what somebody has typed, mistakes and all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from werkzeug.datastructures import MultiDict

from deals_app.domain.company_sizes import DEFAULT_VALUES
from deals_app.domain.forms import ALWAYS_ASKED, DEFAULT_FIELDS, STANDARD_FIELDS, THANKS, FormField, FormInFull

TEXTS = ("name", "title", "intro", "thank_you", "consent")
LISTS = ("products", "allowed_origins")
EMPTY_ROWS = 2
# A place is a pipeline, whose first stage is meant, or a stage of one.
PIPELINE, STAGE = "pipeline:", "stage:"


@dataclass(frozen=True, kw_only=True)
class TypedField:
    """A row of the table of fields."""

    name: str
    usual_label: str
    label: str
    is_shown: bool
    is_required: bool

    @property
    def is_fixed(self) -> bool:
        """It is always asked: by their address people are known."""
        return self.name == ALWAYS_ASKED


@dataclass(frozen=True, kw_only=True)
class Typed:
    """Texts by name, lists as lines, the rows of both tables."""

    texts: Mapping[str, str]
    lines: Mapping[str, str]
    fields: Sequence[TypedField]
    sizes: Sequence[tuple[str, str]]
    place: str
    owner: str
    is_active: bool

    @property
    def facts(self) -> dict[str, Any]:
        """For the service; a place or owner that is no id is none."""
        return {
            **self.texts,
            **{name: text.splitlines() for name, text in self.lines.items()},
            "fields": [
                FormField(name=each.name, label=each.label, is_required=each.is_required)
                for each in self.fields
                if each.is_shown
            ],
            "company_size_values": {size: value for size, value in self.sizes if size.strip() or value.strip()},
            "pipeline_id": _id_in(self.place, PIPELINE),
            "stage_id": _id_in(self.place, STAGE),
            "owner_id": _id_in(self.owner, ""),
            "is_active": self.is_active,
        }

    @property
    def size_rows(self) -> Sequence[tuple[str, str]]:
        """Those there are, and some to fill in."""
        return [*self.sizes, *[("", "")] * EMPTY_ROWS]


def typed_of(form: FormInFull | None) -> Typed:
    """A form as it is kept; None is one to be made."""
    shown = {each.name: each for each in (form.fields if form else DEFAULT_FIELDS)}
    table = (form.company_size_values if form else None) or {
        size: f"{value:f}" for size, value in DEFAULT_VALUES.items()
    }
    place = f"{STAGE}{form.stage_id}" if form and form.stage_id else ""
    return Typed(
        texts={name: getattr(form, name) for name in TEXTS} if form else {"thank_you": THANKS},
        lines={name: "\n".join(getattr(form, name)) for name in LISTS} if form else {},
        fields=[
            TypedField(
                name=name,
                usual_label=label,
                label=shown[name].label if name in shown else label,
                is_shown=name in shown,
                is_required=name in shown and shown[name].is_required,
            )
            for name, label in STANDARD_FIELDS.items()
        ],
        sizes=list(table.items()),
        place=place or (f"{PIPELINE}{form.pipeline_id}" if form and form.pipeline_id else ""),
        owner=str(form.owner_id) if form and form.owner_id else "",
        is_active=form.is_active if form else True,
    )


def typed_from(sent: MultiDict[str, str]) -> Typed:
    """What somebody sent, as they wrote it."""
    shown, required = set(sent.getlist("show")), set(sent.getlist("require"))
    rows = zip(sent.getlist("size"), sent.getlist("value"), strict=False)
    return Typed(
        texts={name: _clean(sent.get(name, "")) for name in TEXTS},
        lines={name: _clean(sent.get(name, "")) for name in LISTS},
        fields=[
            TypedField(
                name=name,
                usual_label=label,
                label=_clean(sent.get(f"label_{name}", "")),
                is_shown=name in shown or name == ALWAYS_ASKED,
                is_required=name in required or name == ALWAYS_ASKED,
            )
            for name, label in STANDARD_FIELDS.items()
        ],
        sizes=[(_clean(size), _clean(value)) for size, value in rows if size.strip() or value.strip()],
        place=sent.get("place", ""),
        owner=sent.get("owner", ""),
        is_active="is_active" in sent,
    )


def _clean(text: str) -> str:
    """Lines as Unix has them, and no character that a text of the database cannot hold."""
    return text.replace("\r\n", "\n").replace("\x00", "")


def _id_in(text: str, prefix: str) -> UUID | None:
    if not text.startswith(prefix):
        return None
    try:
        return UUID(text.removeprefix(prefix))
    except ValueError:
        return None
