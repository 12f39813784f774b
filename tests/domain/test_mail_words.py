"""Subjects, domains, names and companies of mails."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deals_app.domain.company_names import company_in_text, company_of_domain
from deals_app.domain.mail_domains import is_free_mail, is_no_reply, is_own
from deals_app.domain.mail_subjects import announces_absence, bare_subject, is_forwarded
from deals_app.domain.person_names import split_name


@pytest.mark.parametrize(
    "subject",
    [
        "Offer", "Re: Offer", "RE: Re: Fwd: Offer", "AW: WG: Offer", "Antw: Offer", "TR: Offer", "RV: Offer",
        "I: Offer", "R: Offer", "Re[2]: Offer", "RE：Offer", "  Re :  Offer ", "Enc: Offer", "Réf : Offer",
    ],
)  # fmt: skip
def test_it_cuts_what_mail_programs_put_before_a_subject(subject: str) -> None:
    assert bare_subject(subject) == "Offer"


@pytest.mark.parametrize("subject", ["Reorder", "I need a quote", "Trial: 30 days", "Rates: 2026", "Referral: Acme"])
def test_it_leaves_what_only_looks_like_it(subject: str) -> None:
    assert bare_subject(subject) == subject


@pytest.mark.parametrize(
    ("subject", "passed_on"), [("Fwd: x", True), ("WG: x", True), ("Re: Fwd: x", False), ("x", False)]
)
def test_it_knows_what_was_passed_on(subject: str, *, passed_on: bool) -> None:
    assert is_forwarded(subject) is passed_on


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: Proposal", "Out of Office", "Out of the office: back on Monday", "Autoreply", "Auto: Offer",
        "Automatische Antwort: Angebot", "Abwesenheitsnotiz", "Réponse automatique : Devis", "Respuesta automática: x",
        "Risposta automatica: x", "Automatisch antwoord: x", "Resposta automática: x", "自動返信: お見積り",
    ],
)  # fmt: skip
def test_it_knows_an_absence(subject: str) -> None:
    assert announces_absence(subject)


@pytest.mark.parametrize(
    "subject", ["Out of office furniture", "Automation project", "Re: Automatic reply: x", "Absolute", ""]
)
def test_it_knows_what_is_no_absence(subject: str) -> None:
    assert not announces_absence(subject)


@pytest.mark.parametrize(
    "address", ["no-reply@a.b", "noreply@a.b", "DoNotReply@a.b", "do-not-reply@a.b", "gmail-noreply@a.b"]
)
def test_it_knows_who_does_not_answer(address: str) -> None:
    assert is_no_reply(address)


@pytest.mark.parametrize("address", ["noah@a.b", "jane@noreply.example", "donna.reply@a.b", "nora@a.b"])
def test_it_knows_who_does(address: str) -> None:
    assert not is_no_reply(address)


def test_it_knows_our_domains_and_free_ones() -> None:
    assert is_own("ourco.example", {"OurCo.example"})
    assert is_own("in.ourco.example", {"ourco.example"})
    assert not is_own("notourco.example", {"ourco.example"})
    assert not is_own("", {""})
    assert is_free_mail("gmail.com")
    assert not is_free_mail("company.com")


@pytest.mark.parametrize(
    ("text", "label", "company"),
    [
        ("Hello,\n\nJohn Smith\nVP Operations, Prospect Corp\n+1 555", "prospect-corp", "Prospect Corp"),
        ("We at Acme Inc. want", "acme", "Acme Inc."),
        ("see https://acme.example or jane@acme.example", "acme", None),
        ("Émile Zöller\nSociété Générique SA", "societe", "Société Générique SA"),
        ("Viele Grüße\nJane\nMüller & Söhne GmbH", "other", "Müller & Söhne GmbH"),
        ("株式会社山田の山田です。", "yamada", "株式会社山田"),
        ("we want it as soon as", None, None),
        ("", "acme", None),
    ],
)
def test_it_finds_the_company_in_a_text(text: str, label: str | None, company: str | None) -> None:
    assert company_in_text(text, label) == company


def test_it_makes_a_name_of_a_domain() -> None:
    assert company_of_domain("prospect-corp") == "Prospect Corp"
    assert company_of_domain("mueller-gmbh") == "Mueller GmbH"


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("John Smith", ("John", "Smith")),
        ("Lee, Dana", ("Dana", "Lee")),
        ("Ana María de la Cruz", ("Ana María de la", "Cruz")),
        ("山田太郎", ("山田太郎", None)),
        (",", (None, None)),
        (" ", (None, None)),
        (None, (None, None)),
    ],
)
def test_it_splits_a_name(name: str | None, parts: tuple[str | None, str | None]) -> None:
    assert split_name(name) == parts


@given(st.text(), st.text())
def test_nothing_raises(text: str, label: str) -> None:
    company = company_in_text(f"{text}\nAcme {label} Inc", label)
    assert company is None or company
    split_name(text)
    assert len(bare_subject(text)) <= len(text)
    announces_absence(text)
