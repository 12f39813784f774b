"""What a stage asks before a deal comes in: the answers as a form, texts to types. Which are asked is the service's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from flask_wtf import FlaskForm
from wtforms import DateField, Field, HiddenField, SelectField, StringField
from wtforms.validators import Length, Optional, ValidationError

from deals_app.blueprints.forms import choices
from deals_app.domain.errors import FieldProblem, Invalid, StageAsks
from deals_app.domain.money import MoneyError, parse_money, to_minor
from deals_app.domain.views import MemberView
from deals_app.services.editing import UNSET, DealEdit
from deals_app.services.stage_transition import Closing

ANSWERS = ("loss_reason", "competitor", "value", "expected_close_date", "customer", "owner")
# How services call what the form calls otherwise.
NAMES = {"assigned_to": "owner", "currency": "value", "name": "customer"}


class QuestionForm(FlaskForm):
    """The fields are named after what a stage can ask for (`domain.stages.QUESTIONS`)."""

    loss_reason = StringField("Reason", [Optional(), Length(max=2000)])
    competitor = StringField("Lost to", [Optional(), Length(max=200)])
    value = StringField("Value", [Optional(), Length(max=60)])
    currency = HiddenField()
    expected_close_date = DateField("Expected close", [Optional()])
    customer = StringField("Customer", [Optional(), Length(max=200)])
    owner = SelectField("Owner", choices=[], validate_choice=False)

    def validate_value(self, _field: Field) -> None:
        """An amount, in the deal's currency unless it names its own."""
        try:
            self._money()
        except MoneyError as error:
            raise ValidationError(str(error)) from error

    def validate_owner(self, field: Field) -> None:
        """A person's id."""
        try:
            UUID(field.data or str(UUID(int=0)))
        except ValueError as error:
            message = "Choose a person"
            raise ValidationError(message) from error

    def closing(self) -> Closing:
        """What was said about the loss."""
        return Closing(reason=self.loss_reason.data, competitor=self.competitor.data)

    def edit(self) -> DealEdit | None:
        """The answers that are facts of the deal, None when there are none; only after it was validated."""
        value, currency = self._money()
        if not any((value is not None, self.expected_close_date.data, self.customer.data, self.owner.data)):
            return None
        return DealEdit(
            value=UNSET if value is None else value,
            currency=UNSET if currency is None else currency,
            expected_close_date=self.expected_close_date.data or UNSET,
            customer_name=self.customer.data or UNSET,
            assigned_to=UUID(self.owner.data) if self.owner.data else UNSET,
        )

    def concerns(self, error: Invalid) -> bool:
        """Whether a refusal is about what is asked here, and not about the move itself."""
        names = {NAMES.get(problem.field, problem.field) for problem in error.problems}
        return isinstance(error, StageAsks) or (bool(self.answered) and names <= set(ANSWERS))

    def asks_for_owner(self, error: Invalid) -> bool:
        """Whether the people must be offered."""
        return "owner" in {*self.answered, *(NAMES.get(problem.field, problem.field) for problem in error.problems)}

    @property
    def answered(self) -> list[str]:
        """The fields that came with the request, empty or not."""
        return [name for name in ANSWERS if self[name].raw_data]

    def ask(self, problems: Iterable[FieldProblem], people: Sequence[MemberView], currency: str) -> list[Field]:
        """The fields to show: those in question and those that were shown. An answer that was given may be wrong."""
        wanted = {NAMES.get(problem.field, problem.field): problem.message for problem in problems}
        for name, message in wanted.items():
            self[name].flags.required = True
            if name in self.answered and not self[name].errors:
                self[name].errors = [message]
        shown = {*self.answered, *wanted, *(["competitor"] if "loss_reason" in wanted else [])}
        self.owner.choices = choices([("", "Choose…"), *((str(person.id), person.name) for person in people)])
        self.currency.data = self.currency.data or currency
        self.value.label.text = f"Value in {self.currency.data}"
        return [self[name] for name in ANSWERS if name in shown]

    def _money(self) -> tuple[int | None, str | None]:
        text, currency = (self.value.data or "").strip(), (self.currency.data or "").upper()
        if not text:
            return None, None
        read = parse_money(text, base_currency=currency)
        currency = read.currency or currency
        return to_minor(read.amount, currency), currency


def sent_answers(form: Any) -> bool:
    """Whether a request answers a question at all."""
    return any(name in form for name in ANSWERS)
