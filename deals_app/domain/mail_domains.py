"""What the domain of an e-mail address says: whose it is, and when it says nothing about a company."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

# Where anybody can have an address. Their names are never the company of who writes.
FREE_MAIL_DOMAINS: Final = frozenset(
    [
        "gmail.com",
        "googlemail.com",
        "outlook.com",
        "hotmail.com",
        "hotmail.co.uk",
        "hotmail.de",
        "hotmail.es",
        "hotmail.fr",
        "hotmail.it",
        "live.com",
        "live.co.uk",
        "live.fr",
        "msn.com",
        "outlook.de",
        "outlook.es",
        "outlook.fr",
        "yahoo.com",
        "yahoo.co.jp",
        "yahoo.co.uk",
        "yahoo.co.in",
        "yahoo.de",
        "yahoo.es",
        "yahoo.fr",
        "yahoo.it",
        "ymail.com",
        "rocketmail.com",
        "icloud.com",
        "me.com",
        "mac.com",
        "aol.com",
        "proton.me",
        "protonmail.com",
        "pm.me",
        "tutanota.com",
        "tuta.io",
        "gmx.de",
        "gmx.net",
        "gmx.com",
        "gmx.at",
        "gmx.ch",
        "web.de",
        "t-online.de",
        "freenet.de",
        "posteo.de",
        "mailbox.org",
        "arcor.de",
        "1und1.de",
        "orange.fr",
        "wanadoo.fr",
        "free.fr",
        "sfr.fr",
        "laposte.net",
        "libero.it",
        "virgilio.it",
        "alice.it",
        "tiscali.it",
        "tin.it",
        "telefonica.net",
        "uol.com.br",
        "bol.com.br",
        "terra.com.br",
        "ig.com.br",
        "mail.ru",
        "yandex.ru",
        "yandex.com",
        "rambler.ru",
        "ukr.net",
        "wp.pl",
        "o2.pl",
        "onet.pl",
        "interia.pl",
        "seznam.cz",
        "centrum.cz",
        "qq.com",
        "163.com",
        "126.com",
        "sina.com",
        "foxmail.com",
        "naver.com",
        "daum.net",
        "hanmail.net",
        "docomo.ne.jp",
        "ezweb.ne.jp",
        "nifty.com",
        "rediffmail.com",
        "zoho.com",
        "zohomail.com",
        "fastmail.com",
        "hey.com",
        "mail.com",
        "email.com",
        "inbox.com",
        "comcast.net",
        "verizon.net",
        "att.net",
        "sbcglobal.net",
        "bellsouth.net",
        "cox.net",
        "charter.net",
        "shaw.ca",
        "rogers.com",
        "btinternet.com",
        "sky.com",
        "virginmedia.com",
        "bigpond.com",
        "optusnet.com.au",
        "xtra.co.nz",
        "bluewin.ch",
        "telenet.be",
        "skynet.be",
        "ziggo.nl",
        "kpnmail.nl",
        "xs4all.nl",
    ]
)

# Whoever answers these reaches nobody.
_NO_REPLY: Final = re.compile(
    r"(?:.{1,40}[._+-])?(?:no|do|don|nicht|ne)[._-]?(?:not|t|pas)?[._-]?(?:reply|antworten|repondre)\b.*", re.IGNORECASE
)
_MACHINES: Final = frozenset({"mailer-daemon", "postmaster", "bounce", "bounces"})


def domain_of(address: str) -> str:
    """The part after the last @, case folded; empty when there is none."""
    return address.rpartition("@")[2].strip().rstrip(".").casefold() if "@" in address else ""


def is_free_mail(domain: str) -> bool:
    """True where anybody can have an address."""
    return domain in FREE_MAIL_DOMAINS


def is_own(domain: str, own_domains: Collection[str]) -> bool:
    """True for one of our domains and what lies below it."""
    return any(domain == own or domain.endswith("." + own) for own in map(str.casefold, own_domains) if own)


def is_no_reply(address: str) -> bool:
    """True for `no-reply@`, `donotreply@` and their kin."""
    return _NO_REPLY.match(address.partition("@")[0]) is not None


def is_mail_machine(address: str) -> bool:
    """True for the senders of bounces."""
    return address.partition("@")[0].casefold() in _MACHINES
