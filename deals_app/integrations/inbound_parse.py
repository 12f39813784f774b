"""Mails that a mail service has received for us and posts: SendGrid's Inbound Parse, Mailgun's routes, Postmark.

Fields: docs.sendgrid.com "Setting up the Inbound Parse Webhook", documentation.mailgun.com "Receiving, Forwarding and
Storing Messages", postmarkapp.com "Inbound webhook". Where the raw mail is posted too, it is what is read.
"""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.parser import HeaderParser
from typing import Any, Final, cast

from deals_app.domain.inbound import MailAttachment
from deals_app.domain.strict_json import strict_loads
from deals_app.integrations.incoming_mail import IncomingMail, MailRefused
from deals_app.integrations.mail_headers import clean
from deals_app.integrations.mail_parts import MAX_PARTS, MailParts
from deals_app.integrations.mail_reading import incoming, read_mail
from deals_app.integrations.posted_forms import PostedForm

# Mailgun tells to refuse old timestamps without saying how old; its retries carry new ones.
SIGNATURE_WINDOW: Final = timedelta(minutes=15)

_NO_MAIL: Final = "This is no mail as {} posts it."
_MOST_HEADERS: Final = 500
_LONGEST_FILENAME: Final = 200


def sendgrid_mail(form: PostedForm, own_domains: Collection[str] = frozenset()) -> IncomingMail:
    """SendGrid's form, each field in the charset that its field `charsets` names. Raises MailRefused for no mail."""
    if form.fields.get("email"):
        return read_mail(form.fields["email"], own_domains)
    charsets = _object(_json(form.text("charsets")))
    fields = {
        name: form.text(name, _text(charsets, name) or None) for name in ("from", "to", "subject", "text", "html")
    }
    if not form.fields.get("headers") and not fields["from"]:
        raise MailRefused(_NO_MAIL.format("SendGrid"))
    message = _with_headers(form.text("headers"))
    # The fields have been decoded by the charset the service found; its headers may name one that nobody knows.
    for name in ("From", "To", "Subject"):
        if text := fields[name.casefold()]:
            _set(message, name, text)
    return incoming(message, _parts(fields["text"], fields["html"], form.files), own_domains)


def mailgun_mail(form: PostedForm, own_domains: Collection[str] = frozenset()) -> IncomingMail:
    """Mailgun's form as `forward()` posts it. Raises MailRefused for its other posts (events, `store()`)."""
    if form.fields.get("body-mime"):
        return read_mail(form.fields["body-mime"], own_domains)
    headers = _json_list(form.text("message-headers"))
    if not headers or "event" in form.fields:
        raise MailRefused(_NO_MAIL.format("Mailgun"))
    message = Message()
    for pair in headers[:_MOST_HEADERS]:
        if isinstance(pair, list) and len(cast("list[Any]", pair)) == 2:  # noqa: PLR2004 (name, value)
            name, value = cast("list[Any]", pair)
            _add(message, name, value)
    return incoming(message, _parts(form.text("body-plain"), form.text("body-html"), form.files), own_domains)


def is_signed_by_mailgun(form: PostedForm, signing_key: str, now: datetime) -> bool:
    """Whether `signature` is the HMAC-SHA256 of timestamp and token, and the timestamp within 15 minutes of now.

    `now` has a zone. The token is used once: whoever must know that a post is not a copy keeps it.
    """
    timestamp, token, signature = (form.fields.get(name, b"") for name in ("timestamp", "token", "signature"))
    try:
        posted_at = datetime.fromtimestamp(int(timestamp[:15]), UTC)
    except (ValueError, OverflowError, OSError):
        return False
    digest = hmac.new(signing_key.encode(), timestamp + token, "sha256").hexdigest()
    is_recent = abs(now - posted_at) <= SIGNATURE_WINDOW
    return hmac.compare_digest(digest.encode(), signature) and bool(signing_key) and is_recent


def postmark_mail(payload: Mapping[str, Any], own_domains: Collection[str] = frozenset()) -> IncomingMail:
    """Postmark's JSON; its own `MessageID` is not the mail's. Raises MailRefused for what is no mail."""
    if raw := _text(payload, "RawEmail"):
        return read_mail(raw.encode("utf-8", "surrogateescape"), own_domains)
    person = _object(payload.get("FromFull"))
    if not person and not _text(payload, "From"):
        raise MailRefused(_NO_MAIL.format("Postmark"))
    message = Message()
    for header in _items(payload, "Headers")[:_MOST_HEADERS]:
        _add(message, header.get("Name"), header.get("Value"))
    _set(message, "From", _mailbox(_text(person, "Name"), _text(person, "Email")) or _text(payload, "From"))
    for name, field in (("To", "To"), ("Reply-To", "ReplyTo"), ("Subject", "Subject"), ("Date", "Date")):
        if text := _text(payload, field):
            _set(message, name, text)
    files = tuple(filter(None, map(_attachment, _items(payload, "Attachments")[:MAX_PARTS])))
    return incoming(message, _parts(_text(payload, "TextBody"), _text(payload, "HtmlBody"), files), own_domains)


def _parts(plain: str, html: str, files: tuple[MailAttachment, ...]) -> MailParts:
    return MailParts(plain=[plain], html=[html], attachments=list(files))


def _with_headers(text: str) -> Message:
    message = Message()
    for name, value in HeaderParser().parsestr(text, headersonly=True).items()[:_MOST_HEADERS]:
        _add(message, name, value)
    return message


def _add(message: Message, name: object, value: object) -> None:
    """Content headers speak of a body that is not there any more, but tell a delivery report by its type."""
    if isinstance(name, str) and isinstance(value, str) and name:
        message[clean(name)] = clean(value)


def _set(message: Message, name: str, value: str) -> None:
    del message[name]
    message[name] = clean(value)


def _mailbox(name: str, address: str) -> str:
    quoted = name.replace("\\", "").replace('"', "")
    return f'"{quoted}" <{address}>' if quoted and address else address


def _attachment(item: Mapping[str, Any]) -> MailAttachment | None:
    """Postmark says `Content`; its own samples also have `Data`."""
    try:
        content = b64decode(_text(item, "Content") or _text(item, "Data"))
    except (binascii.Error, ValueError):
        return None
    name = _text(item, "Name").replace("\\", "/").rpartition("/")[2][:_LONGEST_FILENAME]
    kind = _text(item, "ContentType").partition(";")[0].strip() or "application/octet-stream"
    return MailAttachment(filename=name or "unnamed", content_type=kind, content=content)


def _items(payload: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = payload.get(name)
    items = cast("list[Any]", found) if isinstance(found, list) else []
    return [cast("Mapping[str, Any]", item) for item in items if isinstance(item, Mapping)]


def _text(payload: Mapping[str, Any], name: str) -> str:
    found = payload.get(name)
    return found if isinstance(found, str) else ""


def _object(found: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else {}


def _json_list(text: str) -> list[Any]:
    found = _json(text)
    return cast("list[Any]", found) if isinstance(found, list) else []


def _json(text: str) -> object:
    try:
        return strict_loads(text)
    except ValueError:
        return None
