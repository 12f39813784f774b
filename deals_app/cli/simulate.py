"""`deals simulate`: HubSpot, Salesforce, a mailbox or a language model on this machine, to try things out with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from deals_app.cli.options import answer, new_group
from deals_app.embedded.processes import EmbeddedError
from deals_app.embedded.stop_signals import StopSignals
from deals_app.integrations.simulator.hubspot import SECRET, HubSpot
from deals_app.integrations.simulator.llm import LanguageModel
from deals_app.integrations.simulator.mail import PASSWORD, USER, Mail, served_mailbox
from deals_app.integrations.simulator.salesforce import Salesforce
from deals_app.integrations.simulator.serving import Faults, Simulation, served

_FAULTS = (
    click.option("--too-many-requests", default=0, help="So many calls are refused with 429."),
    click.option("--failures", default=0, help="So many calls fail with 500."),
    click.option("--slow-seconds", default=0.0, help="Every call waits so long."),
    click.option("--duplicates", is_flag=True, help="Everything is sent twice."),
    click.option("--disorder", is_flag=True, help="The last is sent first."),
    click.option("--gaps", is_flag=True, help="Every second thing is lost."),
)
_PORT = click.option("--port", default=0, help="0 takes a free one.")


def _with_faults(function: Callable[..., None]) -> Callable[..., None]:
    for option in reversed((_PORT, *_FAULTS)):
        function = option(function)
    return function


@new_group("simulate")
def command() -> None:
    """Another system on this machine. Everything in it is made up; POST /_faults changes what goes wrong."""


@command.command("hubspot")
@click.option("--deals", default=300, help="How many deals the account has.")
@click.option("--webhook-url", default="", help="Where events go when POST /_change changes a deal.")
@click.option("--secret", default=SECRET, show_default=True, help="Signs those events.")
@_with_faults
def hubspot(deals: int, webhook_url: str, secret: str, port: int, **faults: Any) -> None:
    """HubSpot: set HUBSPOT_API_URL to the address printed."""
    simulation = HubSpot(deal_count=deals, webhook_url=webhook_url, secret=secret, faults=Faults(**faults))
    _serve(simulation, port)


@command.command("salesforce")
@click.option("--deals", default=300, help="How many opportunities the organisation has.")
@click.option("--message-url", default="", help="Where Outbound Messages go when POST /_change changes one.")
@_with_faults
def salesforce(deals: int, message_url: str, port: int, **faults: Any) -> None:
    """Salesforce: set SALESFORCE_LOGIN_URL to the address printed."""
    _serve(Salesforce(deal_count=deals, message_url=message_url, faults=Faults(**faults)), port)


@command.command("mail")
@click.option("--imap-port", default=0, help="0 takes a free one.")
@_with_faults
def mail(imap_port: int, port: int, **faults: Any) -> None:
    """A mailbox over IMAP with eight mails in it; POST a raw mail to /_deliver to add one."""
    simulation = Mail(faults=Faults(**faults))
    try:
        with served_mailbox(simulation, imap_port) as listening:
            click.echo(f"IMAP on 127.0.0.1:{listening} for {USER} with the password {PASSWORD}", err=True)
            _serve(simulation, port)
    except OSError as problem:
        raise _taken(problem) from problem


@command.command("llm")
@_with_faults
def llm(port: int, **faults: Any) -> None:
    """A language model: set LLM_BASE_URL to the address printed, with /v1 behind it."""
    _serve(LanguageModel(faults=Faults(**faults)), port)


def _serve(simulation: Simulation, port: int) -> None:
    """Until a signal to stop comes."""
    try:
        with StopSignals() as signals, served(simulation, port) as address:
            answer({"url": address}, f"Ready on {address}")
            while not signals.is_stopping:
                signals.wait(None)
    except OSError as problem:
        raise _taken(problem) from problem


def _taken(problem: OSError) -> EmbeddedError:
    return EmbeddedError(f"The port cannot be used: {problem.strerror}. Choose another one, or none.")
