"""The small form of a column: a deal's few first facts as they were typed, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from flask import request

from deals_app.domain.actor import Actor
from deals_app.domain.errors import FieldProblem, Invalid
from deals_app.domain.lengths import LONGEST_NAME
from deals_app.domain.money import MoneyError, parse_money, to_minor
from deals_app.services.deals import NewDeal


@dataclass(frozen=True, kw_only=True)
class QuickDeal:
    """What was typed, and a sentence for each field that is wrong; the currency is the base one until said."""

    stage: str = ""
    name: str = ""
    customer: str = ""
    value: str = ""
    currency: str = ""
    problems: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def sent(cls) -> QuickDeal:
        """From the request's form."""
        stage, name, customer, value, currency = (
            request.form.get(each, "").strip() for each in ("stage", "name", "customer", "value", "currency")
        )
        return cls(stage=stage, name=name, customer=customer, value=value, currency=currency)

    def new_deal(self, actor: Actor, pipeline: str) -> NewDeal:
        """The deal to be made, the maker's own; raises Invalid for a value that is no amount, a customer too long.

        A currency that stands with the amount (`€500`) is the one that is meant.
        """
        currency, value = self.currency.upper() or actor.base_currency, None
        if len(self.customer) > LONGEST_NAME:
            raise Invalid(FieldProblem("customer", f"must have at most {LONGEST_NAME} characters"))
        if self.value:
            try:
                read = parse_money(self.value, base_currency=currency)
                currency = read.currency or currency
                value = to_minor(read.amount, currency)
            except MoneyError as error:
                raise Invalid(FieldProblem("value", str(error))) from error
        return NewDeal(
            name=self.name,
            customer_name=self.customer or None,
            value=value,
            currency=currency,
            assigned_to=actor.user_id,
            pipeline=pipeline,
            stage=self.stage,
        )

    def refused(self, error: Invalid) -> QuickDeal:
        """The same with what the service found wrong, each beside its field."""
        problems: dict[str, str] = {}
        for problem in error.problems:
            problems.setdefault(problem.field, problem.message)
        return replace(self, problems=problems)
