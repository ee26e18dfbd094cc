"""Payloads of sensors as their makers send them, each one's clock by its rule, and the bridge on a real broker where there is one."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import aiomqtt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.time.clock import real_now_ms
from contracts.time.instant import epoch_ms
from producers.bridges.sensors.mqtt_bridge import Readings, SensorPlan, follow
from producers.bridges.sensors.sensor_payloads import (
    PAYLOADS,
    Message,
    SensorReading,
    ruuvi,
    shelly,
    tasmota,
    zigbee2mqtt,
)
from tests.examples import KITCHEN, REGION
from tests.ports import pick_port

NOW: Final = epoch_ms("2026-11-24T03:15:00Z")
SEEN: Final = epoch_ms("2026-11-24T03:00:00Z")
SOURCE: Final = f"/{REGION}/sppg/{KITCHEN}"
# Data format 5: 24.3 C, then the tag's number 205 and its MAC.
RUUVI_RAW: Final = "0512FC5394C37C0004FFFC040CAC364200CDCBB8334C884F"
NAMES: Final = (
    "params",
    "data",
    "tags",
    "temperature",
    "temperature:0",
    "tC",
    "ts",
    "last_seen",
    "method",
)
RUUVI: Final = "0201061BFF9904" + RUUVI_RAW


def message(topic: str, body: Any, retained: bool = False) -> Message:
    return Message(topic, json.dumps(body).encode(), NOW, retained)


def test_tasmota_by_the_receipt() -> None:
    body = {
        "Time": "2024-02-24T22:20:38",
        "DS18B20-1": {"Id": "01", "Temperature": 39.2},
        "DS18B20-2": {"Id": "02", "Temperature": None},
        "TempUnit": "F",
    }
    topic = "tele/gudang/SENSOR"
    assert list(tasmota(message(topic, body))) == [SensorReading("gudang/DS18B20-1", 4.0, NOW)]
    assert list(tasmota(message(topic, body, retained=True))) == []
    for fault in (85.0, -127.0):
        assert not list(tasmota(message(topic, {"DS18B20": {"Temperature": fault}})))


@pytest.mark.parametrize(
    ("seen", "time_ms"),
    [
        (SEEN, SEEN),
        ("2026-11-24T10:00:00+07:00", SEEN),
        ("2026-11-24T10:00:00", NOW),
        (0, NOW),
        (None, NOW),
        (NOW + 600_000, NOW),
    ],
)
def test_zigbee2mqtt_by_last_seen_where_it_can_be(seen: Any, time_ms: int) -> None:
    body = {"temperature": 3.4, "humidity": 60, "last_seen": seen}
    assert list(zigbee2mqtt(message("zigbee2mqtt/chiller", body))) == [SensorReading("chiller", 3.4, time_ms)]  # fmt: skip
    # A retained message looks new after each reconnect.
    held = list(zigbee2mqtt(message("zigbee2mqtt/chiller", body, retained=True)))
    assert [one.time_ms for one in held] == ([SEEN] if time_ms == SEEN else [])


def test_shelly_by_its_seconds_unless_it_has_just_woken() -> None:
    def status(ts: float | None) -> Message:
        params = {"ts": ts, "temperature:0": {"id": 0, "tC": 3.5, "tF": 38.3}, "humidity:0": {}}
        return message("shellyht-1/events/rpc", {"method": "NotifyFullStatus", "params": params})

    assert [one.time_ms for one in shelly(status(SEEN / 1000 + 0.25))] == [SEEN + 250]
    assert list(shelly(status(None))) == [SensorReading("shellyht-1/temperature:0", 3.5, NOW)]
    partial = {"method": "NotifyStatus", "params": {"ts": 1.0, "battery": {}}}
    assert not list(shelly(message("shellyht-1/events/rpc", partial)))


def test_ruuvi_in_both_shapes_and_with_no_clock() -> None:
    wanted = SensorReading("CB:B8:33:4C:88:4F", 0x12FC * 0.005, SEEN, "cb:b8:33:4c:88:4f/205")
    one = {"gw_mac": "AA", "ts": str(SEEN // 1000), "data": RUUVI}
    assert list(ruuvi(message("ruuvi/AA/cb:b8:33:4c:88:4f", one))) == [wanted]
    tags = {"data": {"tags": {"cb:b8:33:4c:88:4f": {"rssi": -60, "timestamp": SEEN // 1000, "data": RUUVI}}}}  # fmt: skip
    assert list(ruuvi(message("ruuvi/AA/x", tags))) == [wanted]
    [without] = ruuvi(message("ruuvi/AA/cb:b8:33:4c:88:4f", {"data": RUUVI}))
    assert without.time_ms == NOW
    none = RUUVI.replace("12FC", "8000")
    assert not list(ruuvi(message("ruuvi/AA/m", {"data": none})))


@pytest.mark.parametrize("maker", sorted(PAYLOADS))
@given(topic=st.text(max_size=30), payload=st.binary(max_size=200) | st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
).map(lambda body: json.dumps(body).encode()))  # fmt: skip
def test_no_payload_raises(maker: str, topic: str, payload: bytes) -> None:
    for place in (topic, "tele/a/SENSOR", "zigbee2mqtt/a", "a/events/rpc"):
        list(PAYLOADS[maker](Message(place, payload, NOW)))


def plan(maker: str, topic: str, every_s: float = 60.0, **points: str) -> SensorPlan:
    return SensorPlan(SOURCE, maker, topic, points, every_s)


def test_of_one_sensor_one_reading_a_while_and_none_of_one_that_is_not_named() -> None:
    readings = Readings(plan("zigbee2mqtt", "", chiller="chiller"))
    sent = []
    for second in range(0, 300, 20):
        for name in ("chiller", "unknown"):
            body = {"temperature": 3.4, "last_seen": SEEN + second * 1000}
            sent += readings.events(message(f"zigbee2mqtt/{name}", body))
    times = [json.loads(one)["time"] for one in sent]
    assert times == [f"2026-11-24T03:0{minute}:00Z" for minute in range(5)]
    assert json.loads(sent[0])["data"] == {"point": "chiller", "temp_c": 3.4, "sensor": "chiller"}


def test_two_gateways_that_hear_one_tag_make_one_event() -> None:
    mac = "CB:B8:33:4C:88:4F"
    readings = Readings(plan("ruuvi", "", 1.0, **{mac: "freezer"}))
    sent = []
    for gateway, late in (("A", 0), ("B", 2)):
        body = {"ts": SEEN // 1000 + late, "data": RUUVI}
        sent += readings.events(message(f"ruuvi/{gateway}/{mac}", body))
    assert len(sent) == 1


@pytest.mark.skipif(shutil.which("mosquitto") is None, reason="no mosquitto: apt-get install mosquitto")  # fmt: skip
async def test_a_real_broker_that_restarts(tmp_path: Path) -> None:
    port = pick_port()
    settings = tmp_path / "mosquitto.conf"
    settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")

    def broker() -> subprocess.Popen[bytes]:
        return subprocess.Popen([str(shutil.which("mosquitto")), "-c", str(settings)])

    async def publish(temp: float, seen: int) -> None:
        for _ in range(100):
            try:
                async with aiomqtt.Client("127.0.0.1", port) as client:
                    body = json.dumps({"temperature": temp, "last_seen": seen})
                    # Retained: a bridge that is not there yet gets it when it comes.
                    await client.publish("zigbee2mqtt/chiller", body, qos=1, retain=True)
                    return
            except aiomqtt.MqttError:
                await asyncio.sleep(0.1)

    kept: list[bytes] = []
    first_ms = real_now_ms() - 600_000
    wanted = plan("zigbee2mqtt", "zigbee2mqtt/+", chiller="chiller")
    process = broker()
    task = asyncio.create_task(follow(lambda: aiomqtt.Client("127.0.0.1", port), wanted, kept.extend))  # fmt: skip
    try:
        await publish(3.0, first_ms)
        await _until(lambda: len(kept) == 1)
        process.terminate()
        process.wait(30)
        process = broker()
        await publish(4.0, first_ms + 120_000)
        await _until(lambda: len(kept) == 2)
    finally:
        task.cancel()
        process.kill()
        process.wait(30)
    assert [json.loads(one)["data"]["temp_c"] for one in kept] == [3.0, 4.0]


async def _until(condition: Any) -> None:
    for _ in range(300):
        if condition():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("waited too long")
