"""The command `pantau`: each module of `pantau.commands` adds one command."""

from __future__ import annotations

import sys
from typing import Final

import typer

from chassis import logs
from chassis.datadir import keep_private
from chassis.operator_error import OperatorError
from pantau.commands.develop import bench, schema_next, simulate
from pantau.commands.operate import (
    audit,
    init,
    letters_command,
    list_settings,
    missing,
    notices_command,
    replay,
    status,
    up,
)
from pantau.commands.provide import daily, desk, device, export, region, wall

_EPILOG = """Start here: `pantau up --simulate` runs a simulated kabupaten on this machine.
Other commands find a running installation by --data-dir, by PANTAU_DATA_DIR, or in ./data.
`pantau settings` lists all settings."""

_COMMANDS: Final = (
    audit,
    bench,
    letters_command,
    daily,
    desk,
    device,
    export,
    init,
    region,
    replay,
    missing,
    notices_command,
    schema_next,
    list_settings,
    simulate,
    status,
    up,
    wall,
)


def build() -> typer.Typer:
    """The command with all its subcommands."""
    app = typer.Typer(
        name="pantau",
        help="Pantau: supervision of free school meals as a stream of events, windows and a wall.",
        epilog=_EPILOG,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    # A group even while it has one command: `pantau up`, never `pantau`.
    app.callback()(lambda: None)
    for command in _COMMANDS:
        command.register(app)
    return app


def main() -> None:
    """Run it. What cannot be done ends in one line on stderr and exit code 1."""
    keep_private()
    # Libraries' and rooms' logs go to stderr too: stdout carries only what a command promises.
    logs.configure("pantau", "warning")
    try:
        build()()
    except OperatorError as error:
        sys.stderr.write(f"pantau: {error}\n")
        sys.exit(1)
