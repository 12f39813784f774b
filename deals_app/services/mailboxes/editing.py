"""Mailboxes are made, changed, paused and ended. By admins, and audited; what is secret is sealed."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session, undefer

from deals_app.domain.actor import Actor
from deals_app.domain.errors import FieldProblem, Forbidden, Invalid, NotFound, RuleBroken
from deals_app.domain.lengths import LONGEST_EMAIL_ADDRESS, LONGEST_NAME
from deals_app.domain.mailboxes import BEGINNINGS, IMAP, KINDS, SECURITIES, PostAddress
from deals_app.integrations.internet_addresses import Refused, demand_no_internal_literal
from deals_app.integrations.sealing import SealBroken, seal
from deals_app.integrations.webhook_sending import outside
from deals_app.models import Mailbox, Membership, Pipeline
from deals_app.services.audit import record
from deals_app.services.unit_of_work import UnitOfWork, reading, unit_of_work

POSTS_TO: Final = "/api/sales/deals/email/"
MOST_MAILBOXES: Final = 50
LONGEST_HOST: Final = 253
HIGHEST_PORT: Final = 65535
LONGEST_SECRET: Final = 1000
# The name that goes with Postmark's password: it sends any.
POSTMARK_USER: Final = "postmark"
WHERE: Final = ("host", "port", "user_name", "security")
# Where the next look begins anew: another server, or another person's mails.
FROM_THE_START: Final = {"uid_validity": None, "last_uid": 0, "old_below": 0, "old_since": None}
# Whoever is looking into it right now does so with what it was before, and loses the lease.
ANOTHER_LOOK: Final[dict[str, Any]] = {"looks": Mailbox.looks + 1, "leased_until": None}


@dataclass(frozen=True, kw_only=True)
class MailboxFacts:
    """What an admin says of a mailbox. `secret` is IMAP's password or Mailgun's signing key; empty: as it was."""

    name: str
    host: str = ""
    port: int | None = 993
    user_name: str = ""
    security: str = "tls"
    begins_with: str = "unread"
    marks_seen: bool = False
    secret: str = ""
    pipeline_id: UUID | None = None
    owner_id: UUID | None = None


def create_mailbox(actor: Actor, kind: str, facts: MailboxFacts) -> UUID:
    """Make one, active from now on; raises Forbidden, RuleBroken for too many, Invalid naming each wrong field."""
    _demand_admin(actor)
    if kind not in KINDS:
        raise Invalid(FieldProblem("kind", f"must be one of {', '.join(KINDS)}"))
    with unit_of_work(actor) as work:
        if (work.session.scalar(select(func.count()).select_from(Mailbox)) or 0) >= MOST_MAILBOXES:
            message = f"There are {MOST_MAILBOXES} mailboxes already; delete one that is not used"
            raise RuleBroken(message)
        values = _checked(work.session, kind, facts, needs_secret=kind in {IMAP, "mailgun"})
        token = secrets.token_urlsafe(24)
        if kind != IMAP:
            values["token_hash"] = token_hash(token)
        hidden = {"token": token, "secret": facts.secret}
        if kind == "postmark":
            hidden["secret"] = secrets.token_urlsafe(18)
        mailbox_id = work.session.scalars(
            insert(Mailbox)
            .values(tenant_id=actor.tenant_id, kind=kind, sealed=seal.sealed(hidden), **values)
            .returning(Mailbox.id)
        ).one()
        _record(work, "created", mailbox_id, {"kind": kind} | _told(facts))
    return mailbox_id


def change_mailbox(actor: Actor, mailbox_id: UUID, facts: MailboxFacts) -> None:
    """Set all of its facts but its kind and where it begins; an empty `secret` leaves it as it is.

    Raises Forbidden, NotFound, Invalid naming each wrong field.
    """
    _demand_admin(actor)
    with unit_of_work(actor) as work:
        found = _locked(work.session, mailbox_id)
        values = _checked(work.session, found.kind, facts, needs_secret=False)
        # Said once, for the first look.
        values.pop("begins_with", None)
        if facts.secret and found.kind in {IMAP, "mailgun"}:
            values["sealed"] = seal.sealed(secrets_of(found) | {"secret": facts.secret})
        if found.kind == IMAP and any(getattr(found, name) != values[name] for name in WHERE):
            if not facts.secret:
                # Whoever may change where it is asked must not learn a password that another admin has entered.
                raise Invalid(FieldProblem("secret", "must be entered again, as the mailbox is another one now"))
            values |= FROM_THE_START
        values |= {"failing_since": None, "failures_in_row": 0, "last_error": None, "next_look_at": func.now()}
        # Whoever is looking into it right now does so with what it was before.
        work.session.execute(
            update(Mailbox).where(Mailbox.id == mailbox_id).values(**values, looks=Mailbox.looks + 1, leased_until=None)
        )
        _record(work, "changed", mailbox_id, _told(facts))


def switch_mailbox(actor: Actor, mailbox_id: UUID, *, is_active: bool) -> None:
    """Pause it, or let it go on where it was; raises Forbidden, NotFound."""
    _demand_admin(actor)
    with unit_of_work(actor) as work:
        found = _locked(work.session, mailbox_id)
        state = "active" if is_active else "paused"
        if found.state == state:
            return
        values = {"state": state, "next_look_at": func.now(), "failures_in_row": 0}
        work.session.execute(update(Mailbox).where(Mailbox.id == mailbox_id).values(**values, **ANOTHER_LOOK))
        _record(work, "resumed" if is_active else "paused", mailbox_id, {})


def delete_mailbox(actor: Actor, mailbox_id: UUID) -> None:
    """End one that is paused; its mails and deals stay. Raises Forbidden, NotFound, RuleBroken."""
    _demand_admin(actor)
    with unit_of_work(actor) as work:
        found = _locked(work.session, mailbox_id)
        if found.state == "active":
            message = "This mailbox takes mails; pause it first"
            raise RuleBroken(message)
        _record(work, "deleted", mailbox_id, {"kind": found.kind, "name": found.name})
        work.session.execute(delete(Mailbox).where(Mailbox.id == mailbox_id))


def post_address(actor: Actor, mailbox_id: UUID) -> PostAddress | None:
    """Where its mail service posts to, which is a secret; None for one that we fetch. Raises Forbidden, NotFound.

    Raises RuleBroken when SECRET_KEY is another one since.
    """
    _demand_admin(actor)
    with reading(actor) as session:
        found = session.scalars(
            select(Mailbox).where(Mailbox.id == mailbox_id).options(undefer(Mailbox.sealed))
        ).one_or_none()
        if found is None:
            raise missing()
        if found.kind == IMAP:
            return None
        try:
            hidden = seal.opened(found.sealed)
        except SealBroken as error:
            message = "Its address cannot be read, as SECRET_KEY is another one now; make it anew"
            raise RuleBroken(message) from error
    if found.kind == "postmark":
        return PostAddress(path=POSTS_TO + hidden["token"], user=POSTMARK_USER, password=hidden["secret"])
    return PostAddress(path=POSTS_TO + hidden["token"])


def secrets_of(found: Mailbox) -> dict[str, str]:
    """Token and secret; without them where they cannot be read any more."""
    try:
        return seal.opened(found.sealed)
    except SealBroken:
        return {}


def token_hash(token: str) -> bytes:
    """By which the token of a path is looked up."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def missing() -> NotFound:
    """There is none, or it is another tenant's."""
    return NotFound("There is no such mailbox")


