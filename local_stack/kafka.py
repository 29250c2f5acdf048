"""Kafka: one node, broker and controller in one."""

import shutil
import subprocess
from pathlib import Path

from local_stack.errors import StackError
from local_stack.server import Server

LOG4J = Path(__file__).with_name("kafka-log4j2.properties")
# What does not depend on where the broker runs; compose.yaml says the same.
SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    # Else a reader that comes early makes topics with one partition.
    "auto.create.topics.enable": "false",
    "group.initial.rebalance.delay.ms": "0",
    # After SIGKILL the controller takes the broker for alive this long and refuses its successor
    # (9 s if not set).
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "message.max.bytes": str(4 * 1024 * 1024),
    # One node cannot keep the three copies that are expected of the broker's own topics.
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.num.partitions": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "share.coordinator.state.topic.min.isr": "1",
}


class Kafka(Server):
    """The broker, which is its own controller."""

    name = "kafka"
    ports = ("kafka", "kafka_controller")

    _formatting: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        """Write the settings; an empty log folder has to be formatted, which takes a second."""
        super().prepare()
        self._write_properties()
        if not self._formatted.exists():
            # No broker ran here yet: what lies there is from a formatting that was killed.
            shutil.rmtree(self._logs, ignore_errors=True)
            # Over before the optimising compiler would pay.
            java = self._java("-XX:TieredStopAtLevel=1")
            given = ("-t", self.place.cluster_id, "-c", str(self._properties))
            self._formatting = self._spawn([*java, "kafka.tools.StorageTool", "format", *given])

    def start(self) -> None:
        """Start the broker once its log folder is formatted; raise `StackError` when it could not be."""
        if self._formatting is not None:
            if self._formatting.wait() != 0:
                raise StackError(
                    f"Kafka's log folder could not be formatted; {self.log} ends:\n{self._tail()}"
                )
            self._formatted.touch()
        super().start()

    def command(self) -> list[str]:
        """Return the JVM takes little memory and the collector that needs no threads of its own."""
        return [*self._java("-Xmx512m"), "kafka.Kafka", str(self._properties)]

    def is_ready(self) -> bool:
        """Return whether the broker said so: its port opens before it is allowed to lead partitions."""
        return "Kafka Server started" in self._output()

    @property
    def _formatted(self) -> Path:
        """Marks that formatting was finished and not cut short."""
        return self.data / "formatted"

    @property
    def _logs(self) -> Path:
        return self.data / "logs"

    @property
    def _properties(self) -> Path:
        return self.data / "server.properties"

    def _java(self, *options: str) -> list[str]:
        # Performance data and unpacked compression libraries would stay in /tmp after SIGKILL.
        return [
            *("java", "-XX:+UseSerialGC", "-XX:-UsePerfData", *options),
            *(f"-Djava.io.tmpdir={self.place.state / 'tmp'}", f"-Dlog4j2.configurationFile={LOG4J.as_uri()}"),
            *("-cp", f"{self.place.programs['kafka'] / 'libs'}/*"),
        ]

    def _write_properties(self) -> None:
        broker, controller = self.place.address("kafka"), self.place.address("kafka_controller")
        settings = SETTINGS | {
            "controller.quorum.voters": f"1@{controller}",
            "listeners": f"PLAINTEXT://{broker},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{broker}",
            "log.dirs": str(self._logs),
        }
        # A backslash escapes in this format.
        lines = (f"{key}={value.replace(chr(92), chr(92) * 2)}\n" for key, value in settings.items())
        self._properties.write_text("".join(lines))
