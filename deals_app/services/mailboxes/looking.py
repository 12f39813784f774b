"""Looking into a mailbox over IMAP: what is new is kept raw, one mail a transaction with the place it was read to.

Killed anywhere, the next look goes on after the last mail that was kept, and the outbox brings that one to its end.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select

from deals_app.domain.actor import Actor
from deals_app.domain.errors import Forbidden
from deals_app.domain.mailboxes import IMAP, Looked
from deals_app.integrations.imap_reading import OpenMailbox, open_mailbox, since
from deals_app.integrations.vendor_errors import VendorError
from deals_app.models import Mailbox
from deals_app.services.ingesting.inbox import Delivery, Raw, keep
from deals_app.services.ingesting.receiving import process_delivery
from deals_app.services.ingesting.understanding import MAIL_BYTES, RAW_MAIL, TOO_LARGE
from deals_app.services.mailboxes.editing import missing
from deals_app.services.mailboxes.leasing import Look, advance, begin_look, end_look, fail_look, hold
from deals_app.services.mailboxes.receiving import SOURCE
from deals_app.services.outbox import LeaseLost, system_actor
from deals_app.services.unit_of_work import one_transaction, reading

# Then somebody else has their turn; the mailbox is due again at once.
TURN_SECONDS: Final = 40
# For a person who waits for the page.
SHORT_TURN_SECONDS: Final = 8
RENEW_SECONDS: Final = 5
# After a server has given its mails other numbers: those since the last look, and a little more.
OVERLAP: Final = timedelta(days=2)


def look(tenant_id: str, mailbox_id: str) -> None:
    """Take what is new in a mailbox, for one turn; safe to ring twice, and for mailboxes that are gone."""
    actor = system_actor(UUID(tenant_id), "system:mailboxes", "job")
    _looked(actor, UUID(mailbox_id), TURN_SECONDS, only_when_due=True)


def look_now(actor: Actor, mailbox_id: UUID) -> Looked:
    """`look` for an admin who waits for what comes of it; raises Forbidden, NotFound."""
    if not actor.administers:
        message = "Only admins look into mailboxes"
        raise Forbidden(message)
    with reading(actor) as session:
        found = session.scalar(select(Mailbox.kind).where(Mailbox.id == mailbox_id))
    if found != IMAP:
        raise missing()
    return _looked(actor, mailbox_id, SHORT_TURN_SECONDS, only_when_due=False)


def _looked(actor: Actor, mailbox_id: UUID, seconds: float, *, only_when_due: bool) -> Looked:
    looking = begin_look(actor, mailbox_id, only_when_due=only_when_due)
    if isinstance(looking, str):
        return Looked(problem=looking)
    try:
        has_more = _taken_in(looking, time.monotonic() + seconds)
    except LeaseLost:
        return Looked(taken=looking.taken, problem="somebody else looks into it now, or it was changed")
    except VendorError as error:
        fail_look(looking, str(error))
        return Looked(taken=looking.taken, problem=str(error))
    end_look(looking, has_more=has_more)
    return Looked(taken=looking.taken, has_more=has_more)


def _taken_in(looking: Look, ends: float) -> bool:
    """Whether there is more than the turn had time for; raises VendorError, LeaseLost."""

    def renew() -> None:
        if time.monotonic() - looking.renewed_at > RENEW_SECONDS:
            hold(looking)

    with open_mailbox(looking.account, is_writable=looking.marks_seen, on_progress=renew) as box:
        if box.validity != looking.uid_validity:
            _begin_anew(looking, box)
        for uid in _new_uids(looking, box):
            if time.monotonic() > ends:
                return True
            _take(looking, box, uid)
    return False


def _begin_anew(looking: Look, box: OpenMailbox) -> None:
    """At the first look, and when the UIDs that we remember mean other mails now (RFC 3501, 2.3.1.1)."""
    looking.last_uid, looking.old_below, looking.old_since = 0, box.next_uid, None
    if looking.uid_validity is not None:
        # Those that were taken before are known by their Message-IDs, or by what they say.
        looking.old_since = looking.looked_at.date() - OVERLAP if looking.looked_at else None
    elif looking.begins_with == "new":
        looking.last_uid = max(0, box.next_uid - 1)
    elif looking.begins_with == "all":
        looking.old_below = 0
    looking.uid_validity = box.validity
    hold(looking)


def _new_uids(looking: Look, box: OpenMailbox) -> list[int]:
    """Of the old ones those that were wanted, then all that have come since, in the order in which they came."""
    first = looking.last_uid + 1
    old: list[int] = []
    if first < looking.old_below:
        criterion = since(looking.old_since) if looking.old_since else ("UNSEEN",)
        old = box.uids(first, looking.old_below - 1, *criterion)
    return [*old, *box.uids(max(first, looking.old_below))]


def _take(looking: Look, box: OpenMailbox, uid: int) -> None:
    """Keep one mail and work on it; raises VendorError, LeaseLost."""
    thing = _fetched(looking, box, uid)
    looking.last_uid = uid
    if thing is None:
        hold(looking)
        return
    delivery = _kept(looking, thing)
    looking.taken += 1
    if looking.marks_seen:
        box.mark_seen(uid)
    # What goes wrong in here does so after the mail was kept: the outbox tries it again, and the next look goes on.
    process_delivery(str(looking.actor.tenant_id), str(delivery.id))


def _fetched(looking: Look, box: OpenMailbox, uid: int) -> Raw | None:
    """A mail as it is, or the head of one that is too large; None for one that is gone meanwhile."""
    size = box.size(uid)
    is_too_large = size is not None and size > MAIL_BYTES
    body = box.head(uid) if is_too_large else None if size is None else box.mail(uid)
    if body is None:
        return None
    context: dict[str, Any] = looking.context | {"uid": uid, "uid_validity": looking.uid_validity}
    context |= {TOO_LARGE: size} if is_too_large else {}
    return Raw(body=body, content_type=RAW_MAIL, context=context, verdict="signed in")


def _kept(looking: Look, thing: Raw) -> Delivery:
    with one_transaction(looking.actor) as work:
        advance(work.session, looking, taken=Mailbox.taken + 1, last_taken_at=func.now())
        return keep(looking.actor, SOURCE, [thing])
