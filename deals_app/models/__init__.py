"""Tables as Python sees them. Their invariants are held by the database (migrations/); a test compares the two."""

from deals_app.models.analysis import DealAnalysis
from deals_app.models.around import Attachment, Collaborator, Competitor, Contact, StoredFile, StoredFilePart
from deals_app.models.connections import Connection, ConnectionSync
from deals_app.models.deals import Activity, Customer, Deal, DealEvent, ExternalRef, Pipeline, Stage
from deals_app.models.forms import Form
from deals_app.models.intake import Import, ImportFile, ImportRow, InboundItem, IngestionCount, OutboxRow
from deals_app.models.leads import Lead, LeadDeal
from deals_app.models.mailboxes import Mailbox, MailboxToken
from deals_app.models.requests import GivenAnswer
from deals_app.models.subscriptions import Subscription
from deals_app.models.tenancy import ApiKey, AuditEntry, FxRate, Membership, Tenant, User, UserSession, Workspace
from deals_app.models.views import SavedView
from deals_app.models.webhooks import WebhookDelivery, WebhookEndpoint

__all__ = [
    "Activity",
    "ApiKey",
    "Attachment",
    "AuditEntry",
    "Collaborator",
    "Competitor",
    "Connection",
    "ConnectionSync",
    "Contact",
    "Customer",
    "Deal",
    "DealAnalysis",
    "DealEvent",
    "ExternalRef",
    "Form",
    "FxRate",
    "GivenAnswer",
    "Import",
    "ImportFile",
    "ImportRow",
    "InboundItem",
    "IngestionCount",
    "Lead",
    "LeadDeal",
    "Mailbox",
    "MailboxToken",
    "Membership",
    "OutboxRow",
    "Pipeline",
    "SavedView",
    "Stage",
    "StoredFile",
    "StoredFilePart",
    "Subscription",
    "Tenant",
    "User",
    "UserSession",
    "WebhookDelivery",
    "WebhookEndpoint",
    "Workspace",
]
