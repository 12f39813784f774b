"""What columns are called in six languages, and what their values say where their names say nothing."""

from __future__ import annotations

from datetime import date

import pytest

from deals_app.domain.stages import KNOWN_ALIASES, meaning_of_status
from deals_app.integrations.column_names import LANGUAGES
from deals_app.integrations.csv_columns import BY_KEY, MappingProblem, guess_mapping, guess_preset, known_target
from deals_app.integrations.value_guesses import guess_by_values
from tests.integrations.csv_files import only, read

EXPORTS = {
    "german": "Deal-Name;Firma;Betrag;Währung;Phase;Wahrscheinlichkeit (%);Abschlussdatum;Besitzer;Erstellt am;"
    "Verlustgrund",
    "french": "Nom de l'affaire;Société;Montant;Devise;Étape;Probabilité (%);Date de clôture;Propriétaire;"
    "Date de création;Motif de perte",
    "spanish": "Nombre del negocio;Empresa;Importe;Moneda;Etapa;Probabilidad (%);Fecha de cierre;Propietario;"
    "Fecha de creación;Motivo de pérdida",
    "portuguese": "Nome do negócio;Empresa;Valor;Moeda;Fase;Probabilidade (%);Data de fechamento;Responsável;Criado em;"
    "Motivo da perda",
    "dutch": "Dealnaam;Bedrijf;Bedrag;Valuta;Fase;Waarschijnlijkheid (%);Sluitdatum;Eigenaar;Aanmaakdatum;"
    "Reden van verlies",
}
MEANT = [
    "name", "company", "value", "currency", "stage", "probability", "close_date", "owner", "created_at", "loss_reason",
]  # fmt: skip


@pytest.mark.parametrize("language", EXPORTS)
def test_it_knows_the_columns_of_an_export_in_each_language(language: str) -> None:
    header = EXPORTS[language].split(";")

    assert [*guess_mapping(header).values()] == MEANT


@pytest.mark.parametrize("language", EXPORTS)
def test_accents_and_case_do_not_matter(language: str) -> None:
    typed = EXPORTS[language].upper().translate(str.maketrans("ÄÉÈÊÁÃÇÍÓÔ", "AEEEAACIOO")).split(";")

    assert [*guess_mapping(typed).values()] == MEANT


def test_every_name_is_of_a_field_and_means_the_same_in_every_language() -> None:
    said = [(name, key) for language in LANGUAGES for key, names in language.items() for name in names.split(", ")]

    assert {key for _, key in said} <= {*BY_KEY}
    assert [(name, key) for name, key in said if known_target(name) != key] == []


@pytest.mark.parametrize(
    ("header", "preset"),
    [
        (["Datensatz-ID", "Deal-Name", "Betrag"], "hubspot"),
        (["ID de fiche d'informations", "Nom de la transaction"], "hubspot"),
        (["Négocio - Título", "Organización"], "pipedrive"),
        (["Affaire - Titre", "Organisation"], "pipedrive"),
        (["Propriétaire de l'opportunité", "Nom du compte"], "salesforce"),
        (["Firma", "Titel"], None),
    ],
)
def test_it_knows_translated_exports(header: list[str], preset: str | None) -> None:
    assert guess_preset(header) == preset


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Gewonnen", "closed_won"),
        ("Perdu", "closed_lost"),
        ("Verhandlung", "negotiation"),
        ("negociacao", "negotiation"),
        ("Cierre perdido", "closed_lost"),
        ("Offerte", "proposal"),
        ("Qualifié", "qualified"),
    ],
)
def test_stages_are_known_in_each_language(text: str, key: str) -> None:
    draft = only(f"name,stage\nA,{text}\n")

    assert draft.stage_text == text
    assert KNOWN_ALIASES["".join(text.casefold().split())] == key


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        ("Offen", "open"),
        ("en cours", "open"),
        ("Ganado", "won"),
        ("Verloren", "lost"),
        ("Gelöscht", "gone"),
        ("x", None),
    ],
)
def test_a_status_is_known_in_each_language(status: str, meaning: str | None) -> None:
    assert meaning_of_status(status) == meaning