def _locked(session: Session, mailbox_id: UUID) -> Mailbox:
    found = session.scalars(
        select(Mailbox).where(Mailbox.id == mailbox_id).options(undefer(Mailbox.sealed)).with_for_update()
    ).one_or_none()
    if found is None:
        raise missing()
    return found


def _checked(session: Session, kind: str, facts: MailboxFacts, *, needs_secret: bool) -> dict[str, Any]:
    """The facts as they are stored; raises Invalid naming every wrong field."""
    problems: list[FieldProblem] = []
    values: dict[str, Any] = {"name": facts.name.strip(), "pipeline_id": facts.pipeline_id, "owner_id": facts.owner_id}
    if not 1 <= len(values["name"]) <= LONGEST_NAME:
        problems.append(FieldProblem("name", f"must have 1 to {LONGEST_NAME} characters"))
    if len(facts.secret) > LONGEST_SECRET or not facts.secret.isprintable():
        problems.append(FieldProblem("secret", f"must have at most {LONGEST_SECRET} printable characters"))
    elif needs_secret and not facts.secret:
        problems.append(FieldProblem("secret", "is required: the password" if kind == IMAP else "is required"))
    if facts.pipeline_id and session.scalar(select(Pipeline.id).where(Pipeline.id == facts.pipeline_id)) is None:
        problems.append(FieldProblem("pipeline_id", "is no pipeline of yours"))
    person = select(Membership.user_id).where(Membership.user_id == facts.owner_id)
    if facts.owner_id and session.scalar(person) is None:
        problems.append(FieldProblem("owner_id", "is nobody of yours"))
    if kind == IMAP:
        problems += _imap_problems(facts)
        values |= {"host": facts.host.strip().casefold(), "port": facts.port, "user_name": facts.user_name.strip()}
        values |= {
            "security": facts.security,
            "begins_with": facts.begins_with,
            "marks_seen": facts.marks_seen,
        }
    if problems:
        raise Invalid(*problems)
    return values


def _imap_problems(facts: MailboxFacts) -> list[FieldProblem]:
    host, user = facts.host.strip(), facts.user_name.strip()
    is_host = 1 <= len(host) <= LONGEST_HOST and host.isascii() and host.isprintable() and not set(host) & set(" /@")
    found = [
        (not is_host, "host", "must be a host name, like imap.example.com"),
        (facts.port is None or not 1 <= facts.port <= HIGHEST_PORT, "port", f"must be 1 to {HIGHEST_PORT}"),
        (
            not 1 <= len(user) <= LONGEST_EMAIL_ADDRESS or not user.isprintable(),
            "user_name",
            f"must have 1 to {LONGEST_EMAIL_ADDRESS} characters",
        ),
        (facts.security not in SECURITIES, "security", f"must be one of {', '.join(SECURITIES)}"),
        (facts.begins_with not in BEGINNINGS, "begins_with", f"must be one of {', '.join(BEGINNINGS)}"),
    ]
    problems = [FieldProblem(field, message) for is_wrong, field, message in found if is_wrong]
    if is_host and not outside.allow_internal:
        try:
            demand_no_internal_literal(host)
        except Refused as error:
            problems.append(FieldProblem("host", str(error)))
    return problems


def _demand_admin(actor: Actor) -> None:
    if not actor.administers:
        message = "Only admins change mailboxes"
        raise Forbidden(message)


def _told(facts: MailboxFacts) -> dict[str, Any]:
    """For the audit log, without the secret."""
    told = {name: value for name, value in asdict(facts).items() if name != "secret" and value not in {None, ""}}
    return {name: str(value) if isinstance(value, UUID) else value for name, value in told.items()}


def _record(work: UnitOfWork, what: str, mailbox_id: UUID, details: Mapping[str, Any]) -> None:
    record(work, f"mailbox.{what}", f"mailbox:{mailbox_id}", details)
