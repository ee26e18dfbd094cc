"""What sensors say over MQTT, by maker: pure functions from (topic, payload, time of receipt) to readings.

Each states whose clock a reading's time is. A device's time counts only if it has an offset (or is epoch) and lies within
30 days before and 5 minutes after the receipt; else the receipt counts, and a retained message, which may be of any age, is no reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import msgspec

from contracts.time.instant import BadInstantError, epoch_ms

_BEHIND_MS: Final = 30 * 86_400_000
_AHEAD_MS: Final = 300_000
_DS18B20_FAULTS: Final = (85.0, -127.0)
"""What this probe gives before its first conversion, and when its wire is broken."""
_RUUVI_FORMAT_5: Final = b"\xff\x99\x04\x05"
_RUUVI_NO_TEMPERATURE: Final = -32768
_RUUVI_BYTES: Final = 24
_SECONDS_DIGITS: Final = 11


class Message(NamedTuple):
    """One MQTT message. `received_ms`: the bridge's clock."""

    topic: str
    payload: bytes
    received_ms: int
    retained: bool = False


@dataclass(frozen=True, slots=True)
class SensorReading:
    """`sensor`: its name, stable; `time_ms`: epoch ms; `copy`: equal for copies of one measurement that took several ways, or empty."""

    sensor: str
    temp_c: float
    time_ms: int
    copy: str = ""


def _object(payload: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(payload)
    except (msgspec.DecodeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _seconds_ms(value: Any) -> float | None:
    """Epoch seconds as a number, or as text (Ruuvi's gateway), in ms; 0 is a clock that was never set."""
    sent = _number(value)
    if isinstance(value, str) and value.isdecimal() and len(value) <= _SECONDS_DIGITS:
        sent = float(value)
    return sent * 1000 if sent else None


def _time_ms(message: Message, sent_ms: float | None) -> int | None:
    """The device's time if it can be, else that of the receipt; None: neither is known."""
    received = message.received_ms
    if sent_ms is not None and received - _BEHIND_MS <= sent_ms <= received + _AHEAD_MS:
        return int(sent_ms)
    return None if message.retained else received


def tasmota(message: Message) -> Iterator[SensorReading]:
    """`tele/<topic>/SENSOR`. Its `Time` has no offset and may be any zone's: the receipt counts."""
    parts = message.topic.split("/")
    body = _object(message.payload)
    time_ms = _time_ms(message, None)
    if len(parts) < 3 or parts[0] != "tele" or parts[-1] != "SENSOR" or time_ms is None:
        return
    fahrenheit = body.get("TempUnit") == "F"
    for probe, values in body.items():
        value = _number(values.get("Temperature")) if isinstance(values, dict) else None
        if value is None:
            continue
        temp_c = round((value - 32) / 1.8, 2) if fahrenheit else value
        if not (probe.startswith("DS18B20") and temp_c in _DS18B20_FAULTS):
            yield SensorReading(f"{'/'.join(parts[1:-1])}/{probe}", temp_c, time_ms)


def zigbee2mqtt(message: Message) -> Iterator[SensorReading]:
    """`zigbee2mqtt/<name>`. `last_seen` (epoch ms, or ISO 8601 with an offset) counts.

    Without it the receipt does; a retained message then says nothing.
    """
    root, _, name = message.topic.partition("/")
    body = _object(message.payload)
    value = _number(body.get("temperature"))
    if root != "zigbee2mqtt" or not name or name.startswith("bridge/") or value is None:
        return
    seen = body.get("last_seen")
    sent = _number(seen)
    if isinstance(seen, str):
        try:
            sent = epoch_ms(seen)
        except BadInstantError:
            sent = None
    time_ms = _time_ms(message, sent)
    if time_ms is not None:
        yield SensorReading(name, value, time_ms)


def shelly(message: Message) -> Iterator[SensorReading]:
    """`<id>/events/rpc` of the second generation. `params.ts` (epoch seconds) counts.

    Just after waking it is null: then the receipt does.
    """
    body = _object(message.payload)
    params = body.get("params")
    if not message.topic.endswith("/events/rpc") or not isinstance(params, dict):
        return
    if body.get("method") not in ("NotifyStatus", "NotifyFullStatus"):
        return
    time_ms = _time_ms(message, _seconds_ms(params.get("ts")))
    name = message.topic.removesuffix("/events/rpc")
    for part, values in params.items():
        value = _number(values.get("tC")) if isinstance(values, dict) else None
        # A partial update leaves out what has not changed.
        if part.startswith("temperature:") and value is not None and time_ms is not None:
            yield SensorReading(f"{name}/{part}", value, time_ms)


def ruuvi(message: Message) -> Iterator[SensorReading]:
    """Ruuvi Gateway: `<prefix>/<gateway>/<mac>` with `ts` and `data`, or all tags at once under `data.tags`.

    Its seconds count, if it has them. Two gateways hear one tag: `copy` is its MAC and the number that the tag gave the measurement.
    """
    body = _object(message.payload)
    inner = body.get("data")
    tags: dict[Any, Any] = {}
    if isinstance(inner, dict) and isinstance(inner.get("tags"), dict):
        tags = inner["tags"]
    elif isinstance(inner, str):
        tags = {message.topic.rpartition("/")[2]: {"timestamp": body.get("ts"), "data": inner}}
    for mac, tag in tags.items():
        raw = _ruuvi_raw(tag.get("data")) if isinstance(tag, dict) else None
        if raw is None:
            continue
        temperature = int.from_bytes(raw[1:3], "big", signed=True)
        time_ms = _time_ms(message, _seconds_ms(tag.get("timestamp")))
        if temperature != _RUUVI_NO_TEMPERATURE and time_ms is not None:
            number = int.from_bytes(raw[16:18], "big")
            yield SensorReading(str(mac).upper(), temperature * 0.005, time_ms, f"{mac}/{number}")


def _ruuvi_raw(text: Any) -> bytes | None:
    """The 24 bytes of data format 5."""
    if not isinstance(text, str):
        return None
    try:
        packet = bytes.fromhex(text)
    except ValueError:
        return None
    at = packet.find(_RUUVI_FORMAT_5)
    raw = packet[at + 3 :] if at >= 0 else b""
    return raw[:_RUUVI_BYTES] if len(raw) >= _RUUVI_BYTES else None


PAYLOADS: Final[dict[str, Callable[[Message], Iterator[SensorReading]]]] = {
    "tasmota": tasmota,
    "zigbee2mqtt": zigbee2mqtt,
    "shelly": shelly,
    "ruuvi": ruuvi,
}
TOPICS: Final = {
    "tasmota": "tele/+/SENSOR",
    "zigbee2mqtt": "zigbee2mqtt/+",
    "shelly": "+/events/rpc",
    "ruuvi": "ruuvi/+/+",
}
"""What each maker publishes on, if nobody has changed it."""
