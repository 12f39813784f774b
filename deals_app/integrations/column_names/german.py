"""German: the vendors' own translations, and what people call their columns in Excel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

NAMES: Final[Mapping[str, str]] = {
    "name": (
        "Deal-Name, Dealname, Titel, Deal-Titel, Opportunity-Name, Bezeichnung, Verkaufschance, Geschäft, "
        "Name der Verkaufschance, Name des Deals, Auftrag, Projektname"
    ),
    "company": (
        "Firma, Firmenname, Unternehmen, Unternehmensname, Name des Unternehmens, Kunde, Kundenname, Accountname, "
        "Organisation, Zugeordnetes Unternehmen, Zugehöriges Unternehmen"
    ),
    "value": "Wert, Betrag, Summe, Dealwert, Deal-Wert, Auftragswert, Umsatz, Volumen, Höhe des Deals",
    "currency": "Währung, Währungscode, Währung des Werts, Betrag Währung, Währung des Betrags",
    "stage": "Phase, Dealphase, Deal-Phase, Stufe, Verkaufsphase, Vertriebsphase, Phase (Pipeline)",
    "status": "Zustand, Deal-Status",
    "probability": "Wahrscheinlichkeit, Wahrscheinlichkeit in %, Abschlusswahrscheinlichkeit, Gewinnwahrscheinlichkeit",
    "close_date": "Abschlussdatum, Schlusstermin, Datum des Abschlusses, Schließdatum",
    "expected_close_date": (
        "Erwartetes Abschlussdatum, Voraussichtliches Abschlussdatum, Geplantes Abschlussdatum, Erwarteter Abschluss"
    ),
    "actual_close_date": "Geschlossen am, Abgeschlossen am, Tatsächliches Abschlussdatum",
    "won_date": "Gewonnen am, Gewinndatum, Gewonnen-Zeit, Zeitpunkt gewonnen",
    "lost_date": "Verloren am, Verlustdatum, Verloren-Zeit, Zeitpunkt verloren",
    "owner": (
        "Besitzer, Inhaber, Verantwortlicher, Verantwortlich, Zuständig, Zuständiger Mitarbeiter, Deal-Besitzer, "
        "Dealinhaber, Opportunity-Inhaber, Verkäufer, Vertriebsmitarbeiter, Bearbeiter, "
        "Für Deal zuständiger Mitarbeiter"
    ),
    "contact_email": "E-Mail, E-Mail-Adresse, Mailadresse, Kontakt E-Mail, Ansprechpartner E-Mail",
    "contact_name": "Kontakt, Kontaktperson, Ansprechpartner, Ansprechpartnerin, Kontaktname, Name des Kontakts",
    "description": "Beschreibung, Dealbeschreibung, Notiz, Notizen, Bemerkung, Bemerkungen, Kommentar, Anmerkung",
    "source": "Quelle, Lead-Quelle, Herkunft, Leadquelle",
    "tags": "Schlagwort, Schlagworte, Schlagwörter, Stichwort, Stichwörter, Etikett, Kennzeichnung",
    "external_id": "Datensatz-ID, Deal-ID, Opportunity-ID, Datensatznummer",
    "pipeline": "Deal-Pipeline, Verkaufspipeline, Vertriebspipeline",
    "created_at": "Erstellt am, Erstelldatum, Erstellungsdatum, Angelegt am, Anlagedatum, Erstellt, Deal erstellt am",
    "loss_reason": "Verlustgrund, Grund für Verlust, Grund des Verlusts, Verloren-Grund, Grund der Absage",
}
