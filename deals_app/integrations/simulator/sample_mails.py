"""Mails as leads and colleagues write them, made up by us: what the simulated mailbox holds at the start."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

_TO: Final = "sales@deals.example"

_PLAIN: Final = (
    (
        "Jonas Weber <j.weber@nordlicht-optik.example>",
        "Enquiry: 50 licences",
        "Hello,\n\nwe would like an offer for 50 licences. Our budget is 12,500 EUR.\n\nJonas Weber\nNordlicht Optik\n",
    ),
    (
        "Amélie Durand <amelie@cafe-lumiere.example>",
        "Devis pour trois boutiques — réponse avant juin",
        "Bonjour,\n\npourriez-vous nous envoyer un devis pour trois boutiques ?\n\nMerci\nAmélie\n",
    ),
    (
        '"Tanaka, Mei" <mei.tanaka@hoshi.example>',
        "契約のお問い合わせ",
        "お世話になっております。年間契約の見積もりをお願いします。\n\n田中\n",
    ),
    ("postmaster@deals.example", "Undelivered Mail Returned to Sender", "This is the mail system. 550 unknown user.\n"),
)


def sample_mails() -> list[bytes]:
    """Eight mails as they come over the wire: plain, HTML, with a file, a reply, an out-of-office note."""
    mails = [_mail(number, sender, subject, text) for number, (sender, subject, text) in enumerate(_PLAIN, 1)]
    return [each.as_bytes() for each in [*mails, _html(5), _with_file(6), _reply(7), _out_of_office(8)]]


def _mail(number: int, sender: str, subject: str, text: str) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = _TO
    mail["Subject"] = subject
    mail["Date"] = f"Mon, {number:02d} Jun 2026 09:{number:02d}:00 +0200"
    mail["Message-ID"] = f"<sample-{number}@mail.example>"
    mail.set_content(text, cte="base64" if not text.isascii() else "quoted-printable")
    return mail


def _html(number: int) -> EmailMessage:
    mail = _mail(number, "Rosa Lima <rosa@porto-textiles.example>", "Pricing for 200 seats?", "See the HTML part.\n")
    mail.add_alternative(
        "<html><body><p>Hi, what would <b>200 seats</b> cost per year? We have US$ 40,000.</p>"
        "<p>Rosa Lima<br>Porto Textiles</p></body></html>",
        subtype="html",
    )
    return _fixed(mail, number)


def _fixed(mail: EmailMessage, number: int) -> EmailMessage:
    """Python makes up another boundary each time."""
    mail.set_boundary(f"part-of-sample-{number}")
    return mail


def _with_file(number: int) -> EmailMessage:
    mail = _mail(number, "Sam Okoro <sam@lagos-water.example>", "Tender documents", "The tender is attached.\n")
    mail.add_attachment(b"%PDF-1.4\n%made up\n", maintype="application", subtype="pdf", filename="tender.pdf")
    return _fixed(mail, number)


def _reply(number: int) -> EmailMessage:
    text = "Yes, Thursday at ten works for us.\n\nOn Mon, 1 Jun 2026 you wrote:\n> Shall we talk on Thursday?\n"
    mail = _mail(number, "Jonas Weber <j.weber@nordlicht-optik.example>", "Re: Enquiry: 50 licences", text)
    mail["In-Reply-To"] = "<sample-1@mail.example>"
    mail["References"] = "<sample-1@mail.example>"
    return mail


def _out_of_office(number: int) -> EmailMessage:
    mail = _mail(number, "Rosa Lima <rosa@porto-textiles.example>", "Out of office", "I am back on Monday.\n")
    mail["Auto-Submitted"] = "auto-replied"
    return mail
