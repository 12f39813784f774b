"""What stages and states of deals are called in the six languages whose exports we read. Data only; see stages.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# By our default key; German, French, Spanish, Portuguese, Dutch.
STAGE_WORDS: Final[Mapping[str, str]] = {
    "lead": (
        "Erstkontakt, Interessent, Neu, Kontaktaufnahme, Termin vereinbart, Prospection, Premier contact, Prospect, "
        "Rendez-vous planifié, Prospección, Prospecto, Primer contacto, Cita programada, Prospecção, Primeiro contato, "
        "Contato realizado, Reunião agendada, Prospect benaderd, Eerste contact, Afspraak gepland"
    ),
    "qualified": (
        "Qualifiziert, Qualifizierung, Bedarfsanalyse, Qualifié, Qualifiée, Analyse des besoins, Calificado, "
        "Cualificado, Calificación, Análisis de necesidades, Qualificado, Qualificação, Análise de necessidades, "
        "Gekwalificeerd, Kwalificatie, Behoefteanalyse"
    ),
    "proposal": (
        "Angebot, Angebot erstellt, Angebot gesendet, Angebot abgegeben, Proposition, Proposition envoyée, Devis, "
        "Devis envoyé, Offre, Propuesta, Propuesta enviada, Presupuesto, Cotización, Oferta, Proposta, "
        "Proposta enviada, Orçamento, Voorstel, Offerte, Offerte verstuurd"
    ),
    "negotiation": (
        "Verhandlung, In Verhandlung, Verhandlungen, Vertrag gesendet, Négociation, En négociation, Contrat envoyé, "
        "Negociación, En negociación, Contrato enviado, Negociação, Em negociação, Onderhandeling, In onderhandeling, "
        "Contract verzonden"
    ),
    "closed_won": (
        "Gewonnen, Abgeschlossen - Gewonnen, Abgeschlossen und gewonnen, Geschlossen - Gewonnen, "
        "Erfolgreich abgeschlossen, Auftrag erhalten, Gagné, Gagnée, Fermé gagné, Fermée gagnée, Conclu, Signé, "
        "Clôturé gagné, Ganado, Ganada, Cerrado ganado, Cierre ganado, Cerrada ganada, Ganho, Ganha, Fechado ganho, "
        "Fechado e ganho, Negócio fechado, Vencido, Gesloten gewonnen, Gesloten - gewonnen"
    ),
    "closed_lost": (
        "Verloren, Abgeschlossen - Verloren, Abgeschlossen und verloren, Geschlossen - Verloren, Absage, "
        "Perdu, Perdue, Fermé perdu, Fermée perdue, Clôturé perdu, Perdido, Perdida, Cerrado perdido, Cierre perdido, "
        "Cerrada perdida, Fechado perdido, Fechado e perdido, Gesloten verloren, Gesloten - verloren"
    ),
}

OPEN_WORDS: Final = (
    "Open, Active, In progress, Offen, Aktiv, In Bearbeitung, Laufend, Ouvert, Ouverte, En cours, Abierto, Abierta, "
    "En curso, En proceso, Activo, Aberto, Aberta, Em aberto, Em andamento, Ativo, Openstaand, Lopend, Actief"
)
# Deals that the other system has put away.
GONE_WORDS: Final = (
    "Deleted, Archived, Gelöscht, Archiviert, Supprimé, Supprimée, Archivé, Eliminado, Eliminada, Archivado, Excluído, "
    "Excluída, Apagado, Arquivado, Verwijderd, Gearchiveerd"
)