def test_a_long_text_is_no_status() -> None:
    assert meaning_of_status("won" * 1000) is None


@pytest.mark.parametrize(
    ("text", "minor", "currency"),
    [
        ("$1,234.50", 123450, "USD"),
        ("1.234,50 €", 123450, "EUR"),
        ("12 000", 1200000, None),
        ("1'234.50", 123450, None),
        ("1.2k", 120000, None),
        ("3M", 300000000, None),
        ("3,5 Mio. €", 350000000, "EUR"),
        ("USD 500", 50000, "USD"),
    ],
)
def test_money_is_read_as_people_write_it(text: str, minor: int, currency: str | None) -> None:
    draft = only(f'name\tvalue\nA\t"{text}"\n')

    assert (draft.value_minor, draft.currency) == (minor, currency)


def test_a_column_is_kept_under_the_name_that_was_typed() -> None:
    mapping = guess_mapping(["name", "Rgn", "x"], chosen={"rgn": "custom: Region ", "x": "custom:x"})

    assert mapping == {"name": "name", "Rgn": "custom:Region", "x": "custom"}
    (draft,) = read("name,Rgn\nA,North\n", chosen={"Rgn": "custom:Region"}).drafts
    assert draft.custom == {"Region": "North"}


@pytest.mark.parametrize(
    ("chosen", "says"),
    [
        ({"a": "custom:"}, "1 to 100 characters"),
        ({"a": "custom:" + "x" * 101}, "1 to 100 characters"),
        ({"a": "custom:Region", "b": "custom:region"}, "both be the custom field"),
        ({"a": "custom:b"}, "both be the custom field"),
    ],
)
def test_a_custom_field_needs_a_name_of_its_own(chosen: dict[str, str], says: str) -> None:
    with pytest.raises(MappingProblem, match=says):
        guess_mapping(["name", "a", "b"], chosen=chosen)


def test_values_speak_where_names_say_nothing() -> None:
    header = ["A", "B", "C", "D", "E", "F", "G"]
    rows = [
        ["Rollout", "x@acme.example", "$1,200.50", "60%", "3 March 2027", "Proposal", "EUR"],
        ["Pilot", "y@acme.example", "€ 900", "5 %", "4 mai 2027", "Gewonnen", "USD"],
    ]

    assert guess_by_values(header, rows, guess_mapping(header)) == dict(
        zip(header, ["custom", "contact_email", "value", "probability", "close_date", "stage", "currency"], strict=True)
    )


@pytest.mark.parametrize(
    ("header", "row"),
    [
        # Two columns fit, or the file has such a column already, or the digits may be anything.
        (["A", "B"], ["2027-03-01", "2027-04-01"]),
        (["Close Date", "B"], ["2027-03-01", "2027-04-01"]),
        (["A", "B"], ["46174", "1234"]),
        (["A", "B"], ["", ""]),
    ],
)
def test_values_that_leave_a_choice_say_nothing(header: list[str], row: list[str]) -> None:
    mapping = guess_mapping(header)

    assert guess_by_values(header, [row], mapping) == mapping


def test_names_of_months_are_dates_in_six_languages() -> None:
    found = read(
        "name\tclose date\n"
        + "".join(
            f"A\t{day}\n"
            for day in (
                "1 June 2026",
                "1. Juni 2026",
                "1er juin 2026",
                "1 de junio de 2026",
                "1 de junho de 2026",
                "1 juni 2026",
            )
        )
    )

    assert {draft.expected_close_on for draft in found.drafts} == {date(2026, 6, 1)}


def test_a_date_that_reads_both_ways_is_told() -> None:
    assert read("name,close date\nA,03/04/2026\n").shape.open_date == "03/04/2026"
    assert read("name,close date\nA,03/04/2026\nB,25/04/2026\n").shape.open_date is None
    assert read("name,close date\nA,03/03/2026\n").shape.open_date is None
    assert read("name,close date\nA,2026-03-04\n").shape.open_date is None
