"""The forms of a deal: texts to types and back. Rules are the services'."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask_wtf import FlaskForm
from wtforms import DateField, Field, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, Optional, ValidationError
from wtforms.widgets import HiddenInput

from deals_app.blueprints.forms import choices
from deals_app.domain.actor import Actor, Role
from deals_app.domain.money import MoneyError, from_minor, parse_money, to_minor
from deals_app.domain.views import DealView, MemberView, PipelineView
from deals_app.services.deals import NewDeal
from deals_app.services.editing import SOURCES, DealEdit

NOBODY = ""


class _MoneyForm(FlaskForm):
    """Value and currency, as people write them: `12,500.50` and EUR."""

    value = StringField("Value", [Optional(), Length(max=60)])
    currency = StringField(
        "Currency", [InputRequired(), Length(min=3, max=3)], filters=[lambda t: t and t.strip().upper()]
    )

    def validate_value(self, _field: Field) -> None:
        """An amount in the currency's own units, or nothing."""
        try:
            self.minor_value()
        except MoneyError as error:
            raise ValidationError(str(error)) from error

    def minor_value(self) -> int | None:
        """Minor units, None for an unknown value; raises MoneyError."""
        text = (self.value.data or "").strip()
        if not text:
            return None
        currency = self.currency.data or ""
        return to_minor(parse_money(text, base_currency=currency).amount, currency)


class NewDealForm(_MoneyForm):
    """A deal made by hand."""

    name = StringField("Name", [DataRequired("Give the deal a name"), Length(max=200)])
    customer = StringField("Customer", [Optional(), Length(max=200)])
    stage = SelectField("Stage")
    assigned_to = SelectField("Owner")
    expected_close_date = DateField("Expected close", [Optional()])
    source = SelectField("Source", choices=choices((source, source.capitalize()) for source in SOURCES))

    def offer(self, actor: Actor, people: Sequence[MemberView], pipelines: Sequence[PipelineView]) -> None:
        """Fill the choices; a new deal is the maker's own unless it is given to somebody else."""
        self.stage.choices = choices(
            (f"{pipeline.id}/{stage.key}", stage.name if len(pipelines) == 1 else f"{pipeline.name}: {stage.name}")
            for pipeline in pipelines
            for stage in pipeline.stages
            if stage.is_open
        )
        self.assigned_to.choices = _people(people if actor.role is not Role.REP else _only(people, actor.user_id))
        if not self.is_submitted():
            self.currency.data = actor.base_currency
            self.assigned_to.data = str(actor.user_id or NOBODY)

    def new_deal(self) -> NewDeal:
        """The form as a deal to be made; only after it was validated."""
        pipeline, _, stage = (self.stage.data or "").partition("/")
        return NewDeal(
            name=self.name.data or "",
            customer_name=self.customer.data,
            value=self.minor_value(),
            currency=self.currency.data or "",
            pipeline=pipeline,
            stage=stage,
            assigned_to=_person(self.assigned_to.data),
            expected_close_date=self.expected_close_date.data,
            source=self.source.data or "inbound",
        )


class EditDealForm(_MoneyForm):
    """A deal's facts; `version` is the one the person has seen."""

    name = StringField("Name", [DataRequired("Give the deal a name"), Length(max=200)])
    customer = StringField("Customer", [Optional(), Length(max=200)])
    expected_close_date = DateField("Expected close", [Optional()])
    assigned_to = SelectField("Owner")
    tags = StringField("Tags", [Optional(), Length(max=500)], description="Separated by commas")
    version = IntegerField(widget=HiddenInput(), validators=[InputRequired()])

    @staticmethod
    def values_of(view: DealView) -> dict[str, Any]:
        """A deal as the form's values."""
        return {
            "name": view.name,
            "customer": view.customer_name,
            "value": None if view.value is None else f"{from_minor(view.value, view.currency):,}",
            "currency": view.currency,
            "expected_close_date": view.expected_close_date,
            "assigned_to": str(view.assigned_to or NOBODY),
            "tags": ", ".join(view.tags),
            "version": view.version,
        }

    def offer(self, people: Sequence[MemberView]) -> None:
        """Fill the choices."""
        self.assigned_to.choices = _people(people)

    def deal_edit(self) -> DealEdit:
        """The form as an edit; only after it was validated."""
        tags = dict.fromkeys(tag.strip() for tag in (self.tags.data or "").split(",") if tag.strip())
        return DealEdit(
            name=self.name.data or "",
            customer_name=self.customer.data,
            value=self.minor_value(),
            currency=self.currency.data or "",
            expected_close_date=self.expected_close_date.data,
            assigned_to=_person(self.assigned_to.data),
            tags=tuple(tags),
        )


class NoteForm(FlaskForm):
    """A note on the timeline."""

    body = TextAreaField("Note", [DataRequired(), Length(max=20_000)])


class LoseForm(FlaskForm):
    """Why a deal was lost, and to whom."""

    reason = StringField("Reason", [Optional(), Length(max=2000)])
    competitor = StringField("Competitor", [Optional(), Length(max=200)])


def _people(people: Sequence[MemberView]) -> list[Any]:
    return choices([(NOBODY, "Nobody yet"), *((str(person.id), person.name) for person in people if person.is_active)])


def _only(people: Sequence[MemberView], user_id: UUID | None) -> list[MemberView]:
    return [person for person in people if person.id == user_id]


def _person(text: str | None) -> UUID | None:
    return UUID(text) if text else None
