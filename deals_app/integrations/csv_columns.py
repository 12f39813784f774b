"""Which column of a table means which field: our own names, the mission's, and those of the vendors' exports.

The names are column_names/, a module for each language. Sources of the vendors' names: HubSpot deal exports as public
importers test them, Salesforce report labels and API names of Opportunity, Pipedrive's published sample ("Deal -
Title"). Columns not known here are kept as custom fields. What values say is value_guesses.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from deals_app.domain.letters import plain_letters
from deals_app.domain.matching import fold, without_invisible
from deals_app.integrations.column_names import LANGUAGES

Preset = Literal["hubspot", "salesforce", "pipedrive"]

CUSTOM: Final = "custom"
IGNORE: Final = "ignore"
# "custom:Region" keeps a column as the custom field "Region".
_NAMED: Final = "custom:"
LONGEST_CUSTOM_NAME: Final = 100


class Field(NamedTuple):
    """A target of the mapping form. `fills` are the fields of DealDraft it speaks of."""

    key: str
    label: str
    fills: tuple[str, ...]


# In the order of the mapping form. A close date serves open and closed deals alike, see DealDraft.
FIELDS: Final[tuple[Field, ...]] = (
    Field("name", "Deal name", ("name",)),
    Field("company", "Company", ("company",)),
    Field("value", "Value", ("value_minor",)),
    Field("currency", "Currency", ("currency",)),
    Field("stage", "Stage", ("stage_text",)),
    Field("status", "Status (open, won, lost)", ("stage_text",)),
    Field("probability", "Probability", ("probability",)),
    Field("close_date", "Close date (expected or actual)", ("expected_close_on", "closed_on")),
    Field("expected_close_date", "Expected close date", ("expected_close_on",)),
    Field("actual_close_date", "Actual close date", ("closed_on",)),
    Field("won_date", "Won on", ("closed_on",)),
    Field("lost_date", "Lost on", ("closed_on",)),
    Field("owner", "Owner", ("owner_text",)),
    Field("contact_email", "Contact e-mail", ("contact_email",)),
    Field("contact_name", "Contact name", ("contact_name",)),
    Field("description", "Description", ("description",)),
    Field("source", "Source", ("source",)),
    Field("tags", "Tags", ("tags",)),
    Field("external_id", "Id in the other system", ("external_id",)),
    Field("pipeline", "Pipeline", ("pipeline_text",)),
    Field("created_at", "Created on", ("created_on",)),
    Field("loss_reason", "Loss reason", ("loss_reason",)),
    Field(CUSTOM, "Keep as a custom field", ()),
    Field(IGNORE, "Leave out", ()),
)

BY_KEY: Final[Mapping[str, Field]] = {field.key: field for field in FIELDS}


def _plain(name: str) -> str:
    """What names of columns are compared by: folded, without accents."""
    return plain_letters(fold(name))


_TARGETS: Final[Mapping[str, str]] = {
    # The last to come wins: so our own keys, and of the languages the first.
    **{
        _plain(name): key
        for language in reversed(LANGUAGES)
        for key, names in language.items()
        for name in names.split(", ")
    },
    **{_plain(field.key): field.key for field in FIELDS},
}
# Behind the columns of a file whose rejected rows were given back to be corrected.
REASONS: Final = ("line", "reason")
# Figures the vendors derive from other columns; as custom fields they would go stale.
_DERIVED: Final = frozenset(
    [
        "isclosedlost",
        "isclosedwon",
        "isclosed",
        "iswon",
        "isdeleted",
        "expectedrevenue",
        "expectedrevenuecurrency",
        "weightedamount",
        "weightedvalue",
        "fiscalperiod",
        "fiscalyear",
        "fiscalquarter",
        "age",
        "forecastcategory",
        "forecastcategoryname",
    ]
)
# Pipedrive puts the kind of object before every name ("Deal - Title"), Salesforce reports before some.
_OBJECT_OF: Final[Mapping[Preset, str]] = {"hubspot": "deal", "salesforce": "opportunity", "pipedrive": "deal"}
_OBJECTS: Final = ("", "deal", "opportunity", "affaire", "negocio", "trato")
_PIPEDRIVES_PREFIX: Final = re.compile(r"\s*(?:deal|affaire|negocio|trato) - ")
# Columns that no other system's export has, in the languages their names are translated to.
_HUBSPOTS_ID: Final = frozenset(["recordid", "datensatzid", "iddefichedinformations", "idderegistro", "iddoregistro"])
_SALESFORCES: Final = frozenset(
    [
        "opportunityname",
        "opportunityowner",
        "opportunityinhaber",
        "nomdelopportunite",
        "proprietairedelopportunite",
        "nombredelaoportunidad",
        "propietariodeoportunidad",
        "nomedaoportunidade",
        "proprietariodaoportunidade",
        "opportunitynaam",
    ]
)


class MappingProblem(ValueError):
    """A mapping that does not fit the file; the message is a sentence for people."""


# Beyond this length it is a text, not the name of a column; also keeps texts out of the cache.
_LONGEST_NAME: Final = 100


def known_target(header_cell: str) -> str | None:
    """The key of the field that a column of this name means, "ignore" for derived figures, None when not known."""
    return _known_target(header_cell) if len(header_cell) <= _LONGEST_NAME else None


@lru_cache(maxsize=1024)
def _known_target(header_cell: str) -> str | None:
    folded = _plain(header_cell)
    if folded in _DERIVED:
        return IGNORE
    for prefix in _OBJECTS:
        if folded.startswith(prefix) and (target := _TARGETS.get(folded.removeprefix(prefix))):
            return target
    return None


def without_reasons(header: Sequence[str]) -> Sequence[str]:
    """The columns that a file had before its rejected rows were given back with REASONS."""
    return header[: -len(REASONS)] if tuple(header[-len(REASONS) :]) == REASONS else header


def guess_preset(header: Sequence[str]) -> Preset | None:
    """Whose export this is, by columns that no other has."""
    folded = {_plain(cell) for cell in header}
    if any(_PIPEDRIVES_PREFIX.match(plain_letters(cell)) for cell in header):
        return "pipedrive"
    of_deals = {known_target(cell) for cell in header if _plain(cell) not in {"name", "stage"}}
    if folded & _HUBSPOTS_ID and of_deals & {"name", "stage"}:
        return "hubspot"
    if folded & _SALESFORCES:
        return "salesforce"
    if "stagename" in folded and folded & {"accountid", "isclosed", "iswon", "ownerid", "forecastcategory"}:
        return "salesforce"
    return None


def guess_mapping(
    header: Sequence[str], preset: Preset | None = None, *, chosen: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Each column of `header` -> the key of one of FIELDS; columns nobody knows become "custom".

    `chosen` is what a person said about some columns (compared without case, blanks and punctuation, targets by key,
    any known spelling of it, or "custom:Name" for a custom field of that name); it goes before every guess. Where two
    columns would mean the same field, one is taken and the other kept as custom: under a preset the one named after
    the vendor's object, else the first.

    Raises MappingProblem for a column of `chosen` that the file lacks, an unknown target, a target chosen twice, and a
    custom field without a name, with a long one, or with that of another column kept as one.
    """
    decided = _checked_choice(header, chosen or {})
    if without_reasons(header) != header:
        decided = dict.fromkeys(REASONS, IGNORE) | decided
    taken = set(decided.values())
    own = _OBJECT_OF[preset] if preset else ""
    mapping = dict.fromkeys(header, CUSTOM) | decided
    # The vendor's own columns first: beside "Opportunity Name", a report's "Name" is somebody else's.
    for column in sorted(header, key=lambda column: not fold(column).startswith(own)):
        target = known_target(column) or CUSTOM
        if column not in decided and (target not in taken or target == IGNORE):
            mapping[column] = target
            taken.add(target)
    _refuse_twins(mapping)
    return mapping


