"""docker-compose.yml against what it starts: settings, modules, routes, images, accounts."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import jsonschema
import pytest
import typer
import yaml

import engines.kafka.broker
from chassis.health import Health
from chassis.http.new_app import new_app
from chassis.settings import Settings
from pantau.cli import build
from tests.deploy.dockerfile import read

_REPO: Final = Path(__file__).parents[2]
_FILE: Final = _REPO / "docker-compose.yml"
_COMPOSE: Final[dict[str, Any]] = yaml.safe_load(_FILE.read_text())
_SERVICES: Final[dict[str, dict[str, Any]]] = _COMPOSE["services"]
_OURS: Final = {name: one for name, one in _SERVICES.items() if one["image"].startswith("pantau:")}
_NOT_SETTINGS: Final = {"PANTAU_MODE", "PANTAU_PUBLISH"}
"""For `pantau init` and for Docker."""
_REQUIRED: Final = {
    "PANTAU_KAFKA_PASSWORD",
    "PANTAU_SECRET_KEY",
    "PANTAU_CLICKHOUSE_PASSWORD",
    "PANTAU_ANALYST_PASSWORD",
}
_VARIABLE: Final = re.compile(r"\$\{(?P<name>\w+)(?:(?P<kind>:[-?])(?P<rest>[^}]*))?\}")

_STRINGS: Final = {"type": "array", "items": {"type": "string"}}
_SIZE: Final = {"type": "string", "pattern": r"^\d+[mg]$"}
_TIME: Final = {"type": "string", "pattern": r"^\d+s$"}
_CONDITION: Final = {"enum": ["service_healthy", "service_completed_successfully"]}


def _object(required: list[str] | None = None, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required or [],
        "additionalProperties": False,
    }


_SCHEMA: Final = {
    "$defs": {
        "service": _object(
            "image environment restart mem_limit cpus pids_limit cap_drop security_opt stop_grace_period logging volumes".split(),
            image={
                "type": "string",
                "pattern": r"^[a-z/-]+:\d+\.\d+\.\d+(\.\d+)?(@sha256:[0-9a-f]{64})?$",
            },
            build=_object(
                ["context", "dockerfile"], context=_STRINGS["items"], dockerfile=_STRINGS["items"]
            ),
            command=_STRINGS,
            environment={"type": "object", "additionalProperties": {"type": ["string", "integer"]}},
            hostname={"type": "string"},
            user={"type": "string", "pattern": r"^\d+:\d+$"},
            init={"const": True},
            read_only={"const": True},
            restart={"enum": ["unless-stopped", "no"]},
            profiles=_STRINGS,
            security_opt={"const": ["no-new-privileges:true"]},
            cap_drop={"const": ["ALL"]},
            cap_add=_STRINGS,
            ulimits={"type": "object"},
            pids_limit={"type": "integer", "minimum": 1},
            mem_limit=_SIZE,
            cpus={"type": "number", "exclusiveMinimum": 0},
            stop_grace_period=_TIME,
            networks={"type": "array", "items": {"enum": ["core", "edge"]}},
            network_mode={"type": "string", "pattern": "^service:"},
            ports=_STRINGS,
            tmpfs=_STRINGS,
            volumes=_STRINGS,
            logging=_object(
                ["driver", "options"],
                driver={"const": "json-file"},
                options=_object(
                    ["max-size", "max-file"], **{"max-size": _SIZE, "max-file": {"type": "string"}}
                ),
            ),
            depends_on={
                "type": "object",
                "additionalProperties": _object(["condition"], condition=_CONDITION),
            },
            healthcheck=_object(
                ["test", "interval", "timeout", "retries", "start_period"],
                test=_STRINGS,
                interval=_TIME,
                timeout=_TIME,
                retries={"type": "integer"},
                start_period=_TIME,
            ),
        )
    },
    "type": "object",
    "properties": {
        "name": {"const": "pantau"},
        "services": {"type": "object", "additionalProperties": {"$ref": "#/$defs/service"}},
        "networks": {"const": {"core": {"internal": True}, "edge": {}}},
        "volumes": {"const": {"kafka": {}, "clickhouse": {}, "installation": {}}},
    },
    "patternProperties": {"^x-": {}},
    "additionalProperties": False,
}
"""The part of the Compose specification that the file uses, and what we hold every service to."""


def _filled(text: str, given: dict[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name, default = match["name"], match["rest"] if match["kind"] == ":-" else ""
        return given.get(name) or default

    return _VARIABLE.sub(value, text)


_GIVEN: Final = {
    "PANTAU_SECRET_KEY": "ab" * 32,
    "PANTAU_CLICKHOUSE_PASSWORD": "w",
    "PANTAU_ANALYST_PASSWORD": "a",
}


def test_it_has_the_form_that_compose_takes_and_every_service_its_limits() -> None:
    jsonschema.validate(_COMPOSE, _SCHEMA)


def test_docker_itself_takes_it() -> None:
    """Where Docker Compose is installed; no engine is needed for this."""
    docker = shutil.which("docker")
    if (
        docker is None
        or subprocess.run(
            [docker, "compose", "version"], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("Docker Compose is not on this machine")
    command = [docker, "compose", "--profile", "*", "-f", str(_FILE), "config", "--quiet"]
    done = subprocess.run(
        command, env=os.environ | _GIVEN, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    bare = {name: value for name, value in os.environ.items() if name not in _GIVEN}
    empty = [*command[:-3], "--env-file", os.devnull, *command[-3:]]
    assert subprocess.run(empty, env=bare, capture_output=True, check=False).returncode != 0


@pytest.mark.parametrize("service", sorted(_OURS))
def test_settings_have_names_and_values_that_the_services_know(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = _OURS[service]["environment"]
    fields = {f"PANTAU_{name.upper()}" for name in Settings.model_fields}
    assert set(environment) <= fields
    for name, value in environment.items():
        monkeypatch.setenv(name, _filled(str(value), _GIVEN))
    settings = Settings()
    assert settings.model_fields_set == {
        name.removeprefix("PANTAU_").lower() for name in environment
    }
    assert settings.regions == ("32.11",)


def test_a_variable_stands_in_the_example_and_secrets_have_no_default() -> None:
    used = {match["name"]: match["kind"] for match in _VARIABLE.finditer(_FILE.read_text())}
    example = (_REPO / ".env.example").read_text()
    named = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", example, re.MULTILINE))
    assert used.keys() == named.keys()
    assert {name for name, kind in used.items() if kind == ":?"} == _REQUIRED
    for name in _REQUIRED:
        assert re.search(rf"^{name}=$", example, re.MULTILINE), f"{name} must be empty"
    for one in _SERVICES.values():
        for name, value in one["environment"].items():
            if re.search("PASSWORD|SECRET", name):
                assert _VARIABLE.fullmatch(str(value)), name
    fields = {f"PANTAU_{name.upper()}" for name in Settings.model_fields}
    assert used.keys() <= fields | _NOT_SETTINGS


@pytest.mark.parametrize("service", sorted(_OURS))
def test_commands_exist(service: str) -> None:
    first, *rest = _OURS[service]["command"]
    if first == "python":
        assert rest[0] == "-m"
        assert importlib.util.find_spec(f"{rest[1]}.__main__") is not None
    else:
        assert first == "pantau"
        command = typer.main.get_command(build())
        context = typer.Context(command, info_name="pantau")
        words = [_filled(word, {}) for word in rest]
        known: Any = command
        known.get_command(context, words[0]).make_context(words[0], words[1:])


def _asked(service: str) -> str | None:
    test = _SERVICES[service].get("healthcheck", {}).get("test", [])
    return next((word for word in test if word.startswith("http://")), None)


@pytest.mark.parametrize("service", sorted(_OURS.keys() - {"init"}))
def test_health_is_asked_where_the_service_answers(service: str) -> None:
    environment = _OURS[service]["environment"]
    own = {"ingest": "PANTAU_INGEST_PORT", "gateway": "PANTAU_GATEWAY_PORT"}
    url = urlsplit(_asked(service) or "")
    assert url.hostname == "127.0.0.1"
    assert url.port == environment[own.get(service, "PANTAU_HEALTH_PORT")]
    app = new_app(service)
    Health(service).add_to(app)
    assert url.path in app.openapi()["paths"]
    start_s = int(_OURS[service]["healthcheck"]["start_period"].removesuffix("s"))
    assert start_s >= (600 if service == "streams" else 60)


def test_who_is_waited_for_says_when_it_is_ready() -> None:
    for one in _SERVICES.values():
        for name, how in one.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in _SERVICES[name]
            else:
                assert _SERVICES[name]["restart"] == "no"


def test_only_ingest_and_the_wall_are_reached_from_outside() -> None:
    published = {name: one["ports"] for name, one in _SERVICES.items() if "ports" in one}
    assert published.keys() == {"ingest", "gateway"}
    for name, ports in published.items():
        port = _OURS[name]["environment"][f"PANTAU_{name.upper()}_PORT"]
        assert [_filled(one, {}) for one in ports] == [f"127.0.0.1:{port}:{port}"]
    outside = {name for name, one in _SERVICES.items() if "edge" in one.get("networks", [])}
    # The notices reach out, and are reached by nobody.
    assert outside == published.keys() | {"notices"}


def test_our_services_are_contained() -> None:
    user = (
        {stage.name: stage for stage in read(_REPO / "deploy" / "Dockerfile")}["pantau"]
        .of("USER")[0]
        .text
    )
    for name, one in _OURS.items():
        assert one["read_only"], name
        assert one["user"] == user, name
        assert "cap_add" not in one, name


def test_versions_are_those_that_the_tests_run_on() -> None:
    jars = tomllib.loads((_REPO / "jgo.toml").read_text())["dependencies"]["coordinates"]
    kafka = next(one for one in jars if "kafka_" in one).rpartition(":")[2]
    assert _SERVICES["kafka"]["image"] == f"apache/kafka:{kafka}"
    import chdb

    minor = ".".join(chdb.engine_version.split(".")[:2])
    assert _SERVICES["clickhouse"]["image"].rpartition(":")[2].startswith(f"{minor}.")
    version = tomllib.loads((_REPO / "pyproject.toml").read_text())["project"]["version"]
    assert {one["image"] for one in _OURS.values()} == {f"pantau:{version}"}


def test_kafka_is_set_as_the_broker_that_pantau_starts() -> None:
    lines = (engines.kafka.broker._SETTINGS + engines.kafka.broker._ACCOUNTS).splitlines()
    wanted = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    environment = _SERVICES["kafka"]["environment"]
    compose_password = "${PANTAU_KAFKA_PASSWORD:?see .env.example}"
    for name in (
        "auto.create.topics.enable",
        "transaction.state.log.min.isr",
        "transaction.max.timeout.ms",
        "min.insync.replicas",
        *(
            line.split("=", 1)[0]
            for line in engines.kafka.broker._ACCOUNTS.splitlines()
            if "=" in line
        ),
    ):
        assert f"KAFKA_{name.replace('-', '___').replace('.', '_').upper()}" in environment
    for name, value in wanted.items():
        said = environment.get(f"KAFKA_{name.replace('-', '___').replace('.', '_').upper()}")
        if name.endswith("plain.sasl.jaas.config"):
            said = str(said).replace(compose_password, "{password}")
            assert said == value, name
        elif said is not None and "{" not in value and "controller.quorum" not in name:
            assert str(said) == value, name


def test_mounted_files_exist_and_volumes_are_declared() -> None:
    for one in _SERVICES.values():
        for volume in one["volumes"]:
            source, target, *mode = volume.split(":")
            assert target.startswith("/")
            if source.startswith("./"):
                assert (_REPO / source).exists(), source
                assert mode == ["ro"], f"{source} must be mounted read-only"
            else:
                assert source in _COMPOSE["volumes"]
