"""Connections are made, changed, ended and taken up again. By admins, and audited; no secret is ever told again."""

from __future__ import annotations

import re
import secrets
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.connections import LONGEST_MAPPED, MAPPINGS, MOST_MAPPED, SYSTEMS
from deals_app.domain.errors import AlreadyExists, FieldProblem, Forbidden, Invalid, NotFound, RuleBroken
from deals_app.domain.lengths import LONGEST_NAME
from deals_app.integrations.csv_columns import BY_KEY, CUSTOM
from deals_app.integrations.salesforce_ids import long_id
from deals_app.integrations.sealing import seal
from deals_app.integrations.vendor_errors import VendorRefused
from deals_app.integrations.vendor_systems import systems
from deals_app.models import Connection, ConnectionSync
from deals_app.services.audit import record
from deals_app.services.pipelines import pipeline_views
from deals_app.services.unit_of_work import UnitOfWork, unit_of_work

MOST_CONNECTIONS = 100
SECRETS = ("client_secret", "access_token", "refresh_token")
LONGEST_SECRET = 4000
_PORTAL = re.compile(r"[1-9][0-9]{0,18}")
_ORGANIZATION = re.compile(r"00D[A-Za-z0-9]{15}")
_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}(?:\.[A-Za-z][A-Za-z0-9_]{0,79})?")


def create_connection(actor: Actor, *, system: str, name: str = "", facts: Mapping[str, Any]) -> UUID:
    """Make one; with an access token among the facts it is active at once. Raises Forbidden, Invalid, AlreadyExists.

    `facts` are portal_id or organization_id, instance_url, client_id, SECRETS and MAPPINGS; None is the same as absent.
    """
    demand_admin(actor)
    if system not in SYSTEMS:
        raise Invalid(FieldProblem("system", f"must be one of {', '.join(SYSTEMS)}"))
    wanted = {"name": name or SYSTEMS[system]} | {key: value for key, value in facts.items() if value is not None}
    with unit_of_work(actor) as work:
        values = _checked(work.session, system, wanted)
        return insert_connection(work, {"system": system, **values})


def insert_connection(work: UnitOfWork, values: Mapping[str, Any]) -> UUID:
    """`create_connection`, of columns that have been checked, inside a transaction."""
    alive = select(func.count()).select_from(Connection).where(Connection.state != "disconnected")
    if (work.session.scalar(alive) or 0) >= MOST_CONNECTIONS:
        message = f"There are {MOST_CONNECTIONS} connections already; disconnect one that is not used"
        raise RuleBroken(message)
    state = {"state": "active"} if values.get("access_token") else {}
    made = {"tenant_id": work.actor.tenant_id, "token": secrets.token_urlsafe(32), **state, **values}
    with _one_per_account(work):
        connection_id = work.session.scalars(insert(Connection).values(made).returning(Connection.id)).one()
    record(work, "connection.created", f"connection:{connection_id}", _told(values))
    return connection_id


def change_connection(actor: Actor, connection_id: UUID, facts: Mapping[str, Any]) -> None:
    """Set some of what `create_connection` takes; a mapping is replaced as a whole. None takes a fact away.

    Raises Forbidden, NotFound, Invalid naming the field, AlreadyExists.
    """
    demand_admin(actor)
    with unit_of_work(actor) as work:
        found = locked_connection(work.session, connection_id)
        values = _checked(work.session, found.system, facts)
        if not values:
            return
        if values.get("access_token"):
            values |= {"state": "active", "last_error": None, "last_error_at": None, "token_ends_at": None}
        with _one_per_account(work):
            work.session.execute(
                update(Connection).where(Connection.id == connection_id).values(**values, version=found.version + 1)
            )
        record(work, "connection.changed", f"connection:{connection_id}", _told(values))


def disconnect(actor: Actor, connection_id: UUID) -> None:
    """Ask there no more and hear nothing from there; its deals stay. Raises Forbidden, NotFound."""
    demand_admin(actor)
    with unit_of_work(actor) as work:
        found = locked_connection(work.session, connection_id)
        work.session.execute(
            update(Connection)
            .where(Connection.id == connection_id)
            .values(state="disconnected", disconnected_at=func.now(), version=found.version + 1)
        )
        work.session.execute(
            update(ConnectionSync)
            .where(ConnectionSync.connection_id == connection_id, ConnectionSync.finished_at.is_(None))
            .values(state="cancelled", finished_at=func.now())
        )
        record(work, "connection.disconnected", f"connection:{connection_id}", {})


def reconnect(actor: Actor, connection_id: UUID) -> None:
    """The undo of `disconnect`, while the tokens are kept. Raises Forbidden, NotFound, AlreadyExists, RuleBroken."""
    demand_admin(actor)
    with unit_of_work(actor) as work:
        found = locked_connection(work.session, connection_id, is_disconnected=True)
        has_token = work.session.scalar(
            select(Connection.access_token.is_not(None)).where(Connection.id == connection_id)
        )
        state = "active" if has_token else "waiting"
        with _one_per_account(work):
            work.session.execute(
                update(Connection)
                .where(Connection.id == connection_id)
                .values(state=state, disconnected_at=None, version=found.version + 1)
            )
        record(work, "connection.reconnected", f"connection:{connection_id}", {})


def known_fields() -> list[tuple[str, str]]:
    """What a field of theirs may be taken for: key and words."""
    return [(each.key, each.label) for each in BY_KEY.values()]


