"""`pantau status`: each part and each stage at a glance."""

from __future__ import annotations

import asyncio
import logging
import platform
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import msgspec
import typer

from contracts.time.clock import rfc3339
from pantau.commands.text_table import text_table
from pantau.installation import running_settings
from pantau.status.receipt_summary import receipts_line

if TYPE_CHECKING:
    from pantau.status.accelerators import Accelerator
    from pantau.status.stages import InstallationStatus, LetterSummary, Stage


def _stage_row(stage: Stage) -> tuple[object, ...]:
    place = (stage.stage, stage.topic, stage.partition)
    return (*place, stage.position, stage.end, stage.lag, stage.watermark)


def _letters(found: LetterSummary | None) -> list[str]:
    if found is None:
        return ["Surat mati: tidak diketahui"]
    lines = [
        f"Surat mati: {found.total} (terbuka {found.open}, sejam terakhir {found.last_hour})",
        *(f"  {code}: {n}" for code, n in sorted(found.codes.items(), key=lambda one: -one[1])),
    ]
    if found.is_flood:
        lines.append(
            f"! banjir surat mati, terbanyak dari {', '.join(found.units)}: lihat `pantau dead-letters list`"
        )
    if found.set_aside:
        lines.append(f"! sink menyisihkan {found.set_aside} baris: lihat pantau_store.sink_rejects")
    return lines


def render(status: InstallationStatus) -> str:
    """For people."""
    lines = text_table(
        ("Bagian", "Keadaan", "Keterangan"),
        ((one.service, one.state, one.detail) for one in status.services),
    )
    head = ("Tahap", "Topik", "Partisi", "Posisi", "Akhir", "Tertinggal", "Watermark")
    lines += ["", *text_table(head, map(_stage_row, status.stages)), ""]
    lines += [
        f"Layar {live.region}: epoch {live.epoch}, seq {live.seq}, jam wilayah {live.now}"
        for live in status.live
    ]
    lines += [
        f"Tulisan terakhir ke ClickHouse ({reader}): {rfc3339(round(moment * 1000))}"
        for reader, moment in sorted(status.last_write.items())
    ]
    lines += _letters(status.letters)
    if status.receipts is not None:
        lines.append(receipts_line([one.state for one in status.receipts]))
    if status.generations is not None:
        previous = status.generations.previous
        lines.append(
            f"Generasi yang ditampilkan: {status.generations.shown}"
            + (f" (generasi {previous} masih disimpan)" if previous else "")
        )
    if not status.notices:
        lines.append("Pemberitahuan: belum ada penerima (tidak ada people.csv)")
    lines += [f"! {trouble}" for trouble in status.troubles]
    return "\n".join(lines)


def as_json(status: InstallationStatus) -> str:
    """For machines: the same, with `lag` worked out."""
    body: dict[str, Any] = msgspec.to_builtins(status)
    for row, stage in zip(body["stages"], status.stages, strict=True):
        row["lag"] = stage.lag
    total = None if status.letters is None else status.letters.total
    return msgspec.json.encode(body | {"fine": status.fine, "dead_letters": total}).decode()


def render_versions(found: Iterable[Accelerator]) -> str:
    """For people."""
    return "\n".join(
        text_table(
            ("Pustaka", "Memakai", "Versi", "Untuk", "Jalur"),
            (
                (
                    one.user,
                    one.package,
                    one.version,
                    one.purpose,
                    "cepat" if one.in_use else "LAMBAT",
                )
                for one in found
            ),
        )
    )


def _show_versions(json: bool) -> NoReturn:
    from pantau.status.accelerators import accelerators

    found = accelerators()
    fine = all(one.in_use for one in found)
    if json:
        body = {"fine": fine, "python": platform.python_version(), "accelerators": found}
        typer.echo(msgspec.json.encode(body).decode())
    else:
        typer.echo(render_versions(found))
    if not fine:
        typer.echo("LAMBAT: install exactly what is locked (make install)", err=True)
    raise typer.Exit(0 if fine else 1)


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("status", short_help="Show how far each part and stage is.")
    def status(
        data_dir: Annotated[
            Path | None,
            typer.Option(
                help="Data dir of the running installation. Default: PANTAU_DATA_DIR, else ./data."
            ),
        ] = None,
        json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
        versions: Annotated[
            bool,
            typer.Option(
                "--versions",
                help="Show instead the compiled parts that our libraries use; code 1 if one is not in use.",
            ),
        ] = False,
    ) -> None:
        """Show each part, and for each stage and partition how far it is behind its input.

        Exit code 0 if everything is ready and could be asked, else 1. Answers within 5 s.

        \b
        Examples:
          PANTAU_DATA_DIR=data pantau status
          pantau status --data-dir data --json | jq '.stages[] | select(.lag > 0)'
          pantau status --versions
        """
        if versions:
            _show_versions(json)
        # Imported when run: other commands need not wait for the clients of Kafka.
        from pantau.status.stages import collect

        logging.getLogger("kafka").setLevel(logging.CRITICAL)
        found = asyncio.run(collect(running_settings(data_dir)))
        typer.echo(as_json(found) if json else render(found))
        raise typer.Exit(0 if found.fine else 1)
