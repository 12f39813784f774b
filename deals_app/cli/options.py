"""What all commands have in common: --data-dir and --json after any of them, the settings, the way to answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from deals_app.domain.errors import DealsError
from deals_app.embedded.processes import EmbeddedError
from deals_app.settings import Settings, SettingsError, settings_from_environment

_DATA_DIR = "deals.data_dir"
_JSON = "deals.json"


def settings() -> Settings:
    """The settings of this call: the environment, and --data-dir above it."""
    return settings_from_environment(data_dir=click.get_current_context().meta.get(_DATA_DIR))


def wants_json() -> bool:
    """Whether --json was given."""
    return bool(click.get_current_context().meta.get(_JSON))


def answer(values: Mapping[str, Any] | Sequence[Any], text: str) -> None:
    """Print the result on stdout: `values` as one JSON document with --json, else the text for people."""
    click.echo(json.dumps(values, ensure_ascii=False) if wants_json() else text)


def require(settings: Settings, *names: str) -> None:
    """Refuse to go on without these environment variables, naming the first that is missing."""
    for name in names:
        if not getattr(settings, name.lower()):
            message = f"{name} is not set. `deals up` starts engines of its own; this command needs servers to talk to."
            raise SettingsError(message)


class Command(click.Command):
    """A command that knows the common options and turns our own refusals into a message and exit code 1."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Add the common options to the command's own."""
        super().__init__(*args, **kwargs)
        self.params += _common_options()

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a traceback is for bugs only."""
        try:
            return super().invoke(ctx)
        except (SettingsError, EmbeddedError, DealsError) as problem:
            raise click.ClickException(str(problem)) from problem


class Group(click.Group):
    """A group whose commands are of the class above."""

    command_class = Command
    group_class = type


def new_command(name: str) -> Callable[[Callable[..., Any]], Command]:
    """`@new_command("web")`: a top-level command."""
    return click.command(name, cls=Command)


def new_group(name: str) -> Callable[[Callable[..., Any]], Group]:
    """`@new_group("tenant")`: a top-level group of commands."""
    return click.group(name, cls=Group)


def _common_options() -> list[click.Parameter]:
    return [
        click.Option(
            ["--data-dir"],
            type=click.Path(path_type=Path, file_okay=False),
            help="Where the instance lives.  [default: DEALS_DATA_DIR or .data]",
            expose_value=False,
            callback=_remember(_DATA_DIR),
        ),
        click.Option(
            ["--json"],
            is_flag=True,
            help="Print machine-readable JSON.",
            expose_value=False,
            callback=_remember(_JSON),
        ),
    ]


def _remember(key: str) -> Callable[[click.Context, click.Parameter, object], None]:
    """Options that every command has would be noise in every signature; the context carries them."""

    def callback(ctx: click.Context, _parameter: click.Parameter, value: object) -> None:
        if value:
            ctx.meta[key] = value

    return callback
