"""The pipeline that everything goes through: understand, recognise, create or update, lead, activity, analysis.

An item is worked on once, in one transaction with all that it does; who comes second is told what became of it. What
is wrong with it is kept with it, and stops nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from deals_app.domain.actor import Actor
from deals_app.domain.drafts import DealDraft
from deals_app.domain.errors import DealsError, FieldProblem, Invalid, RuleBroken, TooLarge, Unavailable
from deals_app.domain.inbound import Mail, Understood
from deals_app.domain.lengths import LONGEST_NOTE
from deals_app.domain.spam import spam_score
from deals_app.domain.views import PipelineView
from deals_app.models import Deal, InboundItem, OutboxRow
from deals_app.services.activities import add_note
from deals_app.services.attachments import attach_content
from deals_app.services.ingesting.applying import Applied, change_deal, make_deal, refer
from deals_app.services.ingesting.elsewhere import bring_back, delete_gone, take_over
from deals_app.services.ingesting.guarding import reasons_to_hold
from deals_app.services.ingesting.recognising import Recognised, recognise, references_of
from deals_app.services.ingesting.understanding import understand
from deals_app.services.ingestion_counts import count_outcome
from deals_app.services.leads import keep_lead, lead_of, link_lead
from deals_app.services.pipelines import find_pipeline, pipeline_views
from deals_app.services.scoring.requests import request_analysis
from deals_app.services.unit_of_work import UnitOfWork, unit_of_work

log = logging.getLogger(__name__)

# In the context of an item that is a whole request: the deals in it, or those it speaks of, are items of their own.
ENVELOPE = "envelope"
# Another door may have made the same reference at the same moment: then it is there the second time.
ATTEMPTS = 3


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of an item: received, created, updated, unchanged, rejected, held or set_aside."""

    item_id: UUID
    action: str
    deal_id: UUID | None = None
    lead_id: UUID | None = None
    problems: tuple[FieldProblem, ...] = ()
    code: str = "VALIDATION_FAILED"

    @property
    def is_good(self) -> bool:
        """Whether it came to something, or rightly to nothing."""
        return self.action not in {"rejected", "received"}


@dataclass
class Steps:
    """What was understood, decided and done, for the item's page."""

    taken: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def note(self, step: str, says: str, **facts: Any) -> None:
        """Add one; facts that are empty are left out."""
        self.taken.append({"step": step, "says": says} | {name: value for name, value in facts.items() if value})


