"""`pantau dead-letters`: what was refused, sent again once its cause is mended, or laid aside with a reason."""

from __future__ import annotations

import getpass
from collections import Counter
from collections.abc import Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
import typer

from chassis.operator_error import OperatorError
from pantau.commands.text_table import text_table
from pantau.installation import running_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clickhouse_connect.driver.client import Client

    from pantau.letters.letter_store import LetterFilter, StoredLetter
    from pantau.letters.retry_plan import NoRetry, PlannedRetry

_MOST: Final = 10_000
_DETAIL: Final = 60


class LetterState(StrEnum):
    """What became of a letter."""

    OPEN = "open"
    SENT = "sent"
    DISCARDED = "discarded"
    ALL = "all"


_Ids = Annotated[
    list[str] | None, typer.Argument(help="Ids of letters, as `list` shows them.", metavar="ID")
]
_Code = Annotated[str, typer.Option(help="Only letters with this code.")]
_Unit = Annotated[str, typer.Option(help="Only letters of this unit or recipient.", metavar="ID")]
_Region = Annotated[str, typer.Option(help="Only letters of this region.", metavar="CODE")]
_Limit = Annotated[int, typer.Option(help="At most so many, the oldest first.", min=1, max=_MOST)]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
_By = Annotated[str, typer.Option(help="Who does it. Default: the user of this machine.")]
_Json = Annotated[bool, typer.Option("--json", help="One JSON object a line on stdout.")]
_DataDir = Annotated[
    Path | None,
    typer.Option(help="Data dir of the installation. Default: PANTAU_DATA_DIR, else ./data."),
]


@contextmanager
def _store(data_dir: Path | None) -> Iterator[Client]:
    """ClickHouse with the letters' bytes. Raises `OperatorError` where it does not answer."""
    from clickhouse_connect.driver.exceptions import Error

    from storage.clickhouse_client import open_writer

    settings = running_settings(data_dir)
    try:
        yield open_writer(settings)
    except (Error, OSError) as error:
        reason = str(error).splitlines()[0]
        raise OperatorError(
            f"ClickHouse at {settings.clickhouse_url} does not answer: {reason}"
        ) from None


def _chosen(
    data_dir: Path | None, wanted: LetterFilter, limit: int
) -> tuple[Sequence[StoredLetter], int]:
    """Letters to act on, and how many there are in all. Raises `OperatorError` where nothing is named, or an id is none."""
    from pantau.letters.letter_store import counts, find

    if wanted.is_empty:
        raise OperatorError(
            "name letters by their ids, or choose them by --code, --unit or --region"
        )
    with _store(data_dir) as client:
        letters = find(client, wanted, limit)
        total = sum(one.letters for one in counts(client, wanted))
    if unknown := set(wanted.ids) - {one.letter_id for one in letters}:
        raise OperatorError(
            f"no such letter: {', '.join(sorted(unknown))} (see `pantau dead-letters list`)"
        )
    if not letters:
        raise OperatorError("no letter is chosen by that (see `pantau dead-letters list`)")
    return letters, total


def _row(one: StoredLetter) -> tuple[object, ...]:
    source = one.unit_id or one.region or "-"
    return (one.letter_id, one.received_at, source, one.code, one.attempts, one.state, one.detail[:_DETAIL])  # fmt: skip


def _plan_row(one: PlannedRetry | NoRetry) -> tuple[object, ...]:
    from pantau.letters.retry_plan import NoRetry

    if isinstance(one, NoRetry):
        return (one.letter.letter_id, one.letter.code, "not sent", one.why)
    again = "should pass" if one.refusal is None else f"refused again: {one.refusal.code}"
    return (one.letter.letter_id, one.letter.code, f"{one.topic}/{one.partition}", again)


def _print_remaining(shown: int, total: int) -> None:
    if total > shown:
        typer.echo(f"{total - shown} more are chosen: raise --limit or run it again", err=True)


def _group() -> None:
    """What was refused and why. Mend the cause first (a row in the registry, say), then send again.

    A retry is judged like any event that arrives now. Nothing is deleted: who did what is on record
    (view dead_letter_actions), and the view dead_letters counts the attempts.

    \b
    Examples:
      pantau dead-letters list --code unknown_unit
      pantau dead-letters show 3f0c...
      pantau dead-letters retry --code unknown_unit --unit SPPG-3211-0001 --dry-run
      pantau dead-letters retry --code unknown_unit --unit SPPG-3211-0001 --reason "unit added"
      pantau dead-letters discard --code not_json --unit SPPG-3211-0001 --reason "old test device"
    """


