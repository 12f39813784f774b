"""Mails that no person wrote to us: bounces, out-of-office notes, newsletters, and what we have sent ourselves."""

from __future__ import annotations

import re
from collections.abc import Collection
from email.message import Message
from typing import Final

from deals_app.domain.mail_domains import domain_of, is_mail_machine, is_no_reply, is_own
from deals_app.domain.mail_subjects import announces_absence
from deals_app.integrations.mail_headers import addresses, header, message_ids, raw_headers
from deals_app.integrations.mail_parts import calmly

BOUNCE: Final = "It says that a mail could not be delivered."
ABSENCE: Final = "It is an automatic reply."
BULK: Final = "It was sent to many people, as newsletters are."
LOOP: Final = "It was sent by one of our own addresses."
NO_SENDER: Final = "It names no sender."
NOBODY: Final = "It comes from an address that nobody answers."

_REPORTS: Final = frozenset({"delivery-status", "disposition-notification", "feedback-report"})
_LIST_HEADERS: Final = ("List-Unsubscribe", "List-Id", "List-Post")
_HOST: Final = re.compile(r"[\w-]+(?:\.[\w-]+)+")
_AUTOMATIC: Final = ("X-Autoreply", "X-Autorespond", "X-Autoresponder")


def set_aside(message: Message, sender: str, own_domains: Collection[str], *, passed_on: bool) -> str | None:
    """Why nothing is to be made of a mail; None for one that a person wrote to us.

    `passed_on`: somebody else's words are in it, so that it may come from ourselves, or from a machine.
    """
    if _is_bounce(message, sender):
        return BOUNCE
    automatic = header(message, "Auto-Submitted").casefold()
    subject = header(message, "Subject")
    if automatic.startswith("auto-replied") or announces_absence(subject) or _answers_by_itself(message):
        return ABSENCE
    if _has_looped(message, sender, own_domains) and not passed_on:
        return LOOP
    if _is_bulk(message, own_domains) and not passed_on:
        return BULK
    if automatic.startswith("auto-") and not passed_on:
        return ABSENCE
    return NOBODY if is_no_reply(sender) and not passed_on else None


def _is_bounce(message: Message, sender: str) -> bool:
    kind = calmly(message.get_content_type, "")
    report = str(calmly(lambda: message.get_param("report-type"), "")).casefold()
    if kind == "multipart/report" and (report in _REPORTS or not report):
        return True
    return is_mail_machine(sender) or bool(raw_headers(message, "X-Failed-Recipients"))


def _answers_by_itself(message: Message) -> bool:
    precedence = header(message, "Precedence").casefold()
    return precedence in {"auto_reply", "auto-reply"} or any(raw_headers(message, name) for name in _AUTOMATIC)


def _is_bulk(message: Message, own_domains: Collection[str]) -> bool:
    """A group address of ours (sales@) is a list too: what its software adds does not count."""
    lists = [text for name in _LIST_HEADERS for text in raw_headers(message, name)]
    if any(is_own(host.casefold(), own_domains) for text in lists for host in _HOST.findall(text)):
        return False
    return bool(lists) or header(message, "Precedence").casefold() in {"bulk", "junk", "list"}


def _has_looped(message: Message, sender: str, own_domains: Collection[str]) -> bool:
    if is_own(domain_of(sender), own_domains):
        return True
    ids = message_ids(header(message, "Message-ID"))
    if any(is_own(domain_of(each), own_domains) for each in ids):
        return True
    recipients = {
        address.casefold() for name in ("To", "Cc", "Delivered-To") for _, address in addresses(message, name)
    }
    loops = {text.strip("<> ").casefold() for text in raw_headers(message, "X-Loop")}
    return bool(loops & recipients) or any(is_own(domain_of(each), own_domains) for each in loops)
