"""The guard of analysts' statements. Denies by default; the engine's own parser reads them.

chDB runs every statement as one user that may do all, and even under `readonly = 1` it still
honours `INTO OUTFILE`, the function `file()`, KILL and USE. So before an analyst's statement runs:

1. `formatQuery` turns it into the parser's own canonical text: one statement, no comments, literals
   and names escaped. That text, not the analyst's, is judged and run.
2. `FORMAT x` is cut off its end. A query is put in brackets, where neither FORMAT nor INTO OUTFILE
   can stand, and `EXPLAIN AST` lists its nodes, with query parameters already filled in.
3. Each node must be of a known harmless type; each table unqualified (the current database is
   `pantau`), in `pantau`, or harmless metadata; each function in an allowed category of
   `system.functions`; no other identifier may begin with the name of another database
   (`x IN pantau_store.t` names a table where a column could stand).
   The rules read one line at a time, never at nesting, so that a name with a line break in
   it can add lines, which can only be refused, but never hide one.
4. Other statements (SHOW, DESCRIBE, EXISTS, EXPLAIN) must match one of a few narrow patterns.
5. Tables of metadata are read through views that hide what is not public (`front/metadata.py`): the
   text is changed and judged once more, and then may name none of those tables.

Views are ours: what they read is not checked. SHOW sees database `pantau` only
(`additional_table_filters` of the profile), and `readonly = 1` stands behind all this.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from contracts.results.databases import ANALYST_DATABASE, OTHER_DATABASES
from engines.clickhouse.engine import Handle, quoted
from engines.clickhouse.engine_errors import ClickHouseError, refused
from engines.clickhouse.front.metadata import VIEWED, named, through_views, view_of
from engines.clickhouse.protocol import words

_HARMLESS_NODES: Final = words(
    "SelectWithUnionQuery SelectIntersectExceptQuery SelectQuery ExpressionList Subquery "
    "WithElement TablesInSelectQuery TablesInSelectQueryElement TableExpression TableJoin "
    "ArrayJoin SampleRatio Literal Asterisk QualifiedAsterisk ColumnsRegexpMatcher "
    "ColumnsListMatcher QualifiedColumnsRegexpMatcher QualifiedColumnsListMatcher "
    "ColumnsTransformerList ColumnsExceptTransformer ColumnsReplaceTransformer "
    "ColumnsReplaceTransformer::Replacement OrderByElement InterpolateElement "
    "WindowDefinition WindowListElement"
)
"""Without `ColumnsApplyTransformer`, which does not say what it applies, and `Set` (SETTINGS)."""

_METADATA_TABLES: Final = frozenset(
    f"system.{name}"
    for name in words(
        "tables columns databases settings functions table_functions formats data_type_families one numbers "
        "numbers_mt zeros time_zones table_engines contributors licenses"
    )
)
_KNOWN_TABLES: Final = _METADATA_TABLES | VIEWED
_PUBLIC_TABLES: Final = (_METADATA_TABLES - VIEWED) | {view_of(table) for table in VIEWED}
_TABLE_FUNCTIONS: Final = words(
    "numbers numbers_mt zeros zeros_mt generateseries generate_series values null sqlstandardvalues"
)
_CATEGORIES: Final = (
    "Aggregate Functions",
    "Arithmetic",
    "Arrays",
    "Bit",
    "Bitmap",
    "Comparison",
    "Conditional",
    "Dates and Times",
    "Distance",
    "Encoding",
    "Encryption",
    "Financial",
    "Geo",
    "Geo Polygon",
    "Hash",
    "IP Address",
    "JSON",
    "Logical",
    "Map",
    "Mathematical",
    "Null",
    "NumericIndexedVector",
    "Random Number",
    "Rounding",
    "String",
    "String Replacement",
    "String Search",
    "String Splitting",
    "Time Window",
    "Tuple",
    "Type Conversion",
    "URL",
    "UUID",
)
"""Functions that only compute. Not here: AI, dictionaries, introspection, models, and `Other`."""
_OTHER_FUNCTIONS: Final = words(
    "_CAST lambda exists bar byteSize countDigits currentDatabase currentUser "
    "defaultValueOfArgumentType defaultValueOfTypeName displayName revision formatReadableDecimalSize "
    "formatReadableQuantity formatReadableSize formatReadableTimeDelta getSubcolumn hostName "
    "identity ignore isConstant materialize neighbor parseReadableSize parseTimeDelta "
    "rowNumberInAllBlocks rowNumberInBlock runningAccumulate runningDifference "
    "toColumnTypeName "
    "toTypeName transform uptime variantElement variantType version visibleWidth "
    "finalizeAggregation dumpColumnStructure isDecimalOverflow"
)
_UNBOUNDED: Final = words(
    "editdistance editdistanceutf8 levenshteindistance levenshteindistanceutf8 "
    "dameraulevenshteindistance jarosimilarity jarowinklersimilarity arraylevenshteindistance "
    "arraylevenshteindistanceweighted arraysimilarity"
)
"""Functions whose time grows with the square of one value's length: no limit ends them within it."""
_COMBINATORS: Final = words(
    "SimpleState OrDefault OrNull Distinct Resample ArgMin ArgMax ForEach Array Merge State "
    "Map Null If"
)