def kept_as(column: str, target: str) -> str | None:
    """The name of the custom field that a column becomes; None when it becomes something else."""
    if target == CUSTOM:
        return column
    return target.removeprefix(_NAMED) if target.startswith(_NAMED) else None


def _refuse_twins(mapping: Mapping[str, str]) -> None:
    """Two columns under one name would overwrite each other, row by row."""
    columns: dict[str, str] = {}
    for column, target in mapping.items():
        if (name := kept_as(column, target)) is None:
            continue
        if other := columns.get(name.casefold()):
            message = f"“{other}” and “{column}” would both be the custom field “{name}”; name one of them differently"
            raise MappingProblem(message)
        columns[name.casefold()] = column


def _checked_choice(header: Sequence[str], chosen: Mapping[str, str]) -> dict[str, str]:
    columns = {fold(column): column for column in header}
    decided: dict[str, str] = {}
    for written, target_text in chosen.items():
        column = columns.get(fold(written))
        if column is None:
            message = f"The mapping names the column “{written}”, which the file does not have"
            raise MappingProblem(message)
        target = _chosen_target(column, target_text)
        if target is None:
            message = (
                f"“{target_text}” is not a field; use one of {', '.join(BY_KEY)}, or custom:Name for a custom field"
            )
            raise MappingProblem(message)
        if target in decided.values() and target in BY_KEY and target not in {CUSTOM, IGNORE}:
            message = f"The mapping fills “{target}” from two columns; choose one of them"
            raise MappingProblem(message)
        decided[column] = target
    return decided


def _chosen_target(column: str, text: str) -> str | None:
    if not text.startswith(_NAMED):
        return text if text in BY_KEY else _TARGETS.get(_plain(text))
    name = without_invisible(text.removeprefix(_NAMED)).strip()
    if not name or len(name) > LONGEST_CUSTOM_NAME:
        message = f"The custom field for “{column}” needs a name of 1 to {LONGEST_CUSTOM_NAME} characters"
        raise MappingProblem(message)
    return CUSTOM if name == column else _NAMED + name