def process_item(
    actor: Actor,
    item_id: UUID,
    *,
    last_of: UUID | None = None,
    first: Callable[[UnitOfWork], object] | None = None,
) -> Outcome:
    """Bring one item to its end, unless it is there; raises Unavailable. After the last of a delivery that is done.

    `first` is done before, in the same transaction.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with unit_of_work(actor) as work:
                if first is not None:
                    first(work)
                outcome = process_in(work, item_id)
                if last_of is not None:
                    work.session.execute(update(OutboxRow).where(OutboxRow.id == last_of).values(done_at=func.now()))
                return outcome
        except IntegrityError:
            if attempt == ATTEMPTS:
                raise
            log.info("item %s met another writer, once more", item_id)
    raise AssertionError


def process_in(work: UnitOfWork, item_id: UUID) -> Outcome:
    """`process_item`, inside a transaction."""
    item = work.session.execute(select(InboundItem).where(InboundItem.id == item_id).with_for_update()).scalar_one()
    if item.outcome != "received":
        return _outcome_of(item)
    before = _before(item)
    # What was done with it earlier, where it is worked on once more.
    steps = Steps(list(item.steps))
    found: Applied | None = None
    lead_id: UUID | None = None
    problems: tuple[FieldProblem, ...] = ()
    code = Outcome.code
    action = "rejected"
    try:
        with work.session.begin_nested():
            action, found, lead_id = _worked(work, item, steps)
    except Unavailable:
        raise
    except DealsError as error:
        problems = error.problems if isinstance(error, Invalid) else (FieldProblem("", error.message),)
        code = error.code
        steps.note("refused", "; ".join(f"{each.field}: {each.message}".removeprefix(": ") for each in problems))
    deal_id = found.deal_id if found else None
    if action == "unchanged" and before in {"created", "updated"}:
        action = before
    values: dict[str, Any] = {"outcome": action, "deal_id": deal_id, "lead_id": lead_id, "settled_at": func.now()}
    values |= {"steps": steps.taken, "problems": [vars(each) for each in problems] or None}
    work.session.execute(update(InboundItem).where(InboundItem.id == item_id).values(values))
    count_outcome(work, item.source, action)
    return Outcome(item_id=item_id, action=action, deal_id=deal_id, lead_id=lead_id, problems=problems, code=code)


def give_up(work: UnitOfWork, item_id: UUID, why: str) -> None:
    """An item that cannot be worked on is put aside with a word, inside a transaction."""
    problems = [{"field": "", "message": why}]
    values = {"outcome": "rejected", "problems": problems, "settled_at": func.now()}
    statement = update(InboundItem).where(InboundItem.id == item_id).values(values).returning(InboundItem.source)
    count_outcome(work, work.session.scalars(statement).one(), "rejected")


def _worked(work: UnitOfWork, item: InboundItem, steps: Steps) -> tuple[str, Applied | None, UUID | None]:
    if ENVELOPE in item.context:
        steps.note("set_aside", "The request as it came: what it speaks of is worked on by itself")
        return "set_aside", None, None
    understood, said = understand(work, item)
    steps.note("understood", _what(understood), found_in=dict(understood.found_in))
    if understood.set_aside:
        steps.note("set_aside", understood.set_aside)
        return "set_aside", None, None
    draft = understood.draft
    if draft is None:
        raise Invalid(FieldProblem("", "there is no deal in it"))
    if signs := reasons_to_hold(work, understood, item.context):
        why = [sign.says for sign in signs]
        steps.note("held", " ".join(why), why=why, score=spam_score(signs), signs=[sign.key for sign in signs])
        return "held", None, None
    applied = _applied(work, item, understood, draft, said, steps)
    if applied is None:
        return "set_aside", None, None
    if understood.is_gone:
        return applied.outcome, applied, None
    lead_id = _lead(work, item, understood, applied, steps)
    _activity(work, understood, draft, applied, steps)
    if applied.outcome != "unchanged" and understood.mail is not None:
        _files(work, understood.mail, applied.deal_id, steps)
    if applied.outcome != "unchanged":
        request_analysis(work, applied.deal_id)
        steps.note("analysis", "Asked for")
    return applied.outcome, applied, lead_id


def _applied(
    work: UnitOfWork, item: InboundItem, understood: Understood, draft: DealDraft, said: str, steps: Steps
) -> Applied | None:
    """None for what was deleted there and never was here."""
    pipelines = pipeline_views(work.session)
    wanted = (draft.pipeline_text or "").casefold()
    named = [each for each in pipelines if wanted in {each.name.casefold(), str(each.id)}]
    pipeline = find_pipeline(pipelines, str(named[0].id) if named else None)
    recognised = recognise(work, understood, draft, pipeline.id, said)
    if understood.is_gone and recognised.by != "id":
        steps.note("set_aside", "It was deleted there, and never was here")
        return None
    if recognised.deal_id is None:
        steps.note("recognised", "New", alike=[str(each) for each in recognised.alike])
        applied = make_deal(work, understood, draft, pipeline)
    else:
        steps.note("recognised", HOW[recognised.by], deal=str(recognised.deal_id))
        applied = _changed(work, item, understood, draft, recognised, pipelines)
    if understood.merged_ids and applied.is_newest:
        merged = take_over(work, understood.system, understood.merged_ids, applied.deal_id)
        applied = replace(applied, notes=(*applied.notes, *(f"took over {each}" for each in merged)))
    if applied.is_newest:
        refer(work, applied.deal_id, references_of(understood, draft, said), understood.changed_at)
    steps.note("written", applied.outcome.capitalize(), changed=list(applied.changed), notes=list(applied.notes))
    return applied


HOW = {
    "id": "Known by its id",
    "text": "The same came before",
    "thread": "Part of a conversation that is known",
    "name": "The only open deal with this name and company",
}


def _changed(
    work: UnitOfWork,
    item: InboundItem,
    understood: Understood,
    draft: DealDraft,
    recognised: Recognised,
    pipelines: Sequence[PipelineView],
) -> Applied:
    deal_id = recognised.deal_id
    if deal_id is None:
        raise AssertionError
    if recognised.by == "thread":
        return _joined(work, deal_id, is_reply=recognised.is_reply)
    if recognised.is_former:
        return Applied(deal_id=deal_id, outcome="unchanged", notes=("it was merged into this deal",), is_newest=False)
    if _is_older(work, item, understood, recognised):
        notes = ("something newer is known already",)
        return Applied(deal_id=deal_id, outcome="unchanged", notes=notes, is_newest=False)
    if understood.is_gone:
        return delete_gone(work, deal_id)
    is_back = recognised.by == "id" and bring_back(work, deal_id)
    applied = change_deal(work, understood, draft, deal_id, pipelines)
    if is_back:
        return replace(applied, outcome="updated", changed=("deleted_at", *applied.changed))
    # Somebody writes again, in other words: nothing of the deal changes, and the words must not be lost.
    is_said_anew = recognised.by == "name" and understood.lead is not None and understood.lead.message
    return replace(applied, outcome="updated") if is_said_anew and applied.outcome == "unchanged" else applied


def _joined(work: UnitOfWork, deal_id: UUID, *, is_reply: bool) -> Applied:
    """A mail of a conversation changes nothing of its deal, open or closed: it stands on the timeline."""
    if is_reply and work.session.scalar(select(Deal.deleted_at).where(Deal.id == deal_id)) is not None:
        raise Invalid(FieldProblem("", "the deal of this conversation was deleted here; restore it first"))
    return Applied(deal_id=deal_id, outcome="updated" if is_reply else "unchanged")


def _is_older(work: UnitOfWork, item: InboundItem, understood: Understood, recognised: Recognised) -> bool:
    """By the source's own time where it says one, else by what came in later and was taken already."""
    known, given = recognised.source_updated_at, understood.changed_at
    if known is not None and given is not None:
        return given < known
    later = (
        select(InboundItem.id)
        .where(InboundItem.deal_id == recognised.deal_id, InboundItem.id > item.id, InboundItem.source == item.source)
        .where(InboundItem.outcome.in_(("created", "updated")))
        .limit(1)
    )
    return work.session.scalar(later) is not None


