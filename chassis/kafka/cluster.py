"""Which Kafka, and as whom: what every client of ours is made with."""

from __future__ import annotations

import hmac
import ssl
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from chassis.clocks import secret_key
from chassis.kafka import any_batch
from chassis.settings import Mechanism, Security, Settings

Account = Literal[
    "admin", "ingest", "streams", "sinks", "notices", "gateway", "operator", "devices"
]
"""`chassis.kafka.rights` says what each may do; `admin` may do everything."""

_PASSWORD_BYTES: Final = 24

# Every client is described here, so no process opens a consumer that ends at such a record.
any_batch.accept()


@dataclass(frozen=True, slots=True)
class Cluster:
    """`address`: host:port[,host:port]; `user`: empty where the cluster asks for none; `ca`: a PEM file, empty for the machine's."""

    address: str
    security: Security = "PLAINTEXT"
    mechanism: Mechanism = "SCRAM-SHA-256"
    user: str = ""
    password: str = field(default="", repr=False)
    ca: str = ""

    def __str__(self) -> str:
        return self.address

    def tls(self) -> ssl.SSLContext | None:
        """What TLS is made with, where the cluster speaks it."""
        if self.security in ("SSL", "SASL_SSL"):
            return ssl.create_default_context(cafile=self.ca or None)
        return None

    def client(self) -> dict[str, Any]:
        """Arguments for a client of aiokafka or kafka-python: both know them by the same names."""
        arguments: dict[str, Any] = {
            "bootstrap_servers": self.address.split(","),
            "security_protocol": self.security,
            "ssl_context": self.tls(),
        }
        if self.user:
            arguments |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.user,
                "sasl_plain_password": self.password,
            }
        return arguments


def password_of(key: bytes, account: Account) -> str:
    """An account's password: derived from the installation's key, so that nothing more need be stored or handed out."""
    digest = hmac.digest(key, f"kafka account {account}".encode(), "sha256")
    return digest[:_PASSWORD_BYTES].hex()


def cluster_of(settings: Settings, account: Account) -> Cluster:
    """The installation's cluster, as `account`; as PANTAU_KAFKA_USER where that is set. Raises `DataDirError` without a key."""
    address, security, ca = settings.broker, settings.kafka_security, settings.kafka_ca
    if security in ("PLAINTEXT", "SSL"):
        return Cluster(address, security, ca=ca)
    given = settings.kafka_password.get_secret_value()
    if settings.kafka_user:
        return Cluster(address, security, settings.kafka_mechanism, settings.kafka_user, given, ca)
    password = (account == "admin" and given) or password_of(secret_key(settings), account)
    # A node that starts anew knows no SCRAM account: its admin stands in its settings.
    mechanism: Mechanism = "PLAIN" if account == "admin" else "SCRAM-SHA-256"
    return Cluster(address, security, mechanism, account, password, ca)
