"""`pantau settings`: what can be set, from the one place where it is defined."""

from __future__ import annotations

from typing import Any, get_origin

import typer
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from chassis.settings import Settings

_PREFIX = str(Settings.model_config.get("env_prefix", ""))


def _default(field: FieldInfo) -> str:
    value: Any = field.default
    if isinstance(value, SecretStr):
        return "(none)"
    if isinstance(value, tuple):
        return ",".join(value) or "(none)"
    return str(value)


def _choices(field: FieldInfo) -> str:
    """` One of real, demo.` where the type lists its values, else nothing."""
    annotation: Any = field.annotation
    if str(get_origin(annotation)) != "typing.Literal":
        return ""
    return f" One of {', '.join(annotation.__args__)}."


def describe() -> str:
    """Every setting with its default and meaning, in the order of the source."""
    lines = []
    for name, field in Settings.model_fields.items():
        lines.append(f"{_PREFIX}{name.upper()}={_default(field)}")
        lines.append(f"    {field.description}{_choices(field)}")
    return "\n".join(lines)


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("settings", short_help="List every setting: default and meaning.")
    def settings() -> None:
        """List every setting (PANTAU_* environment variables): default and meaning.

        Options of a command win over the environment. Secrets are better left in the data dir.

        \b
        Example:
          PANTAU_LOG_LEVEL=debug pantau up --simulate
        """
        typer.echo(describe())
