"""A raw mail as an IncomingMail: who wrote it (sender, Reply-To, author of what was forwarded), and what is new."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from email.message import Message
from typing import Final

from deals_app.domain.email_address import is_email_address
from deals_app.domain.mail_domains import domain_of, is_no_reply, is_own
from deals_app.domain.mail_subjects import is_forwarded
from deals_app.integrations.form_lines import FormLines, form_lines
from deals_app.integrations.forwarded_text import forwarded_in
from deals_app.integrations.incoming_mail import IncomingMail, MailRefused
from deals_app.integrations.mail_aside import NO_SENDER, set_aside
from deals_app.integrations.mail_headers import addresses, header, message_ids, moment, thread_of
from deals_app.integrations.mail_parts import MAX_DEPTH, MailParts, parse, parts_of
from deals_app.integrations.mail_texts import own_words

Person = tuple[str, str]
_NOBODY: Final[Person] = ("", "")


def read_mail(raw: bytes, own_domains: Collection[str] = frozenset()) -> IncomingMail:
    """Any bytes at all as a mail.

    Raises MailRefused, and nothing else, for more than 25 MB, 600,000 lines, 100 parts or 20 levels.
    """
    message = parse(raw)
    return incoming(message, parts_of(message), own_domains)


def incoming(
    message: Message, parts: MailParts, own_domains: Collection[str] = frozenset(), depth: int = 0
) -> IncomingMail:
    """A mail by its headers and its parts, for those that got them some other way than as one raw mail."""
    sender, reply_to = _first(message, "From") or _first(message, "Sender"), _first(message, "Reply-To")
    name, address = sender
    text = parts.text
    form = (
        form_lines(text)
        if reply_to != _NOBODY or is_no_reply(address) or is_own(domain_of(address), own_domains)
        else None
    )
    inner = _forwarded_mail(message, parts, address, own_domains, depth)
    quoted = None if inner else _forwarded_words(message, text, address, own_domains)
    author = _author(sender, reply_to, form, own_domains)
    mail = IncomingMail(
        sender=author[1] or None,
        sender_name=author[0] or (form.name if form else None),
        subject=header(message, "Subject"),
        text=own_words(text),
        company=form.company if form else None,
        message_id=next(iter(message_ids(header(message, "Message-ID"))), None),
        thread=thread_of(header(message, "In-Reply-To"), header(message, "References")),
        sent_at=moment(header(message, "Date")),
        attachments=tuple(parts.attachments),
        facts=form.facts if form else {},
        found_in=form.found_in if form else {},
    )
    passed_on = inner is not None or quoted is not None or (author[1] != address and bool(author[1]))
    aside = set_aside(message, address, own_domains, passed_on=passed_on)
    if aside or (not author[1] and not inner and not quoted):
        return replace(mail, set_aside=aside or NO_SENDER)
    if inner:
        return replace(inner, attachments=(*inner.attachments, *mail.attachments))
    if quoted:
        (name, address), words, subject = quoted
        return replace(
            mail,
            sender=address,
            sender_name=name or None,
            text=words,
            subject=mail.subject or subject,
            found_in={"contact_email": f"{name} <{address}>".strip()},
        )
    return mail


def _first(message: Message, name: str) -> Person:
    """The first one with an address that mail can be sent to; others cannot be answered."""
    return next((pair for pair in addresses(message, name) if is_email_address(pair[1])), _NOBODY)


def _author(sender: Person, reply_to: Person, form: FormLines | None, own_domains: Collection[str]) -> Person:
    """The person behind a machine: who is to be answered, or who filled in the form.

    A Reply-To of a person's own mail may be a ticket system, and is not followed.
    """
    is_machine = is_no_reply(sender[1]) or is_own(domain_of(sender[1]), own_domains)
    if not sender[1] or is_machine or form is not None:
        for other in (reply_to, (form.name or "", form.email) if form and form.email else _NOBODY):
            if other[1] and not is_own(domain_of(other[1]), own_domains) and not is_no_reply(other[1]):
                return other
    return sender


def _forwarded_mail(
    message: Message, parts: MailParts, sender: str, own_domains: Collection[str], depth: int
) -> IncomingMail | None:
    """The mail that was passed on as a whole, when that is what this mail is for."""
    passes_on = is_forwarded(header(message, "Subject")) or is_own(domain_of(sender), own_domains)
    if not parts.mails or not (passes_on or not parts.text):
        return None
    if depth >= MAX_DEPTH:
        text = f"The mail is nested deeper than {MAX_DEPTH} levels."
        raise MailRefused(text)
    inner = incoming(parts.mails[0], parts_of(parts.mails[0]), own_domains, depth + 1)
    return inner if inner.sender and not inner.set_aside else None


def _forwarded_words(
    message: Message, text: str, sender: str, own_domains: Collection[str]
) -> tuple[Person, str, str] | None:
    """The mail that one of us passed on in the text; strangers' forwards are their own mails."""
    if not is_own(domain_of(sender), own_domains) or not is_forwarded(header(message, "Subject")):
        return None
    found = forwarded_in(text)
    if found is None or is_own(domain_of(found.person[1]), own_domains):
        return None
    return found.person, own_words(found.text), found.subject