def demand_admin(actor: Actor) -> None:
    """Raises Forbidden for anybody else."""
    if not actor.administers:
        message = "Only admins change connections"
        raise Forbidden(message)


def locked_connection(session: Session, connection_id: UUID, *, is_disconnected: bool = False) -> Connection:
    """The connection, held until the end of the transaction; raises NotFound."""
    found = session.scalars(select(Connection).where(Connection.id == connection_id).with_for_update()).one_or_none()
    if found is None or (found.state == "disconnected") is not is_disconnected:
        message = "There is no such connection"
        raise NotFound(message)
    return found


@contextmanager
def _one_per_account(work: UnitOfWork) -> Generator[None]:
    """A second connection to the same account is refused, whatever else was to be done."""
    try:
        with work.session.begin_nested():
            yield
    except IntegrityError as error:
        if "connections_one_per" not in str(error):
            raise
        message = "This account is connected already"
        raise AlreadyExists(message) from error


def _checked(session: Session, system: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts as they are stored, secrets sealed; raises Invalid naming every wrong field."""
    values: dict[str, Any] = {}
    problems: list[FieldProblem] = []
    for name, value in facts.items():
        try:
            if name in MAPPINGS:
                values[name] = _mapping(session, name, value or {})
            elif name in SECRETS:
                values[name] = _sealed(value)
            else:
                values[name] = _PLAIN[name](system, value)
        except ValueError as problem:
            problems.append(FieldProblem(name, str(problem)))
    if problems:
        raise Invalid(*problems)
    return values


def _name(_: str, value: Any) -> str:
    name = str(value or "").strip()
    if not 1 <= len(name) <= LONGEST_NAME:
        message = f"must have 1 to {LONGEST_NAME} characters"
        raise ValueError(message)
    return name


def _portal(system: str, value: Any) -> str | None:
    return _id_of("hubspot", system, value, _PORTAL, "the number of a HubSpot account, such as 62515")


def _organization(system: str, value: Any) -> str | None:
    told = "the id of a Salesforce organisation, 15 or 18 characters from 00D on"
    return _id_of("salesforce", system, long_id(str(value).strip()) if value else None, _ORGANIZATION, told)


def _id_of(owner: str, system: str, value: Any, pattern: re.Pattern[str], told: str) -> str | None:
    if value is None or value == "":
        return None
    if system != owner:
        message = f"is for {SYSTEMS[owner]} only"
        raise ValueError(message)
    if not pattern.fullmatch(str(value).strip()):
        message = f"must be {told}"
        raise ValueError(message)
    return str(value).strip()


def _instance(system: str, value: Any) -> str | None:
    if not value:
        return None
    try:
        return systems[system].instance_url(str(value))
    except VendorRefused:
        message = f"must be an address of {SYSTEMS[system]}'s, such as https://acme.my.salesforce.com"
        raise ValueError(message) from None


def _client(_: str, value: Any) -> str | None:
    if value and len(str(value)) > LONGEST_MAPPED:
        message = f"must have at most {LONGEST_MAPPED} characters"
        raise ValueError(message)
    return str(value).strip() or None if value else None


_PLAIN = {
    "name": _name,
    "portal_id": _portal,
    "organization_id": _organization,
    "instance_url": _instance,
    "client_id": _client,
}


def _sealed(value: Any) -> str | None:
    text = str(value or "").strip()
    if len(text) > LONGEST_SECRET or not text.isprintable():
        message = f"must have at most {LONGEST_SECRET} printable characters"
        raise ValueError(message)
    return seal.closed(text) if text else None


def _mapping(session: Session, name: str, given: Mapping[str, Any]) -> dict[str, str]:
    """The vendor's word -> ours; an empty word of ours takes the line away."""
    kept = {str(key): str(value).strip() for key, value in given.items() if str(value or "").strip()}
    if len(kept) > MOST_MAPPED or any(
        len(key) > LONGEST_MAPPED or len(each) > LONGEST_MAPPED for key, each in kept.items()
    ):
        message = f"may have {MOST_MAPPED} entries of at most {LONGEST_MAPPED} characters"
        raise ValueError(message)
    check = _CHECKS.get(name)
    if check is not None and (unknown := check(session, kept)):
        raise ValueError(unknown)
    return kept


def _field_problem(_: Session, kept: Mapping[str, str]) -> str | None:
    for theirs, ours in kept.items():
        if not _FIELD_NAME.fullmatch(theirs):
            return f"{theirs[:60]!r} is no name of a field"
        if ours not in BY_KEY and not ours.startswith(f"{CUSTOM}:"):
            return f"{ours[:60]!r} is no field of ours; known are {', '.join(BY_KEY)}, and custom:Name"
    return None


def _pipeline_problem(session: Session, kept: Mapping[str, str]) -> str | None:
    known = {text for each in pipeline_views(session) for text in (str(each.id), each.name.casefold())}
    return next((f"there is no pipeline {each[:60]!r}" for each in kept.values() if each.casefold() not in known), None)


_CHECKS = {"fields": _field_problem, "pipelines": _pipeline_problem}


def _told(values: Mapping[str, Any]) -> dict[str, Any]:
    """For the audit log: of secrets only that they were set."""
    shown = {name: value for name, value in values.items() if name not in SECRETS}
    return {**shown, **{name: "set" for name in SECRETS if values.get(name)}}