def list_letters(
    code: _Code = "",
    unit: _Unit = "",
    region: _Region = "",
    state: Annotated[LetterState, typer.Option(help="What became of them.")] = LetterState.OPEN,
    limit: _Limit = 100,
    data_dir: _DataDir = None,
    json: _Json = False,
) -> None:
    """Show letters, oldest first, and count them by code."""
    from pantau.letters.letter_store import LetterFilter, counts, find

    wanted = LetterFilter((), code, unit, region, "" if state == LetterState.ALL else state)
    with _store(data_dir) as client:
        letters, counted = find(client, wanted, limit), counts(client, wanted)
    if json:
        for one in letters:
            typer.echo(msgspec.json.encode(one))
        return
    head = ("Letter", "Received", "Source", "Code", "Attempts", "State", "Detail")
    typer.echo("\n".join(text_table(head, map(_row, letters))))
    rows = [(one.code, one.state, one.letters, one.first, one.last) for one in counted]
    typer.echo("\n" + "\n".join(text_table(("Code", "State", "Letters", "First", "Last"), rows)))
    _print_remaining(len(letters), sum(one.letters for one in counted))


def show(
    letter: Annotated[str, typer.Argument(help="Id of the letter.", metavar="ID")],
    data_dir: _DataDir = None,
) -> None:
    """Show one letter: why it was refused, its line, and what was done with it. One JSON object."""
    from pantau.letters.letter_store import LetterFilter, actions

    (found,), _ = _chosen(data_dir, LetterFilter((letter,)), 1)
    with _store(data_dir) as client:
        done = actions(client, letter)
    texts = {
        "key": found.record_key.decode("utf-8", "backslashreplace"),
        "text": found.content.decode("utf-8", "backslashreplace"),
    }
    text = msgspec.json.encode(msgspec.to_builtins(found) | texts | {"actions": done})
    typer.echo(msgspec.json.format(text, indent=2).decode())


def retry(
    letters: _Ids = None,
    code: _Code = "",
    unit: _Unit = "",
    region: _Region = "",
    limit: _Limit = 1_000,
    passing: Annotated[
        bool, typer.Option("--passing", help="Only what should pass, by what is known now.")
    ] = False,
    dry_run: _DryRun = False,
    by: _By = "",
    reason: Annotated[str, typer.Option(help="What was mended.")] = "",
    data_dir: _DataDir = None,
) -> None:
    """Send the lines of open letters again: to the partition of their unit, keyed by it, in the order in which they came.

    Lines and record go out in one transaction. Events that had arrived already count once all the same.
    """
    from pantau.letters.letter_send import Operator, plan_all
    from pantau.letters.letter_send import retry as send
    from pantau.letters.letter_store import LetterFilter
    from pantau.letters.retry_plan import PlannedRetry

    wanted = LetterFilter(tuple(letters or ()), code, unit, region, "" if letters else "open")
    chosen, total = _chosen(data_dir, wanted, limit)
    settings = running_settings(data_dir)
    planned = plan_all(settings, chosen)
    if dry_run:
        head = ("Letter", "Code", "To", "Then")
        typer.echo("\n".join(text_table(head, map(_plan_row, planned))))
    sent = [
        one
        for one in planned
        if isinstance(one, PlannedRetry) and not (passing and one.refusal is not None)
    ]
    if sent and not dry_run:
        send(settings, sent, Operator(by or getpass.getuser(), reason))
    word = "would be sent" if dry_run else "sent"
    typer.echo(f"{len(sent)} {word}, {len(planned) - len(sent)} not", err=True)
    for why, count in Counter(
        one.why for one in planned if not isinstance(one, PlannedRetry)
    ).most_common():
        typer.echo(f"  {count}: {why}", err=True)
    _print_remaining(len(chosen), total)
    if not sent:
        raise typer.Exit(1)


def discard(
    reason: Annotated[str, typer.Option(help="Why nobody is to mend them.")],
    letters: _Ids = None,
    code: _Code = "",
    unit: _Unit = "",
    region: _Region = "",
    limit: _Limit = 1_000,
    dry_run: _DryRun = False,
    by: _By = "",
    data_dir: _DataDir = None,
) -> None:
    """Note that letters need nobody any more, and why. They stay, with their bytes."""
    from pantau.letters.letter_send import Operator
    from pantau.letters.letter_send import discard as note
    from pantau.letters.letter_store import LetterFilter

    if not reason.strip():
        raise OperatorError("--reason is empty: say why nobody is to mend them")
    wanted = LetterFilter(tuple(letters or ()), code, unit, region, "open")
    chosen, total = _chosen(data_dir, wanted, limit)
    if dry_run:
        head = ("Letter", "Received", "Source", "Code", "Attempts", "State", "Detail")
        typer.echo("\n".join(text_table(head, map(_row, chosen))))
    else:
        note(running_settings(data_dir), chosen, Operator(by or getpass.getuser(), reason))
    typer.echo(f"{len(chosen)} {'would be ' if dry_run else ''}discarded", err=True)
    _print_remaining(len(chosen), total)


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(
        group, name="dead-letters", short_help="What was refused: show, send again, discard."
    )
    group.callback()(_group)
    group.command("list")(list_letters)
    group.command("show")(show)
    group.command("retry")(retry)
    group.command("discard")(discard)
