"""Which column of a table means which field: our own names, the mission's, and those of the vendors' exports.

Sources of the vendors' names: HubSpot deal exports as public importers test them, Salesforce report labels and API
names of Opportunity, Pipedrive's published sample ("Deal - Title"). Columns not known here are kept as custom fields.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from deals_app.domain.matching import fold

Preset = Literal["hubspot", "salesforce", "pipedrive"]

CUSTOM: Final = "custom"
IGNORE: Final = "ignore"


class Field(NamedTuple):
    """A target of the mapping form. `fills` are the fields of DealDraft it speaks of, `also` its folded spellings."""

    key: str
    label: str
    fills: tuple[str, ...]
    also: str = ""


# In the order of the mapping form. A close date serves open and closed deals alike, see DealDraft.
FIELDS: Final[tuple[Field, ...]] = (
    Field("name", "Deal name", ("name",), "dealname dealtitle title deal opportunity opportunityname opportunitytitle"),
    Field(
        "company",
        "Company",
        ("company",),
        "companyname account accountname organization organisation organizationname organisationname customer "
        "customername client clientname associatedcompany associatedcompanyprimary",
    ),
    Field("value", "Value", ("value_minor",), "amount dealvalue dealamount opportunityamount"),
    Field(
        "currency",
        "Currency",
        ("currency",),
        "currencycode currencyisocode amountcurrency valuecurrency currencyofvalue opportunitycurrency",
    ),
    Field("stage", "Stage", ("stage_text",), "stagename dealstage pipelinestage salesstage stagepipeline"),
    Field("status", "Status (open, won, lost)", ("stage_text",), "dealstatus"),
    Field("probability", "Probability", ("probability",), "probabilitypercent dealprobability winprobability"),
    Field(
        "close_date",
        "Close date (expected or actual)",
        ("expected_close_on", "closed_on"),
        "closingdate dealclosedate",
    ),
    Field(
        "expected_close_date",
        "Expected close date",
        ("expected_close_on",),
        "expectedcloseon expectedclose expectedclosingdate estimatedclosedate forecastclosedate",
    ),
    Field("actual_close_date", "Actual close date", ("closed_on",), "closedon closeddate dateclosed dealclosedon"),
    Field("won_date", "Won on", ("closed_on",), "wontime wonon wondate"),
    Field("lost_date", "Lost on", ("closed_on",), "losttime loston lostdate"),
    Field(
        "owner", "Owner", ("owner_text",), "dealowner opportunityowner ownername ownerid assignedto salesrep salesagent"
    ),
    Field("contact_email", "Contact e-mail", ("contact_email",), "email emailaddress contactpersonemail personemail"),
    Field(
        "contact_name",
        "Contact name",
        ("contact_name",),
        "contact contactperson associatedcontact primarycontact personname",
    ),
    Field("description", "Description", ("description",), "dealdescription notes note comments"),
    Field("source", "Source", ("source",), "leadsource dealsource"),
    Field("tags", "Tags", ("tags",), "tag label labels"),
    Field("external_id", "Id in the other system", ("external_id",), "recordid id dealid opportunityid"),
    Field("pipeline", "Pipeline", ("pipeline_text",), "dealpipeline pipelinename"),
    Field(
        "created_at", "Created on", ("created_on",), "createdate createddate created creationdate dealcreated createdon"
    ),
    Field("loss_reason", "Loss reason", ("loss_reason",), "lossreason lostreason reasonlost closedlostreason"),
    Field(CUSTOM, "Keep as a custom field", ()),
    Field(IGNORE, "Leave out", ()),
)

BY_KEY: Final[Mapping[str, Field]] = {field.key: field for field in FIELDS}

_TARGETS: Final[Mapping[str, str]] = {
    spelling: field.key for field in FIELDS for spelling in (fold(field.key), *field.also.split())
}
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


class MappingProblem(ValueError):
    """A mapping that does not fit the file; the message is a sentence for people."""


# Beyond this length it is a text, not the name of a column; also keeps texts out of the cache.
_LONGEST_NAME: Final = 100


def known_target(header_cell: str) -> str | None:
    """The key of the field that a column of this name means, "ignore" for derived figures, None when not known."""
    return _known_target(header_cell) if len(header_cell) <= _LONGEST_NAME else None


@lru_cache(maxsize=1024)
def _known_target(header_cell: str) -> str | None:
    folded = fold(header_cell)
    if folded in _DERIVED:
        return IGNORE
    for prefix in ("", "deal", "opportunity"):
        if folded.startswith(prefix) and (target := _TARGETS.get(folded.removeprefix(prefix))):
            return target
    return None


def guess_preset(header: Sequence[str]) -> Preset | None:
    """Whose export this is, by columns that no other has."""
    folded = {fold(cell) for cell in header}
    if any(cell.strip().lower().startswith("deal - ") for cell in header):
        return "pipedrive"
    if "recordid" in folded and folded & {"dealname", "dealstage"}:
        return "hubspot"
    if folded & {"opportunityname", "opportunityowner"}:
        return "salesforce"
    if "stagename" in folded and folded & {"accountid", "isclosed", "iswon", "ownerid", "forecastcategory"}:
        return "salesforce"
    return None


def guess_mapping(
    header: Sequence[str], preset: Preset | None = None, *, chosen: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Each column of `header` -> the key of one of FIELDS; columns nobody knows become "custom".

    `chosen` is what a person said about some columns (compared without case, blanks and punctuation, targets by key or
    any known spelling of it); it goes before every guess. Where two columns would mean the same field, one is taken
    and the other kept as custom: under a preset the one named after the vendor's object, else the first.

    Raises MappingProblem for a column of `chosen` that the file lacks, an unknown target, and a target chosen twice.
    """
    decided = _checked_choice(header, chosen or {})
    taken = set(decided.values())
    own = _OBJECT_OF[preset] if preset else ""
    mapping = dict.fromkeys(header, CUSTOM) | decided
    # The vendor's own columns first: beside "Opportunity Name", a report's "Name" is somebody else's.
    for column in sorted(header, key=lambda column: not fold(column).startswith(own)):
        target = known_target(column) or CUSTOM
        if column not in decided and (target not in taken or target == IGNORE):
            mapping[column] = target
            taken.add(target)
    return mapping


def _checked_choice(header: Sequence[str], chosen: Mapping[str, str]) -> dict[str, str]:
    columns = {fold(column): column for column in header}
    decided: dict[str, str] = {}
    for written, target_text in chosen.items():
        column = columns.get(fold(written))
        if column is None:
            message = f"The mapping names the column “{written}”, which the file does not have"
            raise MappingProblem(message)
        target = target_text if target_text in BY_KEY else _TARGETS.get(fold(target_text))
        if target is None:
            message = f"“{target_text}” is not a field; use one of {', '.join(BY_KEY)}"
            raise MappingProblem(message)
        if target in decided.values() and target not in {CUSTOM, IGNORE}:
            message = f"The mapping fills “{target}” from two columns; choose one of them"
            raise MappingProblem(message)
        decided[column] = target
    return decided
