"""What an undo did, in words."""

from __future__ import annotations

from deals_app.domain.actor import Actor
from deals_app.services.queries.names import ActorNames
from deals_app.services.queries.timeline import LABELS
from deals_app.services.undo import Undone
from deals_app.services.undoing_deals import Kept
from deals_app.services.unit_of_work import reading

NAMED = 3


def words_of(actor: Actor, undone: Undone) -> str:
    """A sentence or two: what the undo concerned, and what it left as somebody has changed it since."""
    verb = "Redone" if undone.is_redo else "Undone"
    with reading(actor) as session:
        names = ActorNames(session)
    whole = [deal for deal in undone.deals if not deal.kept]
    partial = [deal for deal in undone.deals if deal.kept]
    if len(undone.deals) == 1:
        [deal] = undone.deals
        return f"{verb}: {deal.name}." if whole else f"{verb} in part: {deal.name}. {_kept(deal.kept, names)}"
    said = f"{verb} on {len(undone.deals):,} deals."
    if partial:
        listed = ", ".join(deal.name for deal in partial[:NAMED])
        more = f" and {len(partial) - NAMED:,} more" if len(partial) > NAMED else ""
        said += f" What others have changed since stays on {listed}{more}."
    return said


def _kept(kept: tuple[Kept, ...], names: ActorNames) -> str:
    fields = ", ".join(LABELS.get(each.field, each.field.replace("_", " ")) for each in kept if each.field in LABELS)
    who = ", ".join(sorted({names.of(each.actor) for each in kept}))
    return f"{fields or 'Its place'} stays: changed by {who} since."
