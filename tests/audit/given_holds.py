"""What people say of three holds on one day: one is lifted, one ends by itself the day after, one stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from contracts.commands import Command, Confirm, Hold, Release
from tests.audit.audit_installation import KITCHENS, REGION, SCHOOLS

_THREE: Final = SCHOOLS[:3]


def given_holds() -> Iterator[tuple[str, Command]]:
    """HH:MM and command, in order; some come twice, too late, or from somebody who was not asked."""
    yield "00:01", _hold("over", _THREE)
    for number, school in enumerate(_THREE):
        yield f"00:{20 + number}", _confirm("over", school)
    yield "08:00", _hold("lifted", _THREE)
    yield "08:02", _hold("stands", _THREE)
    yield "08:03", _hold("stands", SCHOOLS[:1])
    yield "08:05", _confirm("lifted", SCHOOLS[0], eaten=True)
    yield "08:06", _confirm("lifted", SCHOOLS[0])
    yield "08:07", _confirm("lifted", SCHOOLS[4])
    yield "08:08", _confirm("stands", SCHOOLS[1])
    yield "09:00", Release(id="r", region=REGION, alert_id="hold-lifted", by="ratna", note="baik")
    yield "09:01", _confirm("lifted", SCHOOLS[1])


def _hold(identity: str, recipients: tuple[str, ...]) -> Command:
    return Hold(
        id=identity, region=REGION, alert_id="unsafe_batch-1", by="ratna", note="uji gagal",
        unit=KITCHENS[0], batch=f"B-{identity}", recipients=recipients,
    )  # fmt: skip


def _confirm(identity: str, recipient: str, eaten: bool = False) -> Command:
    return Confirm(
        id=f"{identity}-{recipient}-{eaten}", region=REGION, alert_id=f"hold-{identity}",
        by=recipient, note="", eaten=eaten,
    )  # fmt: skip
