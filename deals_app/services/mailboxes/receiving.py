"""A mail service posts a mail: the mailbox is found by the token in the path, the post is verified, kept, worked on."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert as insert_or_keep

from deals_app.domain.actor import Actor, Role
from deals_app.domain.errors import DealsError, Unavailable
from deals_app.integrations.inbound_parse import SIGNATURE_WINDOW, is_signed_by_mailgun
from deals_app.integrations.incoming_mail import MailRefused
from deals_app.integrations.posted_forms import posted_form
from deals_app.integrations.sealing import SealBroken, seal
from deals_app.models import Mailbox, MailboxToken
from deals_app.services.ingesting.inbox import Raw, keep
from deals_app.services.ingesting.processing import Outcome, process_item
from deals_app.services.ingesting.understanding import SERVICE
from deals_app.services.lookups import look_up
from deals_app.services.mailboxes.editing import missing, token_hash
from deals_app.services.unit_of_work import UnitOfWork, one_transaction, reading, unit_of_work

SOURCE = "email"
# A token is good for as long as its timestamp is, in both directions of a clock that is wrong.
FORGET_TOKENS = text(f"interval '{3 * int(SIGNATURE_WINDOW.total_seconds())} seconds'")


class NotTheirs(DealsError):
    """A post without the signature or password of the mail service."""

    code = "UNAUTHORIZED"


@dataclass(frozen=True, kw_only=True)
class PostedTo:
    """The mailbox that a path names; `actor` is who brings its mails in."""

    id: UUID
    kind: str
    is_active: bool
    actor: Actor


def mailbox_of_token(token: str, *, request_id: str) -> PostedTo | None:
    """Whose token it is; None for nobody's. Raises Unavailable."""
    row = look_up("SELECT * FROM mailbox_of_token(%s)", token_hash(token))
    if row is None:
        return None
    actor = mailbox_actor(row.tenant_id, row.mailbox_id, row.time_zone, row.base_currency, request_id=request_id)
    return PostedTo(id=row.mailbox_id, kind=row.kind, is_active=row.is_active, actor=actor)


def mailbox_actor(
    tenant_id: UUID, mailbox_id: UUID, time_zone: str, base_currency: str, *, request_id: str = ""
) -> Actor:
    """Who brings in what comes to a mailbox: it may make and change deals by ingestion, and see none."""
    return Actor(
        tenant_id=tenant_id,
        reference=f"mailbox:{mailbox_id}",
        role=Role.INGEST,
        door=SOURCE,
        time_zone=time_zone,
        base_currency=base_currency,
        request_id=request_id,
    )


def receive_post(mailbox: PostedTo, *, body: bytes, content_type: str, password: str | None = None) -> Outcome:
    """Verify, keep and work on one post; `password` is that of HTTP Basic.

    Raises NotTheirs, and Unavailable for a mailbox that is paused: services try again for hours.
    """
    if not mailbox.is_active:
        message = "This mailbox is paused; please try again later"
        raise Unavailable(message)
    try:
        verdict, token = _verified(mailbox, body, content_type, password)
        with one_transaction(mailbox.actor) as work:
            _use_up(work, mailbox, token)
            context = _count(work, mailbox) | {SERVICE: mailbox.kind}
            thing = Raw(body=body, content_type=content_type, context=context, verdict=verdict)
            delivery = keep(mailbox.actor, SOURCE, [thing])
    except NotTheirs as error:
        _note_refusal(mailbox, error.message)
        raise
    return process_item(mailbox.actor, delivery.item_ids[0], last_of=delivery.id)


def _verified(mailbox: PostedTo, body: bytes, content_type: str, password: str | None) -> tuple[str, bytes | None]:
    """The verdict, and the token that has been used with it; raises NotTheirs."""
    secret = _secret(mailbox)
    if mailbox.kind == "mailgun":
        try:
            form = posted_form(body, content_type)
        except MailRefused as error:
            raise NotTheirs(str(error)) from error
        if not is_signed_by_mailgun(form, secret, datetime.now(UTC)):
            message = "The signature is not Mailgun's, or older than 15 minutes"
            raise NotTheirs(message)
        return "valid mailgun signature", form.fields.get("token", b"")
    if mailbox.kind == "postmark":
        if not secret or not hmac.compare_digest((password or "").encode(), secret.encode()):
            message = "The password of the address is missing or wrong"
            raise NotTheirs(message)
        return "valid password", None
    return "secret address", None


def _secret(mailbox: PostedTo) -> str:
    with reading(mailbox.actor) as session:
        sealed = session.scalar(select(Mailbox.sealed).where(Mailbox.id == mailbox.id))
    try:
        return seal.opened(sealed)["secret"] if sealed else ""
    except SealBroken as error:
        message = "The mailbox's secrets cannot be read; please try again later"
        raise Unavailable(message) from error


def _use_up(work: UnitOfWork, mailbox: PostedTo, token: bytes | None) -> None:
    """A token signs one post: whoever has seen it go by can send it again, but not in."""
    if token is None:
        return
    mine = MailboxToken.mailbox_id == mailbox.id
    work.session.execute(delete(MailboxToken).where(mine, MailboxToken.created_at < func.now() - FORGET_TOKENS))
    row = {"tenant_id": mailbox.actor.tenant_id, "mailbox_id": mailbox.id}
    is_new = work.session.scalar(
        insert_or_keep(MailboxToken)
        .values(**row, token_hash=hashlib.sha256(token).digest())
        .on_conflict_do_nothing()
        .returning(MailboxToken.mailbox_id)
    )
    if is_new is None:
        message = "The signature has been used before"
        raise NotTheirs(message)


def _count(work: UnitOfWork, mailbox: PostedTo) -> dict[str, str]:
    """One mail more has come in; what its deal takes from the mailbox."""
    found = work.session.execute(
        update(Mailbox)
        .where(Mailbox.id == mailbox.id)
        .values(taken=Mailbox.taken + 1, last_taken_at=func.now(), last_error=None)
        .returning(Mailbox.pipeline_id, Mailbox.owner_id)
    ).one_or_none()
    if found is None:
        raise missing()
    return context_of(mailbox.id, found.pipeline_id, found.owner_id)


def context_of(mailbox_id: UUID, pipeline_id: UUID | None, owner_id: UUID | None) -> dict[str, str]:
    """What a mail's body does not say: where it came in, and what the deal it makes takes from there."""
    said = {"mailbox_id": mailbox_id, "pipeline_id": pipeline_id, "owner_id": owner_id}
    return {name: str(value) for name, value in said.items() if value is not None}


def _note_refusal(mailbox: PostedTo, why: str) -> None:
    with unit_of_work(mailbox.actor) as work:
        work.session.execute(
            update(Mailbox)
            .where(Mailbox.id == mailbox.id)
            .values(refused=Mailbox.refused + 1, last_error=f"A post was refused: {why}")
        )
