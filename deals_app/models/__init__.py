"""Tables as Python sees them. Their invariants are held by the database (migrations/); a test compares the two."""

from deals_app.models.deals import Activity, Customer, Deal, DealEvent, ExternalRef, Pipeline, Stage
from deals_app.models.intake import Import, ImportFile, ImportRow, InboundItem, OutboxRow
from deals_app.models.requests import GivenAnswer
from deals_app.models.tenancy import ApiKey, AuditEntry, FxRate, Membership, Tenant, User, UserSession, Workspace

__all__ = [
    "Activity",
    "ApiKey",
    "AuditEntry",
    "Customer",
    "Deal",
    "DealEvent",
    "ExternalRef",
    "FxRate",
    "GivenAnswer",
    "Import",
    "ImportFile",
    "ImportRow",
    "InboundItem",
    "Membership",
    "OutboxRow",
    "Pipeline",
    "Stage",
    "Tenant",
    "User",
    "UserSession",
    "Workspace",
]
