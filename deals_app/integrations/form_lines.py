"""The mails that web sites send for a filled-in form, with a line for each field: `Company: Rossi S.p.A.`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from deals_app.domain.email_address import is_email_address
from deals_app.domain.lengths import LONGEST_NAME
from deals_app.domain.letters import plain_letters
from deals_app.domain.matching import fold

_LINE: Final = re.compile(r"\s{0,20}[*_]{0,2}([^:：\n]{2,40}?)[*_]{0,2}\s{0,5}[:：][*_]{0,2}\s{0,20}(\S.{0,2000})")
_MOST_LINES: Final = 200
_FEWEST_FIELDS: Final = 2

# Folded labels in six languages, by what they say.
_LABELS: Final[Mapping[str, str]] = {
    plain_letters(fold(label)): target
    for target, labels in {
        "name": "name, full name, your name, contact name, nom complet, ihr name, nombre, nome, naam, nome e cognome",
        "first_name": "first name, vorname, prénom, nombre de pila, voornaam",
        "last_name": "last name, surname, family name, nachname, nom, nom de famille, apellido, apellidos, cognome,"
        " achternaam",
        "company": "company, company name, organisation, organization, firma, unternehmen, société, entreprise,"
        " empresa, azienda, società, bedrijf, bedrijfsnaam, 会社名",
        "email": "email, e-mail, email address, e-mail address, your email, mail, e-mail-adresse, adresse e-mail,"
        " correo, correo electrónico, indirizzo email, emailadres, メールアドレス",
        "phone": "phone, phone number, telephone, mobile, telefon, telefonnummer, téléphone, teléfono, telefono,"
        " telefoon",
        "company_size": "company size, team size, employees, number of employees, unternehmensgröße, mitarbeiter,"
        " effectif, tamaño de la empresa, numero di dipendenti",
        "product_interest": "product interest, product, interested in, interest, produkt, interesse,"
        " produit, producto, prodotto",
        "utm_source": "utm_source",
        "utm_medium": "utm_medium",
        "utm_campaign": "utm_campaign",
        "utm_term": "utm_term",
        "utm_content": "utm_content",
    }.items()
    for label in labels.split(",")
}
_OWN_FIELDS: Final = frozenset({"name", "first_name", "last_name", "company", "email"})


@dataclass(frozen=True)
class FormLines:
    """What a form asked for and got; `found_in` has the lines."""

    name: str | None
    email: str | None
    company: str | None
    facts: Mapping[str, str]
    found_in: Mapping[str, str]


def form_lines(text: str) -> FormLines | None:
    """The fields of a form in a mail's text; None when fewer than two lines look like fields."""
    fields: dict[str, str] = {}
    lines: dict[str, str] = {}
    for line in text.splitlines()[:_MOST_LINES]:
        found = _LINE.fullmatch(line[: _MOST_LINES * 10])
        target = _LABELS.get(plain_letters(fold(found[1]))) if found else None
        if found and target and target not in fields:
            fields[target] = found[2].strip()[:LONGEST_NAME]
            lines[target] = line.strip()[:LONGEST_NAME]
    if len(fields) < _FEWEST_FIELDS:
        return None
    email = fields.get("email", "").removeprefix("mailto:").strip("<> ")
    name = fields.get("name") or " ".join(filter(None, (fields.get("first_name"), fields.get("last_name"))))
    return FormLines(
        name=name or None,
        email=email if is_email_address(email) else None,
        company=fields.get("company"),
        facts={key: value for key, value in fields.items() if key not in _OWN_FIELDS},
        found_in={"company": lines["company"]} if "company" in lines else {},
    )