def _lead(work: UnitOfWork, item: InboundItem, understood: Understood, applied: Applied, steps: Steps) -> UUID | None:
    draft = lead_of(understood)
    lead_id = keep_lead(work, draft, source=item.source) if draft else None
    if lead_id is not None:
        link_lead(work, lead_id, applied.deal_id)
        steps.note("lead", draft.email or "" if draft else "", lead=str(lead_id))
    return lead_id


def _activity(work: UnitOfWork, understood: Understood, draft: DealDraft, applied: Applied, steps: Steps) -> None:
    """What was written in words stands on the timeline, once."""
    if applied.outcome == "unchanged":
        return
    body = understood.mail.text if understood.mail else draft.description
    if not body and understood.lead is not None:
        body = understood.lead.message
    is_said = applied.outcome == "created" or understood.mail is not None or "description" in draft.given
    if not body or not body.strip() or not is_said:
        return
    add_note(work, applied.deal_id, body.strip()[:LONGEST_NOTE], kind="email" if understood.mail else "note")
    steps.note("activity", "Its words stand on the timeline")


def _files(work: UnitOfWork, mail: Mail, deal_id: UUID, steps: Steps) -> None:
    """The files of a mail hang at its deal; one that cannot is named, and stays in the mail, which is kept."""
    for file in mail.attachments:
        try:
            is_new = attach_content(work, deal_id, file.filename, file.content_type, file.content)
        except (Invalid, RuleBroken, TooLarge) as error:
            steps.note("attachment", f"{file.filename} is left in the mail: {error.message}")
        else:
            steps.note("attachment", f"{file.filename} {'is attached' if is_new else 'is attached already'}")


def _before(item: InboundItem) -> str:
    """What had become of an item that is worked on once more."""
    first: dict[str, Any] = item.steps[0] if item.steps else {}
    return str(first.get("before", ""))


def _what(understood: Understood) -> str:
    draft = understood.draft
    return draft.name if draft else "Nothing that is a deal"


def _outcome_of(item: InboundItem) -> Outcome:
    problems = tuple(FieldProblem(**each) for each in item.problems or [])
    return Outcome(item_id=item.id, action=item.outcome, deal_id=item.deal_id, lead_id=item.lead_id, problems=problems)
