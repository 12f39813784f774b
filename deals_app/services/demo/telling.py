"""Telling a story to the database: each step is what a person would have done, through the service that they use.

The moments of a deal's steps only grow, so what is there says how far it was told: going on begins after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import singledispatch
from uuid import UUID

from sqlalchemy import func, select, union_all

from deals_app.domain.actor import Actor
from deals_app.models import Activity, Customer, Deal, DealEvent
from deals_app.services.activities import finish_step, note_deal, plan_step
from deals_app.services.customers import create_customer
from deals_app.services.deals import NewDeal, create_deal, take_deal
from deals_app.services.demo import steps
from deals_app.services.editing import UNSET, DealEdit, edit_deal
from deals_app.services.reopening import reopen_deal
from deals_app.services.stage_transition import lose_deal, move_deal, win_deal
from deals_app.services.unit_of_work import back_dating, reading


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is there already: people by e-mail address, customers and deals by name, next steps by deal and text."""

    people: Mapping[str, Actor]
    program: Actor
    customers: dict[str, UUID]
    deals: dict[str, UUID]
    planned: dict[tuple[UUID, str], UUID]
    told_until: Mapping[str, datetime]

    def actor(self, step: steps.Step) -> Actor:
        """Who does the step, at its moment."""
        actor = self.people[step.by] if step.by else self.program
        return replace(actor, as_of=step.at, door=step.door or actor.door)

    def edit(self, facts: steps.Facts) -> DealEdit:
        """The facts as the services take them."""
        return DealEdit(
            value=UNSET if facts.value is None else facts.value,
            expected_close_date=UNSET if facts.expected is None else facts.expected,
            assigned_to=UNSET if facts.owner is None else self.people[facts.owner].user_id,
        )


def known_of(setup: Actor, people: Mapping[str, Actor]) -> Known:
    """What the tenant has already."""
    times = union_all(
        select(DealEvent.deal_id, DealEvent.at.label("at")),
        select(Activity.deal_id, Activity.at),
        select(Activity.deal_id, Activity.done_at),
    ).subquery()
    told = select(Deal.name, Deal.id, func.max(times.c.at).label("at")).join(times, times.c.deal_id == Deal.id)
    steps_planned = select(Activity.deal_id, Activity.body, Activity.id).where(Activity.due_on.is_not(None))
    with reading(setup) as session:
        deals = session.execute(told.group_by(Deal.name, Deal.id)).all()
        return Known(
            people=people,
            program=setup,
            customers={row.name: row.id for row in session.execute(select(Customer.name, Customer.id))},
            deals={row.name: row.id for row in deals},
            planned={(row.deal_id, row.body): row.id for row in session.execute(steps_planned)},
            told_until={row.name: row.at for row in deals},
        )


def tell(known: Known, story: Iterable[steps.Step]) -> None:
    """Do every step that is not told yet, each in a transaction of its own."""
    with back_dating():
        for step in story:
            told_until = known.told_until.get(step.deal)
            if told_until is None or step.at > told_until:
                _do(step.act, step.deal, known.actor(step), known)


@singledispatch
def _do(act: steps.Act, name: str, actor: Actor, known: Known) -> None:
    raise NotImplementedError(act)


@_do.register
def _make(act: steps.Make, name: str, actor: Actor, known: Known) -> None:
    customer = act.customer
    if customer.name not in known.customers:
        known.customers[customer.name] = create_customer(
            actor, name=customer.name, domain=customer.domain, churn_risk=customer.churn_risk
        )
    new = NewDeal(
        name=name,
        currency=act.currency,
        customer_id=known.customers[customer.name],
        assigned_to=known.people[act.owner].user_id if act.owner else None,
        value=act.value,
        value_estimated=act.is_estimate,
        expected_close_date=act.expected,
        source=act.source,
        tags=act.tags,
        pipeline=act.pipeline,
        stage=act.stage,
        ingested_from=act.ingested_from,
    )
    known.deals[name] = create_deal(actor, new)


@_do.register
def _move(act: steps.Move, name: str, actor: Actor, known: Known) -> None:
    answers = known.edit(act.answers) if act.answers else None
    move_deal(actor, known.deals[name], stage=act.stage, note=act.note, answers=answers)


@_do.register
def _edit(act: steps.Edit, name: str, actor: Actor, known: Known) -> None:
    edit_deal(actor, known.deals[name], known.edit(act.facts))


@_do.register
def _take(act: steps.Take, name: str, actor: Actor, known: Known) -> None:  # noqa: ARG001 (says all by its type)
    take_deal(actor, known.deals[name])


@_do.register
def _note(act: steps.Note, name: str, actor: Actor, known: Known) -> None:
    note_deal(actor, known.deals[name], act.body)


@_do.register
def _plan(act: steps.Plan, name: str, actor: Actor, known: Known) -> None:
    deal_id = known.deals[name]
    known.planned[deal_id, act.body] = plan_step(actor, deal_id, body=act.body, due_on=act.due_on, kind=act.kind)


@_do.register
def _finish(act: steps.Finish, name: str, actor: Actor, known: Known) -> None:
    deal_id = known.deals[name]
    finish_step(actor, deal_id, known.planned[deal_id, act.body])


@_do.register
def _win(act: steps.Win, name: str, actor: Actor, known: Known) -> None:
    win_deal(actor, known.deals[name], actual_value=act.value, note=act.note)


@_do.register
def _lose(act: steps.Lose, name: str, actor: Actor, known: Known) -> None:
    lose_deal(actor, known.deals[name], reason=act.reason, competitor=act.competitor, note=act.note)


@_do.register
def _reopen(act: steps.Reopen, name: str, actor: Actor, known: Known) -> None:
    reopen_deal(actor, known.deals[name], reason=act.reason)
