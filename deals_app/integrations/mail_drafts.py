"""What becomes of an IncomingMail: a deal named after its subject, its author, their company, the amount."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from deals_app.domain.company_names import company_in_text, company_of_domain
from deals_app.domain.drafts import NAME_MAX_CHARACTERS, DealDraft
from deals_app.domain.inbound import LeadDraft, Mail, Surroundings, Understood
from deals_app.domain.lengths import LONGEST_EXTERNAL_ID, LONGEST_NAME, LONGEST_NOTE
from deals_app.domain.mail_domains import domain_of
from deals_app.domain.mail_subjects import bare_subject
from deals_app.domain.matching import is_blank
from deals_app.domain.money import round_to_minor
from deals_app.domain.named_amounts import NamedAmount, find_amount
from deals_app.domain.person_names import split_name
from deals_app.integrations.incoming_mail import IncomingMail
from deals_app.integrations.registered_domains import registered_label

SYSTEM: Final = "email"
# Major units of the base currency, where a mail names no amount (deal-ingestion.txt).
VALUE_OF_A_MAIL: Final = Decimal(15_000)

_CLOSING: Final = re.compile(
    r"(?:(?:kind|best|warm)?\s?regards|best( wishes)?|thanks|thank you|many thanks|cheers|sincerely|yours .*"
    r"|mit freundlichen grüßen|(?:viele|beste|liebe|freundliche) grüße|mfg|cordialement|bien à vous|salutations"
    r"|saludos|un saludo|cordiali saluti|saluti|met vriendelijke groet(?:en)?|atenciosamente)\s?[,.!]?",
    re.IGNORECASE,
)
_PERSON: Final = re.compile(r"[^\W\d_a-z][\w.'’-]{0,30}(?: [\w.'’-]{1,30}){1,3}")
_SIGNATURE_LINES: Final = 15


def understood_mail(
    mail: IncomingMail, surroundings: Surroundings, metadata: Mapping[str, Any] | None = None
) -> Understood:
    """The deal, lead and timeline entry in a mail; only the timeline entry of one that is set aside.

    An amount that the mail does not name is 15,000 and not in `given`, so that it never takes the place of a known
    one. `external_id` is the Message-ID: the same Message-ID is the same mail.
    """
    entry = Mail(message_id=mail.message_id, thread=mail.thread, text=mail.text, attachments=mail.attachments)
    if mail.set_aside or mail.sender is None:
        return Understood(draft=None, system=SYSTEM, mail=entry, set_aside=mail.set_aside or "It names no sender.")
    found_in = dict(mail.found_in)
    name = _person(mail, found_in)
    company = _company(mail, found_in)
    amount = find_amount(mail.text, surroundings.base_currency)
    if amount:
        found_in["value"] = amount.words
    lead = _lead(mail, name, company)
    return Understood(
        draft=_draft(mail, name, company, amount, surroundings.base_currency),
        system=SYSTEM,
        lead=lead,
        value_estimated=amount is None,
        metadata=dict(metadata or {}) | ({"sent_at": mail.sent_at.isoformat()} if mail.sent_at else {}),
        found_in=found_in,
        mail=entry,
    )


def _draft(
    mail: IncomingMail, name: str | None, company: str | None, amount: NamedAmount | None, base_currency: str
) -> DealDraft:
    message_id = mail.message_id if mail.message_id and len(mail.message_id) <= LONGEST_EXTERNAL_ID else None
    said = {
        "company": company,
        "contact_name": name,
        "description": mail.text,
        "external_id": message_id,
        "value_minor": amount,
        "currency": amount and amount.currency,
    }
    return DealDraft(
        name=_deal_name(mail),
        company=company,
        value_minor=amount.value_minor if amount else round_to_minor(VALUE_OF_A_MAIL, base_currency),
        currency=amount.currency if amount else None,
        contact_email=mail.sender,
        contact_name=name,
        description=mail.text[:LONGEST_NOTE].strip() or None,
        source="inbound",
        external_id=message_id,
        given=frozenset({"name", "contact_email", *(field for field, value in said.items() if value)}),
    )


def _lead(mail: IncomingMail, name: str | None, company: str | None) -> LeadDraft:
    first, last = split_name(name)
    return LeadDraft(
        email=mail.sender,
        first_name=first,
        last_name=last,
        company=company,
        phone=mail.facts.get("phone"),
        message=mail.text[:LONGEST_NOTE].strip() or None,
        facts={key: value for key, value in mail.facts.items() if key != "phone"},
    )


def _deal_name(mail: IncomingMail) -> str:
    subject = bare_subject(mail.subject)[:NAME_MAX_CHARACTERS].strip()
    return subject if not is_blank(subject) else f"E-mail from {mail.sender_name or mail.sender}"[:NAME_MAX_CHARACTERS]


def _person(mail: IncomingMail, found_in: dict[str, str]) -> str | None:
    """The name that the sender goes by, else the one below the closing words."""
    name = (mail.sender_name or "").strip().strip("'\"")
    if not is_blank(name) and name != mail.sender:
        return name[:LONGEST_NAME]
    lines = [line.strip() for line in mail.text.splitlines() if line.strip()][-_SIGNATURE_LINES:]
    for closing, line in pairwise(lines):
        if _CLOSING.fullmatch(closing[:60]) and _PERSON.fullmatch(line[:100]):
            found_in["contact_name"] = line
            return line
    return None


def _company(mail: IncomingMail, found_in: dict[str, str]) -> str | None:
    """Said in a field of its own, else in the text, else by the domain, unless anybody can have an address there."""
    if mail.company:
        return mail.company
    label = registered_label(domain_of(mail.sender or ""))
    if company := company_in_text(mail.text, label):
        found_in["company"] = company
        return company
    if label is None:
        return None
    found_in["company"] = domain_of(mail.sender or "")
    return company_of_domain(label)
