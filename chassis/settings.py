"""Settings: `PANTAU_*` environment variables, typed, checked at start, documented from here (`pantau settings`)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from chassis.operator_error import OperatorError

ENV = "PANTAU_"

Security = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


class Settings(BaseSettings):
    """One installation's settings. Every service reads the same class; each uses what it needs."""

    model_config = SettingsConfigDict(env_prefix=ENV, extra="ignore", frozen=True)

    data_dir: Path = Field(
        Path("data"),
        description=(
            "Folder of the installation: stamp, demo clock, secrets, and the embedded parts' data."
        ),
    )
    regions_dir: Path = Field(
        Path("regions"),
        description=(
            "Folder with one folder a region (region.yaml, units.csv, recipients.csv, "
            "boundaries.geojson)."
        ),
    )
    regions: Annotated[tuple[str, ...], NoDecode] = Field(
        ("32.11",), description=("Region codes served here, separated by commas.")
    )
    broker: str = Field(
        "127.0.0.1:9092", description=("Kafka bootstrap address, host:port[,host:port].")
    )
    kafka_security: Security = Field(
        "PLAINTEXT",
        description=(
            "How Kafka is spoken to: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL. With SASL and no "
            "PANTAU_KAFKA_USER the accounts are Pantau's own, made by `pantau up` and `pantau init`."
        ),
    )
    kafka_user: str = Field(
        "", description="Kafka account of this process, on a cluster whose accounts others make."
    )
    kafka_password: SecretStr = Field(
        SecretStr(""),
        description=(
            "Its password; without PANTAU_KAFKA_USER that of the account admin. Empty: derived "
            "from the installation's key."
        ),
    )
    kafka_mechanism: Mechanism = Field(
        "SCRAM-SHA-256",
        description="SASL mechanism of PANTAU_KAFKA_USER: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.",
    )
    kafka_ca: str = Field(
        "", description="PEM file of who signs the cluster's certificates. Empty: the machine's."
    )
    partitions: int = Field(
        2,
        ge=1,
        le=256,
        description=("Partitions of the event topics. Fixed when the topics are created."),
    )
    region_partitions: int = Field(
        1,
        ge=1,
        le=64,
        description=("Partitions of the topics kept by region. Fixed when the topics are created."),
    )
    replication: int = Field(
        1, ge=1, le=5, description=("Replication factor of topics created here: 3 on a cluster.")
    )
    clickhouse_url: str = Field(
        "http://127.0.0.1:8123",
        description=("HTTP interface of ClickHouse, embedded or server. Holds no password."),
    )
    clickhouse_user: str = Field(
        "writer", description=("ClickHouse account of the sink, the migrations and the audit.")
    )
    clickhouse_password: SecretStr = Field(
        SecretStr(""),
        description=("Its password. Empty: taken from secrets/clickhouse.json of the data dir."),
    )
    analyst_password: SecretStr = Field(
        SecretStr(""),
        description=(
            "Password of ClickHouse's account `analyst`, with whose rights the gateway, exports and the daily page read. "
            "Empty: taken from secrets/clickhouse.json of the data dir."
        ),
    )
    clock: Literal["real", "demo"] = Field(
        "real",
        description=(
            "real: the machine's time. demo: the line kept in the data dir (a day in 20 minutes)."
        ),
    )
    secret_key: SecretStr = Field(
        SecretStr(""),
        description=(
            "Key that signs tokens and control records, hex, 32 bytes. Empty: taken from "
            "secrets/key of the data dir."
        ),
    )
    host: str = Field("127.0.0.1", description="Address that HTTP services listen on.")
    ingest_port: int = Field(8080, ge=0, le=65535, description="Port of ingest.")
    gateway_port: int = Field(8081, ge=0, le=65535, description="Port of the gateway and the wall.")
    gateways: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description=(
            "Base URLs of all gateways, separated by commas: ingest asks them how many walls show what "
            "a receipt stands for. Empty: the one that runs on this data dir."
        ),
    )
    health_port: int = Field(
        0,
        ge=0,
        le=65535,
        description=(
            "Port of /healthz, /readyz and /metrics of services without HTTP of their own; 0:"
            " a free one, noted in run/."
        ),
    )
    form_url: str = Field(
        "",
        description=(
            "Address at which phones reach the form, as in https://lapor.example.go.id: what codes of "
            "`pantau device enrol` lead to. Empty: ingest's own."
        ),
    )
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description=(
            "Further origins of pages that may open the socket, separated by commas. The "
            "gateway's own is always allowed."
        ),
    )
    proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description=(
            "Addresses of TLS proxies in front of ingest and the gateway, separated by commas. The "
            "limit of connections of one address does not hold for them."
        ),
    )
    generation: int = Field(
        0,
        ge=0,
        description=(
            "Generation that streams and sinks work on. 0: the one that is shown, also when that "
            "changes. Others are for `pantau replay`."
        ),
    )
    flush_ms: int = Field(
        350,
        ge=25,
        le=5000,
        description=(
            "Milliseconds of the real clock in which a unit partition is flushed at most once; a partition of a region at most twice."
        ),
    )
    rows_step_s: float = Field(
        5.0,
        ge=0,
        le=10,
        description=(
            "Seconds of the real clock in which rows for ClickHouse are written at most once: by the streams to Kafka, and by the "
            "sink. What comes after a pause goes at once; walls do not wait for it. 0: with each flush."
        ),
    )
    tick_s: float = Field(
        20.0,
        ge=1,
        le=60,
        description=("Seconds of the region's clock between ticks (at least 200 ms of real time)."),
    )
    group_ms: int = Field(
        40,
        ge=0,
        le=1000,
        description=(
            "Least milliseconds between two times that ingest sends its groups, of all partitions together; a large group goes at once."
        ),
    )
    notices_file: str = Field(
        "",
        description=(
            "File that says how people are reached (docs/notices.md), for regions with a people.csv. "
            "Empty: notices.yaml in the data dir."
        ),
    )
    oidc_issuer: str = Field(
        "",
        description=(
            "Issuer of the OpenID Connect provider whose accounts may log in at the desk (docs/desk.md), as its discovery "
            "names it. Empty: local passwords alone."
        ),
    )
    oidc_client_id: str = Field("", description="Id of this installation at that provider.")
    oidc_client_secret: SecretStr = Field(
        SecretStr(""),
        description=(
            "Its secret there. Empty: taken from secrets/oidc of the data dir; without that file the client has none."
        ),
    )
    oidc_desk_url: str = Field(
        "",
        description=(
            "Address of the gateway as browsers reach it, as in https://pantau.example.go.id. The provider has to know "
            "<this>/v1/desk/oidc/back as redirect URI and <this>/desk as post-logout redirect URI."
        ),
    )
    oidc_scopes: str = Field("openid profile", description="Scopes that are asked for.")
    oidc_role_claim: str = Field(
        "groups",
        description="Claim of the ID token that gives the role; a dot leads into it, as in realm_access.roles.",
    )
    oidc_roles: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description=(
            "What the values of that claim mean, separated by semicolons, as in pantau-desk=desk;pantau-dinkes=health. "
            "Roles: desk, health, admin."
        ),
    )
    oidc_name_claim: str = Field(
        "preferred_username",
        description=(
            "Claim that names a person in records and on screens; where it is missing, or an e-mail address, the subject. "
            "email: the address, if the provider has verified it."
        ),
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least level of the logs on stderr."
    )

    @field_validator("oidc_roles", mode="before")
    @classmethod
    def _split_roles(cls, value: object) -> object:
        # Names of groups in a directory hold commas.
        return _parts(value, ";")

    @field_validator("regions", "gateways", "allowed_origins", "proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return _parts(value, ",")


def _parts(value: object, mark: str) -> object:
    """A text as the tuple of its parts."""
    if not isinstance(value, str):
        return value
    return tuple(part.strip() for part in value.split(mark) if part.strip())


def load_settings(**given: Any) -> Settings:
    """The settings of the environment; `given` wins. Raises `OperatorError` naming the setting that is wrong, not its value."""
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise OperatorError(
            f"{ENV}{name.upper()} is wrong: {first['msg']}; `pantau settings` describes it"
        ) from None