_NODE: Final = re.compile(r" *([A-Za-z:]+)(?: (.*?))?(?: \(alias .*\))?(?: \(children \d+\))?")
_FORMAT: Final = re.compile(r"\s+FORMAT (\w+)\s*\Z")
_NAME: Final = rf"(?:{ANALYST_DATABASE}\.)?\w+"
_STRING: Final = r"'(?:[^'\\]|\\.)*'"
_LIKE: Final = rf"(?:\s+(?:NOT )?I?LIKE {_STRING})?(?:\s+LIMIT \d+)?"
_STATEMENTS: Final = re.compile(
    rf"(?:SHOW DATABASES{_LIKE}"
    rf"|SHOW (?:FULL )?TABLES(?: FROM {ANALYST_DATABASE})?{_LIKE}"
    rf"|SHOW (?:EXTENDED )?(?:FULL )?COLUMNS FROM \w+(?: FROM {ANALYST_DATABASE})?{_LIKE}"
    rf"|DESCRIBE TABLE {_NAME}"
    rf"|EXISTS (?:TABLE|VIEW) {_NAME}"
    rf"|EXISTS DATABASE {ANALYST_DATABASE})\s*"
)
_EXPLAIN: Final = re.compile(
    r"EXPLAIN(?: (?:AST|SYNTAX|QUERY TREE))"
    r"(?:\s+[a-z_]+ = \d(?:, [a-z_]+ = \d)*)?\s+((?:SELECT|WITH|\()[\s\S]*)"
)
_DESCRIBED: Final = re.compile(r"DESCRIBE(?: TABLE)?\s+\(\s*((?:SELECT|WITH)[\s\S]*)\)\s*")
_QUERY: Final = re.compile(r"(?:SELECT|WITH|\()[\s\S]*")


@dataclass(frozen=True, slots=True)
class Judged:
    """A statement that may run: canonical text without FORMAT, and the format it asked for."""

    sql: str
    fmt: str | None


def _denied(what: str) -> ClickHouseError:
    return refused(
        497,
        "ACCESS_DENIED",
        f"Not enough privileges: {what}. Analysts may read the views of database "
        f"{ANALYST_DATABASE}: SELECT, SHOW TABLES, DESCRIBE, EXPLAIN SYNTAX",
    )


