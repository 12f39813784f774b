"""Dutch: the vendors' own translations, and what people call their columns in Excel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

NAMES: Final[Mapping[str, str]] = {
    "name": "Naam, Titel, Dealnaam, Naam van deal, Naam deal, Opportunitynaam, Verkoopkans, Naam verkoopkans",
    "company": (
        "Bedrijf, Bedrijfsnaam, Naam bedrijf, Klant, Klantnaam, Accountnaam, Organisatie, Gekoppeld bedrijf, "
        "Bijbehorend bedrijf"
    ),
    "value": "Waarde, Bedrag, Dealwaarde, Dealbedrag, Omzet",
    "currency": "Valuta, Munteenheid, Valutacode, Valuta van waarde",
    "stage": "Fase, Dealfase, Stadium, Verkoopfase, Fase (pijplijn)",
    "status": "Dealstatus, Toestand",
    "probability": "Waarschijnlijkheid, Waarschijnlijkheid (%), Kans, Kans (%), Slagingskans, Winkans",
    "close_date": "Sluitdatum, Sluitingsdatum, Afsluitdatum",
    "expected_close_date": "Verwachte sluitdatum, Verwachte sluitingsdatum, Verwachte afsluitdatum",
    "actual_close_date": "Gesloten op, Werkelijke sluitdatum, Afgesloten op",
    "won_date": "Gewonnen op, Datum gewonnen",
    "lost_date": "Verloren op, Datum verloren",
    "owner": "Eigenaar, Deal-eigenaar, Eigenaar van deal, Eigenaar deal, Verantwoordelijke, Verkoper, Toegewezen aan",
    "contact_email": "E-mailadres, Mailadres, E-mail contactpersoon",
    "contact_name": "Contactpersoon, Naam contactpersoon, Contactnaam, Gekoppeld contact",
    "description": "Omschrijving, Beschrijving, Notitie, Notities, Opmerking, Opmerkingen",
    "source": "Bron, Leadbron, Herkomst",
    "tags": "Labels, Trefwoord, Trefwoorden",
    "external_id": "Record-ID, Deal-ID, Opportunity-ID",
    "pipeline": "Pijplijn, Dealpijplijn, Verkooppijplijn",
    "created_at": "Aanmaakdatum, Aangemaakt op, Gemaakt op, Aangemaakt",
    "loss_reason": "Reden van verlies, Verliesreden, Reden verlies, Verloren reden",
}
