"""`pantau region`: begin a kabupaten's folder, or invent its units anew from changed totals."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from chassis.operator_error import OperatorError
from chassis.regions.region_folder import load_region
from pantau.installation import new_settings
from pantau.region.region_new import NewRegion, create_region
from pantau.region.region_seed import seed_region


def begin(regions_dir: Path, new: NewRegion) -> str:
    """Makes the folder and reads it back; a line that says what it holds. Raises `OperatorError`."""
    folder = regions_dir / new.code
    try:
        create_region(folder, new)
    except FileExistsError:
        raise OperatorError(
            f"{folder} is there already: edit its files, or choose another code"
        ) from None
    except (OSError, ValueError) as error:
        raise OperatorError(str(error)) from None
    return _summary(folder)


def _summary(folder: Path) -> str:
    registry = load_region(folder)
    kitchens = sum(unit.kind == "sppg" for unit in registry.units)
    clinics = len(registry.units) - kitchens
    return (
        f"{folder}: {len(registry.region.kecamatan)} kecamatan, {kitchens} kitchens, {clinics} clinics, "
        f"{len(registry.recipients)} recipients, all invented (synthetic 1)"
    )


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="Region folders.", no_args_is_help=True)
    app.add_typer(group, name="region")

    @group.callback()
    def _group() -> None:
        """A kabupaten is data: a folder under regions/."""
        # Unlike a data dir it is public, and services of another user read it.
        os.umask(0o022)

    @group.command("new")
    def new(
        code: Annotated[str, typer.Argument(help="Kemendagri code, e.g. 32.10.", metavar="CODE")],
        name: Annotated[str, typer.Option(help="Name of the kabupaten or kota.")],
        boundaries: Annotated[
            Path,
            typer.Option(
                help="GeoJSON of its kecamatan; feature id = kecamatan code.", exists=True
            ),
        ],
        beneficiaries: Annotated[int, typer.Option(help="People registered for meals.", min=1)],
        valid_from: Annotated[str, typer.Option(help="First day of all rows, YYYY-MM-DD.")],
        province: Annotated[str, typer.Option(help="Province.")] = "Jawa Barat",
        timezone: Annotated[str, typer.Option(help="Time zone.")] = "Asia/Jakarta",
    ) -> None:
        """Begin a region folder with invented kitchens, clinics and recipients.

        Replace them row by row by real ones, or set the kabupaten's totals in seed.yaml and run
        `pantau region seed CODE`.

            pantau region new 32.10 --name Majalengka --boundaries kecamatan.geojson
                --beneficiaries 380000 --valid-from 2026-01-01
        """
        plan = NewRegion(code, name, province, timezone, boundaries, beneficiaries, valid_from)
        typer.echo(begin(new_settings().regions_dir, plan), err=True)

    @group.command("seed")
    def seed(
        code: Annotated[str, typer.Argument(help="Kemendagri code of the folder.", metavar="CODE")],
    ) -> None:
        """Invent units.csv and recipients.csv anew from the folder's seed.yaml. They are replaced."""
        folder = new_settings().regions_dir / code
        try:
            seed_region(folder)
        except (OSError, ValueError) as error:
            raise OperatorError(f"{folder}: {error}") from None
        typer.echo(_summary(folder), err=True)
