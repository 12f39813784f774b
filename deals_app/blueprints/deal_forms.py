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
from deals_app.blueprints.presentation import day, money
from deals_app.domain.actor import Actor, Role
from deals_app.domain.money import MoneyError, from_minor, parse_money, to_minor
from deals_app.domain.views import DealView, MemberView, PipelineView
from deals_app.services.activities import STEP_KINDS
from deals_app.services.deals import NewDeal
from deals_app.services.editing import SOURCES, DealEdit

NOBODY = ""
STEP_LABELS = {"task": "Task", "call": "Call", "email": "E-mail", "meeting": "Meeting"}


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


class FactForm(FlaskForm):
    """One fact of a deal, changed in place; `since` is the version that the person saw."""

    since = IntegerField(widget=HiddenInput(), validators=[Optional()])

    def offer(self, people: Sequence[MemberView]) -> None:
        """Fill the choices, where there are any."""

    def show(self, view: DealView) -> None:
        """The fact as it is."""
        raise NotImplementedError

    def edit(self) -> DealEdit:
        """What is to be changed; only after the form was validated."""
        raise NotImplementedError

    def said(self) -> str:
        """The fact as a line of text."""
        raise NotImplementedError


class NameForm(FactForm):
    """What the deal is called."""

    name = StringField("Name", [DataRequired("Give the deal a name"), Length(max=200)])

    def show(self, view: DealView) -> None:
        """The name."""
        self.name.data = view.name

    def edit(self) -> DealEdit:
        """Another name."""
        return DealEdit(name=self.name.data or "")

    def said(self) -> str:
        """The name."""
        return (self.name.data or "").strip()


class ValueForm(_MoneyForm, FactForm):
    """What the deal is worth, and in which currency."""

    def show(self, view: DealView) -> None:
        """Major units, as people write them."""
        self.value.data = None if view.value is None else f"{from_minor(view.value, view.currency):,}"
        self.currency.data = view.currency

    def edit(self) -> DealEdit:
        """Another value, or none."""
        return DealEdit(value=self.minor_value(), currency=self.currency.data or "")

    def said(self) -> str:
        """With the currency's sign."""
        return money(self.minor_value(), self.currency.data or "")


class CustomerForm(FactForm):
    """Whom the deal is made with; a name that is new makes a customer."""

    customer = StringField("Customer", [Optional(), Length(max=200)])

    def show(self, view: DealView) -> None:
        """The customer's name."""
        self.customer.data = view.customer_name

    def edit(self) -> DealEdit:
        """Another customer, or none."""
        return DealEdit(customer_name=self.customer.data)

    def said(self) -> str:
        """The customer's name."""
        return (self.customer.data or "").strip()


class OwnerForm(FactForm):
    """Whose the deal is."""

    assigned_to = SelectField("Owner")

    def offer(self, people: Sequence[MemberView]) -> None:
        """The people of the team."""
        self.assigned_to.choices = _people(people)
        self._names = {str(person.id): person.name for person in people}

    def show(self, view: DealView) -> None:
        """The owner."""
        self.assigned_to.data = str(view.assigned_to or NOBODY)

    def edit(self) -> DealEdit:
        """Another owner, or nobody."""
        return DealEdit(assigned_to=_person(self.assigned_to.data))

    def said(self) -> str:
        """The owner's name."""
        return self._names.get(self.assigned_to.data or NOBODY, "nobody")


class CloseForm(FactForm):
    """When the deal is expected to close."""

    expected_close_date = DateField("Expected close", [Optional()])

    def show(self, view: DealView) -> None:
        """The day."""
        self.expected_close_date.data = view.expected_close_date

    def edit(self) -> DealEdit:
        """Another day, or none."""
        return DealEdit(expected_close_date=self.expected_close_date.data)

    def said(self) -> str:
        """The day."""
        return day(self.expected_close_date.data)


class TagsForm(FactForm):
    """What the deal is found by."""

    tags = StringField("Tags", [Optional(), Length(max=500)])

    def show(self, view: DealView) -> None:
        """With commas between."""
        self.tags.data = ", ".join(view.tags)

    def edit(self) -> DealEdit:
        """Other tags, or none."""
        return DealEdit(tags=tags_in(self.tags.data))

    def said(self) -> str:
        """With commas between."""
        return ", ".join(tags_in(self.tags.data))


def tags_in(text: str | None) -> tuple[str, ...]:
    """`a, b,, a` is a and b."""
    return tuple(dict.fromkeys(tag.strip() for tag in (text or "").split(",") if tag.strip()))


class NoteForm(FlaskForm):
    """A note on the timeline."""

    body = TextAreaField("Note", [DataRequired("Write something"), Length(max=20_000)])


class StepForm(FlaskForm):
    """What is to be done next."""

    kind = SelectField("Kind", choices=choices((kind, STEP_LABELS[kind]) for kind in STEP_KINDS))
    body = StringField("What", [DataRequired("Say what is to be done"), Length(max=20_000)])
    due_on = DateField("By", [InputRequired("Say by when")])


def _people(people: Sequence[MemberView]) -> list[Any]:
    return choices([(NOBODY, "Nobody yet"), *((str(person.id), person.name) for person in people if person.is_active)])


def _only(people: Sequence[MemberView], user_id: UUID | None) -> list[MemberView]:
    return [person for person in people if person.id == user_id]


def _person(text: str | None) -> UUID | None:
    return UUID(text) if text else None
