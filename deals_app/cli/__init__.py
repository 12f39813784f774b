"""The `deals` commands. A module in this package with a top-level `command` is one: `api_key.py` is `deals api-key`.

A module is imported when its command is asked for, so `deals web` never waits for what only `deals import` needs.
A trailing underscore keeps Python's own words apart: `import_.py` is `deals import`.
"""

from __future__ import annotations

import importlib
import pkgutil

import click

from deals_app.cli.options import Group


class _Commands(Group):
    """Finds the commands by looking."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """All modules; those without a command are dropped by `get_command` when the help is written."""
        return sorted(_command_name(module.name) for module in pkgutil.iter_modules(__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (click's signature)
        """Import the module that bears the command's name."""
        for module in pkgutil.iter_modules(__path__):
            if _command_name(module.name) == cmd_name and not module.name.startswith("__"):
                found = getattr(importlib.import_module(f"{__name__}.{module.name}"), "command", None)
                return found if isinstance(found, click.Command) else None
        return None


def _command_name(module_name: str) -> str:
    return module_name.rstrip("_").replace("_", "-")


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Deals: a sales pipeline. Every command takes --data-dir and --json, and has --help."""
