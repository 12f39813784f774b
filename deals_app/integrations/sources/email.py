"""Mails. Raw ones (RFC 5322) are mail_reading.py, those that a mail service posts are inbound_parse.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from deals_app.domain.drafts import DealDraft
from deals_app.domain.email_address import is_email_address
from deals_app.domain.errors import FieldProblem
from deals_app.domain.inbound import LeadDraft, Mail, SourceField, Surroundings, Understood
from deals_app.integrations.incoming_mail import IncomingMail
from deals_app.integrations.mail_drafts import understood_mail
from deals_app.integrations.mail_headers import message_ids, moment, parsed_addresses, thread_of
from deals_app.integrations.mail_texts import LONGEST_TEXT, own_words
from deals_app.integrations.object_drafts import ReadObject

key: Final = "email"
label: Final = "E-mail"
says: Final = "A mail somebody sent; company and amount are found in it, or estimated."
kind: Final = "mail"
path: Final = "/email"

_LONGEST_HEADER: Final = 2_000

FIELDS: Final = (
    SourceField(name="sender", says="Address, or name and address", example="jane@company.example", is_required=True),
    SourceField(name="subject", says="The deal is named after it", example="Enterprise inquiry", is_required=True),
    SourceField(name="sender_name", says="Who wrote it", example="Jane Doe"),
    SourceField(name="content", says="The text", example="We are looking for…", looks="lines"),
    SourceField(name="company_name", says="Found in the mail when left out", example="Prospect Corp"),
    SourceField(name="message_id", says="The same Message-ID is the same mail", example="<a1@company.example>"),
    SourceField(name="in_reply_to", says="Message-ID of the mail it answers", example="<a0@company.example>"),
    SourceField(name="references", says="Message-IDs of the mails before it", example="<a0@company.example>"),
    SourceField(name="date", says="When it was sent", example="Thu, 15 Jan 2026 09:30:00 +0200"),
)

# The sample of deal-ingestion.txt.
EXAMPLE: Final[tuple[Mapping[str, Any], Understood]] = (
    {
        "sender": "prospect@company.com",
        "sender_name": "John Smith",
        "subject": "Enterprise solution inquiry",
        "content": "We are looking for...",
        "company_name": "Prospect Corp",
    },
    Understood(
        system="email",
        draft=DealDraft(
            name="Enterprise solution inquiry",
            company="Prospect Corp",
            value_minor=1_500_000,
            contact_email="prospect@company.com",
            contact_name="John Smith",
            description="We are looking for...",
            source="inbound",
            given=frozenset({"name", "company", "contact_email", "contact_name", "description"}),
        ),
        lead=LeadDraft(
            email="prospect@company.com",
            first_name="John",
            last_name="Smith",
            company="Prospect Corp",
            message="We are looking for...",
        ),
        value_estimated=True,
        mail=Mail(text="We are looking for..."),
    ),
)


def normalise(payload: Mapping[str, Any], surroundings: Surroundings) -> Understood | list[FieldProblem]:
    """The deal in a mail that was posted as JSON, or all that is wrong with it.

    Nothing is set aside here: whoever posts it means it, and the headers that would tell are not there.
    """
    read = ReadObject(payload, FIELDS)
    written, address = _sender(read)
    content = read.text("content", longest=LONGEST_TEXT)
    mail = IncomingMail(
        sender=address,
        sender_name=read.text("sender_name") or written,
        subject=read.text("subject", longest=_LONGEST_HEADER) or "",
        text=own_words(content or ""),
        company=read.text("company_name"),
        message_id=next(iter(message_ids(read.text("message_id", longest=_LONGEST_HEADER) or "")), None),
        thread=thread_of(
            read.text("in_reply_to", longest=_LONGEST_HEADER) or "", read.text("references", longest=LONGEST_TEXT) or ""
        ),
        sent_at=moment(date) if (date := read.text("date")) else None,
    )
    if read.problems:
        return read.problems
    return understood_mail(mail, surroundings, metadata=read.unknown())


def _sender(read: ReadObject) -> tuple[str | None, str | None]:
    """Name and address of `Jane Doe <jane@company.example>`."""
    text = read.text("sender", longest=_LONGEST_HEADER)
    if text is None or is_email_address(text):
        return None, text
    pairs = [pair for pair in parsed_addresses(text) if is_email_address(pair[1])]
    if len(pairs) != 1:
        read.refuse("sender", f"“{text[:60]}” is not an e-mail address; write it like name@company.com")
        return None, None
    return pairs[0][0] or None, pairs[0][1]