class Guard:
    """Judges statements. Built once, from the functions that this engine has."""

    def __init__(self, handle: Handle) -> None:
        """Read `system.functions`, `system.table_functions` and `system.databases`."""
        categories = ", ".join(quoted(category) for category in _CATEGORIES)
        others = ", ".join(quoted(name) for name in sorted(_OTHER_FUNCTIONS))
        allowed = _column(
            handle,
            "WITH good AS (SELECT name FROM system.functions WHERE origin = 'System' "
            f"AND (categories IN ({categories}) OR name IN ({others}))) "
            "SELECT name FROM good UNION DISTINCT "
            "SELECT name FROM system.functions WHERE alias_to IN (SELECT name FROM good)",
        )
        reads = {
            name.lower() for name in _column(handle, "SELECT name FROM system.table_functions")
        }
        by_lower = {name.lower() for name in allowed} | {name.lower() for name in _OTHER_FUNCTIONS}
        # `format` is the one name of a harmless function and of a table function (of a literal).
        self._functions = (by_lower - _UNBOUNDED - (reads - {"format"})) | _TABLE_FUNCTIONS
        aggregates = _column(handle, "SELECT name FROM system.functions WHERE is_aggregate")
        self._aggregates = {name.lower() for name in aggregates} & self._functions

    def judge(self, handle: Handle, sql: str) -> Judged:
        """Let `sql` through, or raise: ACCESS_DENIED, or the engine's own error of syntax.

        `handle` must hold the session (parameters, database) that the statement will run in.
        """
        canonical = handle.query(f"SELECT formatQuery({quoted(sql)})", "TSVRaw")[0].decode()
        canonical = canonical.removesuffix("\n")
        found = _FORMAT.search(canonical)
        fmt = found[1] if found else None
        body = canonical[: found.start()] if found else canonical
        inner = _EXPLAIN.fullmatch(body) or _DESCRIBED.fullmatch(body)
        query = inner[1] if inner else body
        if inner or _QUERY.fullmatch(body):
            if self._judge_query(handle, query, _KNOWN_TABLES):
                viewed = through_views(query)
                self._judge_query(handle, viewed, _PUBLIC_TABLES)
                body = body.replace(query, viewed)
        elif not _STATEMENTS.fullmatch(body):
            raise _denied(f"the statement {body.split(maxsplit=1)[0]} is not allowed as written")
        return Judged(body, fmt)

    def _judge_query(self, handle: Handle, query: str, tables: frozenset[str]) -> bool:
        """Whether `query` reads metadata that is not public; `tables` that it may name."""
        try:
            # Canonical text of the parser's own; reading its nodes runs nothing.
            explain = f"EXPLAIN AST SELECT * FROM (\n{query}\n)"
            tree = handle.query(explain, "TSVRaw")[0].decode()
        except ClickHouseError as error:
            if error.code != 62:
                raise
            # What cannot stand in brackets: INTO OUTFILE, PARALLEL WITH and their like.
            raise _denied("only a plain query is allowed") from None
        # A set, not a generator: each node is judged.
        return True in {self._judge_node(line, tables) for line in tree.splitlines()}

    def _judge_node(self, line: str, tables: frozenset[str]) -> bool:
        found = _NODE.fullmatch(line)
        if found is None:
            if line:
                raise _denied("a name with a line break is not allowed")
            return False
        kind, name = found[1], found[2] or ""
        if kind == "TableIdentifier":
            _judge_table(name, tables)
            return named(name) in VIEWED
        if kind == "Function":
            self._judge_function(name)
        elif kind == "Identifier":
            _judge_identifier(name, tables)
        elif kind == "Set":
            raise _denied("SETTINGS are not allowed in the text; send them as URL parameters")
        elif kind not in _HARMLESS_NODES:
            raise _denied(f"{kind} is not allowed")
        return False

    def _judge_function(self, name: str) -> None:
        database, dot, view = name.partition(".")
        if dot and database == ANALYST_DATABASE and view.isidentifier():
            return  # A view with parameters.
        if name.lower() not in self._functions and not self._is_combined(name):
            raise _denied(f"function {name} is not allowed")

    def _is_combined(self, name: str) -> bool:
        """Whether `name` is an allowed aggregate function with combinators, as in `sumIfOrNull`."""
        for suffix in _COMBINATORS:
            if name.endswith(suffix):
                base = name.removesuffix(suffix)
                if base.lower() in self._aggregates or self._is_combined(base):
                    return True
        return False


_OTHER_DATABASE: Final = re.compile(
    rf"[`\"]?(?:pantau_(?!metadata\b)\w+|{'|'.join(OTHER_DATABASES)})[`\"]?\.", re.IGNORECASE
)


def _judge_table(name: str, tables: frozenset[str]) -> None:
    database, dot, table = name.partition(".")
    mine = not dot or (database == ANALYST_DATABASE and "." not in table)
    if not name or not (mine or named(name) in tables):
        raise _denied(f"table {name or '{Identifier}'} is not allowed")


def _judge_identifier(name: str, tables: frozenset[str]) -> None:
    table, _, column = name.rpartition(".")
    if "." in table and named(table) in tables and column:
        return  # A column of metadata by its full name. A table alone has one part less.
    if _OTHER_DATABASE.match(name):
        raise _denied(f"{name} is not allowed")


def _column(handle: Handle, sql: str) -> list[str]:
    return handle.query(sql, "TSVRaw")[0].decode().splitlines()
