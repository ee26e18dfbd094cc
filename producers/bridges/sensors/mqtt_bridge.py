"""From an MQTT broker into an outbox: readings of the sensors that are named, at most one of each in a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import aiomqtt

from chassis import logs
from contracts.time.clock import real_now_ms, rfc3339
from producers.bridges.read_events import ReadEvents, add_event
from producers.bridges.sensors.sensor_payloads import PAYLOADS, Message, SensorReading

_AGAIN_S: Final = 5.0
_COPIES: Final = 4_096

_log = logs.get("producers.bridges.mqtt")


@dataclass(frozen=True, slots=True)
class SensorPlan:
    """`points`: sensor -> chiller, freezer or hot_holding; others are named once in the log, so that their names can be read there.

    `every_s`: of one sensor one reading in so many seconds is sent; many sensors give several a second.
    """

    source: str
    maker: str
    topic: str
    points: Mapping[str, str]
    every_s: float = 60.0


@dataclass(slots=True)
class Readings:
    """Decides which readings become events. Pure but for the log."""

    plan: SensorPlan
    _last_ms: dict[str, int] = field(default_factory=dict)
    _copies: dict[str, None] = field(default_factory=dict)
    _logged: set[str] = field(default_factory=set)

    def events(self, message: Message) -> list[bytes]:
        """Event lines of one message."""
        found = ReadEvents()
        for reading in PAYLOADS[self.plan.maker](message):
            point = self._point(reading)
            if point is not None and self._is_new(reading):
                add_event(found, 0, self._event(reading, point))
        for fault in found.faults:
            _log.warning("reading not taken", topic=message.topic, why=fault.what)
        return found.lines

    def _point(self, reading: SensorReading) -> str | None:
        point = self.plan.points.get(reading.sensor)
        if point is None and reading.sensor not in self._logged:
            self._logged.add(reading.sensor)
            _log.warning("sensor without a point: name it by --sensor", sensor=reading.sensor)
        return point

    def _is_new(self, reading: SensorReading) -> bool:
        if reading.copy and reading.copy in self._copies:
            return False
        last_ms = self._last_ms.get(reading.sensor)
        if last_ms is not None and reading.time_ms < last_ms + self.plan.every_s * 1000:
            return False
        if reading.copy:
            self._copies[reading.copy] = None
            if len(self._copies) > _COPIES:
                del self._copies[next(iter(self._copies))]
        self._last_ms[reading.sensor] = reading.time_ms
        return True

    def _event(self, reading: SensorReading, point: str) -> dict[str, object]:
        data = {"point": point, "temp_c": round(reading.temp_c, 2), "sensor": reading.sensor[:100]}
        return {
            "source": self.plan.source,
            "type": "sppg.temperature.measured",
            "time": rfc3339(reading.time_ms),
            "data": data,
        }


async def follow(
    client: Callable[[], aiomqtt.Client], plan: SensorPlan, keep: Callable[[list[bytes]], None]
) -> None:
    """Hand event lines to `keep` for ever; connects again after a break. `client` makes a new one."""
    readings = Readings(plan)
    while True:
        try:
            async with client() as connection:
                await connection.subscribe(plan.topic, qos=1)
                _log.info("subscribed", topic=plan.topic)
                async for one in connection.messages:
                    message = Message(str(one.topic), one.payload, real_now_ms(), bool(one.retain))
                    if lines := readings.events(message):
                        keep(lines)
        except aiomqtt.MqttError as error:
            _log.warning("the MQTT broker is away", error=str(error))
        await asyncio.sleep(_AGAIN_S)
