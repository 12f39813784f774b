"""The records of the simulated Salesforce organisation: opportunities, accounts, users, stages; the same each time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from deals_app.integrations.salesforce_ids import long_id

ORGANIZATION: Final = "00D5e000000AbCdEAK"
_BEGIN: Final = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
_PLACES: Final = ("Bergen", "Lyon", "Porto", "Graz", "Osaka", "Lagos", "Malmö", "Denver")
_TRADES: Final = ("Shipping", "Steel", "Pharma", "Media", "Water")
_WANTS: Final = ("SLA", "Generators", "Licences", "Upgrade", "Training")
_USERS: Final = (("Jane Doe", "jane@example.com"), ("Omar Haddad", "omar@example.com"))

# Salesforce's standard value set of stages: name, chance in percent, closed, won.
STAGES: Final = (
    ("Prospecting", 10, False, False),
    ("Qualification", 10, False, False),
    ("Needs Analysis", 20, False, False),
    ("Value Proposition", 50, False, False),
    ("Id. Decision Makers", 60, False, False),
    ("Perception Analysis", 70, False, False),
    ("Proposal/Price Quote", 75, False, False),
    ("Negotiation/Review", 90, False, False),
    ("Closed Won", 100, True, True),
    ("Closed Lost", 0, True, False),
)


def as_text(moment: datetime) -> str:
    """As Salesforce writes it: 2026-01-05T09:00:00.000+0000. It counts whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def opportunities(count: int) -> dict[str, dict[str, Any]]:
    """So many opportunities by their long id, with the names of their account and owner."""
    made: dict[str, dict[str, Any]] = {}
    for number in range(count):
        account = number * 7 % (len(_PLACES) * len(_TRADES))
        place, trade = _PLACES[account % len(_PLACES)], _TRADES[account // len(_PLACES)]
        name, chance, is_closed, is_won = STAGES[number * 3 % len(STAGES)]
        key = long_id(f"0065e0000{number:06d}")
        # Four at a time change in one second, as they do when somebody edits a list.
        changed = as_text(_BEGIN + timedelta(minutes=17 * (number // 4)))
        made[key] = {
            "Id": key,
            "Name": f"{place} {trade}: {_WANTS[number % len(_WANTS)]} {number + 1}",
            "Amount": None if number % 13 == 0 else 5000.0 + 1250.5 * number,
            "StageName": name,
            "Probability": float(chance),
            "CloseDate": (_BEGIN + timedelta(days=20 + number % 150)).date().isoformat(),
            "IsClosed": is_closed,
            "IsWon": is_won,
            "IsDeleted": False,
            "AccountId": long_id(f"0015e0000{account:06d}"),
            "Account.Name": f"{place} {trade}",
            "OwnerId": long_id(f"0055e0000{number % len(_USERS):06d}"),
            "Owner.Name": _USERS[number % len(_USERS)][0],
            "Owner.Email": _USERS[number % len(_USERS)][1],
            "Description": None,
            "LeadSource": "Phone Inquiry" if number % 4 == 0 else None,
            "Type": "New Customer",
            "CreatedDate": as_text(_BEGIN),
            "LastModifiedDate": changed,
            "SystemModstamp": changed,
        }
    return made


def stages() -> list[dict[str, Any]]:
    """The rows of OpportunityStage."""
    return [
        {
            "ApiName": name,
            "MasterLabel": name,
            "DefaultProbability": float(chance),
            "IsClosed": is_closed,
            "IsWon": is_won,
            "IsActive": True,
            "SortOrder": order + 1,
        }
        for order, (name, chance, is_closed, is_won) in enumerate(STAGES)
    ]
