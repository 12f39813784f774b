"""What the people of the demo write: notes, next steps, reasons. `{contact}` and its kin are filled in by the plan."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Loss:
    """A reason that deals are lost for, how often by the stage they got to, and what is noted."""

    reason: str
    weights: tuple[int, ...]
    rivals: float
    notes: tuple[str, ...]


RIVALS = ("Polarlog", "Trackhaven", "Monivera", "Sentrivo", "Coldframe")

MOVED: Sequence[Sequence[str]] = (
    (),
    (
        "First call with {contact}: budget is there, the decision is made by operations.",
        "{contact} confirmed the need; their current loggers are read out by hand once a week.",
        "Good fit. {contact} wants to see it running before the summer shutdown.",
        "{contact} runs the project, {other} signs. They look at two vendors.",
        "They had two spoiled deliveries last quarter, so this is urgent for {contact}.",
        "Discovery done: four systems to connect, {contact} sends the list of sites.",
        "Met {contact} at the trade fair; they want numbers per site.",
        "Audit findings in spring: they have to document temperatures without gaps.",
    ),
    (
        "Offer sent to {contact}, split by site as they asked.",
        "Offer is out. {contact} presents it to the board.",
        "Sent two variants: with and without the service plan. {other} leans to the first.",
        "Demo went well, {contact} asked for the offer in writing.",
        "Priced with the volume discount from 50 units up.",
        "{contact} needs the offer before their budget round closes.",
        "Site survey is done; the offer covers the gateways as well.",
    ),
    (
        "{contact} agreed on scope; purchasing takes over from here.",
        "Legal has the contract. {other} expects remarks within a week.",
        "They ask for 5 % and payment in two parts. Offered 3 % against a two-year term.",
        "Security questionnaire came in, 84 questions. Ours to answer.",
        "Verbal yes from {contact}. Waiting for the order number.",
        "Terms are agreed but for the liability clause.",
        "Reference call with another customer went very well.",
    ),
)
# A renewal is talked about differently: they know the product.
MOVED_TO_RENEW: Sequence[Sequence[str]] = (
    (),
    (
        "Usage review with {contact}: 92 % of the sensors report daily.",
        "{contact} is happy; {other} wants to compare prices before renewing.",
        "Sent the usage report. Two sites were closed, so the number of units goes down.",
        "{other} is new in charge, showed them around the dashboard.",
    ),
    (
        "{contact} asks for last year's price. Offered it for three years.",
        "Renewal offer is out, with the two new sites in it.",
        "Purchasing wants a month to cancel; legal is looking at it.",
    ),
)
WON = (
    "Signed. {contact} wants to start with the first site next month.",
    "Purchase order received from {other}.",
    "Won it on response time: they had our offer within a day.",
    "Contract is back, countersigned. Kick-off is planned.",
    "{contact} pushed it through their board. Say thank you!",
    "Signed after the reference visit.",
)
LOSSES = (
    Loss(
        reason="No answer",
        weights=(34, 12, 5, 2),
        rivals=0.0,
        notes=("Four mails, three calls, no answer. Closing it.", "{contact} has gone quiet since the first call."),
    ),
    Loss(
        reason="Not a fit",
        weights=(26, 14, 3, 0),
        rivals=0.0,
        notes=("They need weighing scales, not sensors.", "Too small for us: two fridges in one shop."),
    ),
    Loss(
        reason="No budget this year",
        weights=(14, 26, 18, 8),
        rivals=0.0,
        notes=(
            "{contact} has to wait for next year's budget.",
            "Spending is frozen, {other} says ask again in January.",
        ),
    ),
    Loss(
        reason="Chose a competitor",
        weights=(5, 14, 30, 34),
        rivals=1.0,
        notes=(
            "They stay with one vendor for the whole group, and it is not us.",
            "{contact}: the other side had the integration ready made.",
            "Lost on delivery time; they need it running in three weeks.",
        ),
    ),
    Loss(
        reason="Price",
        weights=(5, 12, 26, 30),
        rivals=0.55,
        notes=("We were 18 % above the cheapest offer.", "{other} would not go above last year's price."),
    ),
    Loss(
        reason="Project stopped",
        weights=(8, 14, 12, 14),
        rivals=0.0,
        notes=("The new plant is postponed, so is this.", "{contact} has left the company; nobody carries it on."),
    ),
    Loss(
        reason="Missing feature",
        weights=(8, 8, 6, 5),
        rivals=0.3,
        notes=(
            "They need offline readings for 30 days; we hold seven.",
            "No connector for their ERP, and they insist.",
        ),
    ),
    Loss(
        reason="Failed security review",
        weights=(0, 0, 0, 7),
        rivals=0.0,
        notes=("Their IT wants everything on their own servers.",),
    ),
)
LOSSES_AT_RENEWAL = (
    Loss(
        reason="Price",
        weights=(20, 36, 40),
        rivals=0.5,
        notes=("{other} would not go above last year's price.", "They found it 20 % cheaper elsewhere."),
    ),
    Loss(
        reason="Chose a competitor",
        weights=(20, 34, 40),
        rivals=1.0,
        notes=("The group has one vendor now, and it is not us.", "{contact}: the others do the alarms by phone."),
    ),
    Loss(
        reason="No longer needed",
        weights=(60, 30, 20),
        rivals=0.0,
        notes=("The site was sold.", "{contact} has left; nobody looked at the dashboard any more."),
    ),
)
WENT_BACK = (
    "{contact} starts over: new requirements from operations. Back to scoping.",
    "Their tender is restarted, the offer is void.",
    "{other} has taken over from {contact} and wants to see the whole thing again.",
    "Scope doubled. Needs a new survey before we can price it.",
)
REOPENED = (
    "{contact} called: the other vendor cannot deliver before autumn.",
    "Budget was released after all, {contact} wants a fresh offer.",
    "They came back to us after a bad pilot with the competitor.",
    "{other} has overruled the decision; we are in again.",
    "Closed by mistake: it was the duplicate that should have gone.",
)
SLIPPED = (
    "{contact} moved the decision: their board meets only once a quarter.",
    "Signature slips: legal is on holiday.",
    "They wait for the audit report before they sign.",
    "Go-live moves with the new building, so does the order.",
)
ON_LEAVE = "{leaver} is on leave until {until}; {cover} takes over."
NOTES = (
    "{contact} prefers calls before ten in the morning.",
    "Asked for a reference in their trade; sent two.",
    "Spoke with purchasing; they want the offer split by site.",
    "Their IT wants to know where the data lives. Sent the one-pager.",
    "{other} is our champion; {contact} still sceptical about the battery life.",
    "They use loggers from {rival} at one site and are not happy with them.",
    "The pilot freezer has been running for two weeks without a gap.",
    "Price is not the problem, the installation at night is.",
    "Sent photos of a comparable installation.",
    "{contact} is on leave until the 1st; follow up afterwards.",
)
# Next steps, by kind; planned, and later perhaps done.
NEXT: Mapping[str, Sequence[str]] = {
    "call": (
        "Call {contact} about the number of sites",
        "Call {contact}: what did the board say?",
        "Call {other} about delivery dates",
        "Ring purchasing for the order number",
        "Call {contact} after their site visit",
    ),
    "email": (
        "Send {contact} the revised offer",
        "Send the security questionnaire back to {other}",
        "Mail {contact} the two references",
        "Send the case study on spoilage",
        "Ask {other} for the list of devices",
    ),
    "meeting": (
        "Demo for {contact} and the operations team",
        "Site walk with {contact}",
        "Pricing meeting with {other}",
        "Meet {contact} and IT about the connection",
        "Kick-off of the pilot with {contact}",
    ),
    "task": (
        "Prepare the offer in two variants",
        "Check the discount with the manager",
        "Survey the floor plans that {contact} sent",
        "Fill in the supplier form",
        "Write up the results of the pilot",
    ),
}


def loss_at(chance: random.Random, losses: Sequence[Loss], stage: int) -> Loss:
    """Why a deal is lost in its n-th open stage."""
    return chance.choices(losses, [loss.weights[stage] for loss in losses])[0]


class Script:
    """The words of one deal: texts with its people filled in; none is said twice before all are said."""

    def __init__(self, chance: random.Random, names: Mapping[str, str]) -> None:
        self._chance, self._names = chance, names
        self._said: set[str] = set()

    def say(self, texts: Sequence[str]) -> str:
        """One of the texts."""
        left = [text for text in texts if text not in self._said] or list(texts)
        text = self._chance.choice(left)
        self._said.add(text)
        return text.format(**self._names)
