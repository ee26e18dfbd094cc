"""Records of `live`: the public contract's section 8, one struct a topic of the wall.

The fields of a view's row are made from `contracts.results.public_rows`; what is read back is checked against them.
"""

from __future__ import annotations

from typing import Any, Final, cast

import msgspec

from contracts.results.columns import Column
from contracts.results.public_rows import IS_FINAL, VIEWS, View
from contracts.results.table_rows import AlertChangeRow
from contracts.time.instant import epoch_ms
from streams.core.windowing.row_writer import ViewRow

TTL_S: Final = 1_800
RECIPIENT_TTL_S: Final = 21_600
"""Recipients are many and change a few times a day: they are confirmed less often."""

FORMAT: Final = 1
"""Format of the records of one region's map; its head has it. A head without it is of format 1."""


class LiveRecord(msgspec.Struct, kw_only=True, gc=False, tag_field="topic"):
    """What all records share."""

    key: str = ""
    region: str
    level: str
    area_id: str


class FreshnessRecord(LiveRecord, kw_only=True, gc=False, tag="freshness"):
    """When a unit was last heard of."""

    unit_kind: str
    kecamatan: str
    last_received: str
    as_of: str = ""
    ttl_s: int = TTL_S


class AlertRecord(msgspec.Struct, kw_only=True, gc=False, tag_field="topic", tag="alerts"):
    """An alert. It has no level: who asks for some levels gets alerts too."""

    key: str
    id: str
    short_id: str
    region: str
    kind: str
    severity: int
    unit_id: str
    subject: str
    state: str
    resolution: str
    raised_at: str
    updated_at: str
    resolved_at: str | None
    acknowledged_by: str
    acknowledged_at: str | None
    ack_until: str | None
    assessment: str
    assessed_by: str
    assessed_at: str | None
    note: str
    evidence: Any
    as_of: str = ""
    ttl_s: int = TTL_S


class LiveHead(msgspec.Struct, kw_only=True, gc=False):
    """The record that ends a frame. `positions`: of each unit fold's input, `topic/partition`, what is applied in the map."""

    epoch: str
    seq: int
    as_of: str
    now: str
    format: int = FORMAT
    positions: dict[str, int] = {}


def _json_type(column: Column) -> Any:
    kind = int if "Int" in column.type else str
    return kind | None if column.type.startswith("Nullable") else kind


def _record_struct(view: View, columns: tuple[Column, ...]) -> type[LiveRecord]:
    known = LiveRecord.__struct_fields__
    fields: list[Any] = [
        *((one.name, _json_type(one)) for one in columns if one.name not in known),
        (IS_FINAL.name, int, 0),
        ("as_of", str, ""),
        ("ttl_s", int, TTL_S),
    ]
    name = f"Live{view.title().replace('_', '')}"
    made = msgspec.defstruct(name, fields, bases=(LiveRecord,), kw_only=True, gc=False, tag=view)
    return cast("type[LiveRecord]", made)


_union: Any = FreshnessRecord | AlertRecord
for _view, _columns in VIEWS.items():
    _union |= _record_struct(_view, _columns)
_decode: Final = msgspec.json.Decoder(_union).decode
decode_head: Final = msgspec.json.Decoder(LiveHead).decode
encode_live: Final = msgspec.json.Encoder().encode
_END: Final = {ttl: b'","ttl_s":%d}' % ttl for ttl in (TTL_S, RECIPIENT_TTL_S)}
"""How every record ends, after its as_of."""


def value_of(body: bytes, as_of: str, ttl_s: int) -> bytes:
    """The record that begins with `body`, which ends where its as_of begins."""
    return body + as_of.encode() + _END[ttl_s]


def body_of(record: Any) -> bytes:
    """What `value_of` begins with."""
    record.as_of = ""
    return encode_live(record).removesuffix(_END[record.ttl_s])


def key_of(row: ViewRow) -> str:
    """The key of a view's row on the wall."""
    return "/".join(
        (row.view, row.level, row.area, *([row.group] if row.group else []), row.window)
    )


def body_of_row(row: ViewRow, key: str) -> bytes:
    """As `body_of`: the fields of the row's line stand in it as they are, which costs a sixth of decoding and encoding them."""
    head = b'{"topic":"%b","key":%b,' % (row.view.encode(), encode_live(key))
    return b"".join((head, row.line[1:-1], b',"is_final":0,"as_of":"'))


def alert_record(row: AlertChangeRow) -> AlertRecord:
    """The record of an alert's row."""
    fields = msgspec.structs.asdict(row)
    del fields["revision"]
    fields["evidence"] = msgspec.json.decode(row.evidence)
    return AlertRecord(key=row.id, **fields)


def read_record(key: str, value: bytes) -> tuple[Any, str, int, int]:
    """A record as it lies on `live`: itself, its window and window_end (or '' and 0), and its as_of, epoch ms.

    Raises `ValueError` if it is not what this version writes under `key`.
    """
    record: Any = _decode(value)
    if record.key != key or record.ttl_s not in (TTL_S, RECIPIENT_TTL_S):
        raise ValueError("key or ttl_s is not this record's")
    if isinstance(record, AlertRecord):
        return record, "", 0, epoch_ms(record.as_of)
    if isinstance(record, FreshnessRecord):
        epoch_ms(record.last_received)
        return record, "", 0, epoch_ms(record.as_of)
    return record, record.window, epoch_ms(record.window_end), epoch_ms(record.as_of)
