"""What the routes of forms take and give."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from flask import url_for
from pydantic import BaseModel, Field

from deals_app.blueprints.api.shapes import Body, Whole
from deals_app.domain.forms import FormField, FormInFull

Texts = Annotated[list[str], Field(max_length=200)]
Amount = Annotated[Decimal | str, Field(description="Major units of the tenant's base currency")]


class FormPath(BaseModel):
    """A form's id in a path."""

    form_id: UUID


class FieldBody(Body):
    """A field that the form shows."""

    name: str
    label: str = ""
    required: bool = False


class FormFacts(Body):
    """What may be said of a form."""

    title: str = ""
    intro: str = ""
    fields: list[FieldBody] = Field(default_factory=list, max_length=50)
    products: Texts = Field(default_factory=list)
    company_size_values: dict[str, Amount] = Field(default_factory=dict)
    thank_you: str = ""
    consent: str = ""
    allowed_origins: Texts = Field(default_factory=list)
    pipeline_id: UUID | None = None
    stage_id: UUID | None = None
    owner_id: UUID | None = None
    is_active: bool = True

    def facts(self) -> Mapping[str, Any]:
        """What was named, for the service."""
        named = {name: getattr(self, name) for name in self.model_fields_set - {"version"}}
        if "fields" in named:
            named["fields"] = [
                FormField(name=each.name, label=each.label, is_required=each.required) for each in self.fields
            ]
        return named


class ChangeForm(FormFacts):
    """What is to change; what is not named stays. With `version` only if nobody was quicker."""

    name: str = ""
    version: Whole | None = None


class FormBody(FormFacts):
    """A form to be made; without fields it shows the usual ones."""

    name: str


class FieldAnswer(BaseModel):
    """A field that the form shows."""

    name: str
    label: str
    required: bool


class FormAnswer(BaseModel):
    """A form; `url` is its page, `company_size_values` are major units of the base currency."""

    id: UUID
    form_key: str
    name: str
    title: str
    intro: str
    url: str
    fields: list[FieldAnswer]
    products: list[str]
    company_size_values: dict[str, str]
    thank_you: str
    consent: str
    allowed_origins: list[str]
    pipeline_id: UUID | None
    stage_id: UUID | None
    owner_id: UUID | None
    is_active: bool
    version: int


def form_object(form: FormInFull) -> dict[str, Any]:
    """A form as JSON."""
    said = {name: getattr(form, name) for name in FormAnswer.model_fields if name not in {"fields", "url"}}
    said |= {name: list(said[name]) for name in ("products", "allowed_origins")}
    said["company_size_values"] = dict(form.company_size_values)
    fields = [FieldAnswer(name=each.name, label=each.label, required=each.is_required) for each in form.fields]
    url = url_for("public_forms.form", form_key=form.form_key, _external=True)
    return FormAnswer(**said, fields=fields, url=url).model_dump(mode="json")
