"""French: the vendors' own translations, and what people call their columns in Excel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

NAMES: Final[Mapping[str, str]] = {
    "name": (
        "Nom, Titre, Intitulé, Affaire, Nom de l'affaire, Titre de l'affaire, Transaction, Nom de la transaction, "
        "Opportunité, Nom de l'opportunité, Nom du deal"
    ),
    "company": (
        "Société, Nom de la société, Entreprise, Nom de l'entreprise, Entreprise associée, Compte, Nom du compte, "
        "Client, Nom du client, Organisation, Raison sociale"
    ),
    "value": "Montant, Valeur, Valeur de l'affaire, Montant de la transaction, Montant HT, Chiffre d'affaires",
    "currency": "Devise, Monnaie, Code devise, Devise du montant, Devise de la valeur",
    "stage": (
        "Étape, Phase, Étape de vente, Phase de la transaction, Étape de la transaction, Étape de l'affaire, "
        "Étape de l'opportunité, Étape du pipeline"
    ),
    "status": "Statut, État, Statut de l'affaire",
    "probability": "Probabilité, Probabilité (%), Probabilité de gain, Chances de succès",
    "close_date": "Date de clôture, Date de fermeture, Date de signature, Clôture",
    "expected_close_date": (
        "Date de clôture prévue, Date de clôture estimée, Date de clôture prévisionnelle, Date de fermeture prévue, "
        "Clôture prévue, Clôture prévue le"
    ),
    "actual_close_date": "Clôturé le, Clôturée le, Fermé le, Date de clôture réelle",
    "won_date": "Gagné le, Gagnée le, Date de gain, Date du gain",
    "lost_date": "Perdu le, Perdue le, Date de perte",
    "owner": (
        "Propriétaire, Propriétaire de la transaction, Propriétaire de l'opportunité, Propriétaire de l'affaire, "
        "Responsable, Commercial, Vendeur, Attribué à, Assigné à"
    ),
    "contact_email": "E-mail, Courriel, Adresse e-mail, Adresse électronique, E-mail du contact, Mail",
    "contact_name": "Contact, Nom du contact, Personne à contacter, Interlocuteur, Contact associé, Contact principal",
    "description": "Description, Remarque, Remarques, Commentaire, Commentaires, Note, Notes",
    "source": "Source, Origine, Origine de la piste, Source du lead, Source de la piste, Provenance",
    "tags": "Étiquette, Étiquettes, Libellé, Mots-clés, Mot-clé",
    "external_id": (
        "Identifiant, ID de l'affaire, ID de la transaction, ID de l'opportunité, ID de l'enregistrement, "
        "ID de fiche d'informations"
    ),
    "pipeline": "Pipeline, Pipeline de vente, Pipeline de transactions",
    "created_at": "Date de création, Créé le, Créée le, Création, Date d'ajout",
    "loss_reason": (
        "Motif de perte, Raison de la perte, Raison de perte, Motif de la perte, Raison de fermeture perdue"
    ),
}
