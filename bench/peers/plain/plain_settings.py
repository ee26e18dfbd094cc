"""Where the plain build's parts find each other: `PLAIN_*` environment variables."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic_settings import BaseSettings, SettingsConfigDict

EVENTS: Final = "plain.events"
AREAS: Final = "plain.areas"
ROWS: Final = "plain.rows"
"""Topics: events by kitchen, what they add to areas by region, rows of all windows."""


class PlainSettings(BaseSettings):
    """`tokens`: JSON file, kitchen -> token; `registry`: an encoded `RegionRegistry`."""

    model_config = SettingsConfigDict(env_prefix="PLAIN_", frozen=True)

    broker: str
    home: Path
    tokens: Path
    registry: Path
    clickhouse_host: str = "127.0.0.1"
    clickhouse_port: int
    clickhouse_user: str = "writer"
    clickhouse_password: str
    ingest_port: int
    wall_port: int
    row_s: float = 1.0
    """Seconds between two rounds of rows, and of inserts."""
