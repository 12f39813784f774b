"""What a kept thing is, by what it was kept as: a JSON object, a raw mail, or a mail that a mail service has posted."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final, cast

from sqlalchemy.orm import Session

from deals_app.domain.actor import Actor
from deals_app.domain.errors import FieldProblem, Invalid
from deals_app.domain.inbound import Surroundings, Understood
from deals_app.domain.mail_domains import domain_of, is_free_mail
from deals_app.domain.strict_json import plain_numbers, strict_loads
from deals_app.integrations.inbound_parse import mailgun_mail, postmark_mail, sendgrid_mail
from deals_app.integrations.incoming_mail import IncomingMail, MailRefused
from deals_app.integrations.mail_drafts import understood_mail
from deals_app.integrations.mail_parts import MAX_BYTES
from deals_app.integrations.mail_reading import read_mail
from deals_app.integrations.posted_forms import posted_form
from deals_app.integrations.sources import Source, source
from deals_app.models import InboundItem
from deals_app.services.accounts import member_views
from deals_app.services.connection_mapping import with_mapping
from deals_app.services.ingesting.guarding import settings_for
from deals_app.services.ingesting.recognising import fingerprint
from deals_app.services.unit_of_work import UnitOfWork

RAW_MAIL: Final = "message/rfc822"
MAIL_BYTES: Final = MAX_BYTES
# In the context of a thing: the service that posted it, and the size of a mail that was too large to be fetched.
SERVICE, TOO_LARGE = "service", "too_large_bytes"
FORMS: Final = {"sendgrid": sendgrid_mail, "mailgun": mailgun_mail}


def understand(work: UnitOfWork, item: InboundItem) -> tuple[Understood, str]:
    """What a thing says, and what the same thing sent again has in common with it.

    Raises Invalid naming everything that is wrong, or with the sentence of a mail that cannot be read.
    """
    reader = source(item.source)
    if reader is None:
        raise Invalid(FieldProblem("source", f"{item.source} is no source any more"))
    settings = settings_for(work, reader, with_mapping(work.session, item.context))
    if reader.kind == "mail" and (SERVICE in item.context or media_type(item.content_type) == RAW_MAIL):
        mail = _mail(item, own_domains(work.session))
        understood, said = understood_mail(mail, _surroundings(work.actor, settings)), _said(mail)
    else:
        said = parsed(item.body)
        understood = read_object(work.actor, reader, said, settings)
    return _with_defaults(understood, item.context), fingerprint(item.source, said)


def read_object(
    actor: Actor, reader: Source, payload: Mapping[str, Any], settings: Mapping[str, Any] | None = None
) -> Understood:
    """What a source makes of an object; raises Invalid naming everything that is wrong."""
    found = reader.normalise(payload, _surroundings(actor, settings or {}))
    if isinstance(found, list):
        raise Invalid(*found)
    try:
        return replace(found, metadata=plain_numbers(dict(found.metadata)))
    except ValueError as error:
        raise Invalid(FieldProblem("metadata", str(error))) from error


def _surroundings(actor: Actor, settings: Mapping[str, Any]) -> Surroundings:
    return Surroundings(base_currency=actor.base_currency, today=actor.today, settings=settings)


def media_type(content_type: str) -> str:
    """Without its parameters, in small letters."""
    return content_type.partition(";")[0].strip().casefold()


def parsed(body: bytes) -> Mapping[str, Any]:
    """The object in a body; raises Invalid saying what is wrong with the JSON."""
    try:
        payload = strict_loads(body)
    except ValueError as error:
        raise Invalid(FieldProblem("body", f"is not valid JSON: {error}")) from error
    if not isinstance(payload, dict):
        raise Invalid(FieldProblem("body", "must be a JSON object"))
    return cast("Mapping[str, Any]", payload)


def own_domains(session: Session) -> frozenset[str]:
    """Where the tenant's people have their addresses, unless anybody can have one there."""
    found = {domain_of(person.email) for person in member_views(session)}
    return frozenset(domain for domain in found if domain and not is_free_mail(domain))


def _mail(item: InboundItem, own: Collection[str]) -> IncomingMail:
    """As its way in has left it; raises Invalid with a sentence for one that cannot be read."""
    if item.context.get(TOO_LARGE):
        message = f"The mail is larger than {MAIL_BYTES // 1_048_576} MB; only its head was fetched."
        raise Invalid(FieldProblem("", message))
    service = item.context.get(SERVICE)
    try:
        if service is None:
            return read_mail(item.body, own)
        if service == "postmark":
            return postmark_mail(parsed(item.body), own)
        return FORMS[service](posted_form(item.body, item.content_type), own)
    except MailRefused as error:
        raise Invalid(FieldProblem("", str(error))) from error


def _said(mail: IncomingMail) -> Mapping[str, Any]:
    """What a mail without a Message-ID is known by, whichever way it comes."""
    sent_at = mail.sent_at.isoformat() if mail.sent_at else None
    return {"sender": mail.sender, "subject": mail.subject, "sent_at": sent_at, "text": mail.text}


def _with_defaults(understood: Understood, context: Mapping[str, Any]) -> Understood:
    """With the pipeline and the owner of the mailbox it came through, where it names none itself."""
    draft = understood.draft
    if draft is None:
        return understood
    draft = replace(
        draft,
        pipeline_text=draft.pipeline_text or context.get("pipeline_id"),
        owner_text=draft.owner_text or context.get("owner_id"),
    )
    return replace(understood, draft=draft)
