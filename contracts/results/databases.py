"""Names of the databases in ClickHouse."""

from __future__ import annotations

from typing import Final

ANALYST_DATABASE: Final = "pantau"
"""Database of the public views, the only one that analysts may name."""

STORE_DATABASE: Final = "pantau_store"
"""Database of the storage tables, which analysts may not name."""

OTHER_DATABASES: Final = (STORE_DATABASE, "system", "default", "information_schema")
"""Every database that an analyst's text may not reach into by a dotted name."""
