"""The consumer group of the live workers, on Faust (docs/architecture.md, Decision 2)."""

from pathlib import Path
from typing import Any, Final

import faust
from faust.assignor.partition_assignor import PartitionAssignor
from faust.auth import SASLCredentials
from faust.sensors.monitor import Monitor
from faust.types import TP
from mode.supervisors import CrashingSupervisor

from events.topics import Topics
from projectors.kafka.client import KafkaConfig
from projectors.live.faust_transport import BufferingTransport, Positions, RecordBuffer

SESSION_S: Final = 10.0
"""After how long without a sign of life the group gives a worker's lanes away."""

HEARTBEAT_S: Final = 3.0
REQUEST_S: Final = 30.0
COMMIT_S: Final = 5.0
"""Kafka's committed offsets are a hint only: the checkpoint is the truth."""


def group_id(prefix: str, database: str, version: int) -> str:
    """Return the group of an installation's workers; another version of the read models is another group."""
    return f"{prefix}portal.{database}.v{version}"


class _CopartitionedAssignor(PartitionAssignor):
    """Faust's assignor, which keeps equal numbers of all topics together, without its standbys.

    With a standby each it fills one worker after the other, so that the last of three gets none of four lanes;
    with `table_standby_replicas=0` Faust does not use it at all.
    """

    def __init__(self, app: Any, replicas: int = 0) -> None:
        super().__init__(app, replicas=0)


class _NoopMonitor(Monitor):
    """Measures nothing per event: what Faust knows is how far it has read, not what was applied."""

    mundane_level = "debug"

    def on_message_in(self, *_: Any) -> None:
        pass

    def on_stream_event_in(self, *_: Any) -> None:
        pass

    def on_stream_event_out(self, *_: Any) -> None:
        pass

    def on_message_out(self, *_: Any) -> None:
        pass

    def track_tp_end_offset(self, *_: Any) -> None:
        pass


def create_app(
    kafka: KafkaConfig, group: str, instance: str, folder: Path, inbox: RecordBuffer, positions: Positions
) -> faust.App:
    """Return a member of the group that is not started yet; it delivers to the inbox and commits the positions.

    `instance` names this member: started again under the same name, it has its lanes back at once. Faust wants a
    `folder`, and puts nothing there as there are no tables.
    """
    app = faust.App(
        group,
        broker=[f"kafka://{server}" for server in kafka.servers],
        broker_client_id=instance,
        broker_credentials=_credentials(kafka),
        ssl_context=kafka.ssl_context,
        broker_session_timeout=SESSION_S,
        broker_heartbeat_interval=HEARTBEAT_S,
        broker_request_timeout=REQUEST_S,
        broker_commit_interval=COMMIT_S,
        producer_request_timeout=REQUEST_S,
        consumer_group_instance_id=instance,
        consumer_auto_offset_reset="earliest",
        key_serializer="raw",
        value_serializer="raw",
        topic_disable_leader=True,
        topic_allow_declare=False,
        table_standby_replicas=1,
        PartitionAssignor=_CopartitionedAssignor,
        Monitor=_NoopMonitor,
        agent_supervisor=CrashingSupervisor,
        # What was read and not applied is read again: nothing is waited for when lanes are given away.
        stream_wait_empty=False,
        cython_optimizations=True,
        web_enabled=False,
        store="memory://",
        datadir=folder,
    )
    app.transport = BufferingTransport(app.conf.broker_consumer, app, inbox=inbox, positions=positions)
    return app


def _credentials(kafka: KafkaConfig) -> SASLCredentials | None:
    if not kafka.security_protocol.startswith("SASL"):
        return None
    return SASLCredentials(
        username=kafka.sasl_username,
        password=kafka.sasl_password,
        ssl_context=kafka.ssl_context,
        mechanism=kafka.sasl_mechanism,
    )


def lanes_of_assignment(assigned: set[TP], topics: Topics) -> set[int]:
    """Return the lanes of an assignment; ValueError when one is not there with all its topics."""
    lanes = {place.partition for place in assigned}
    if assigned != {TP(topic, lane) for topic in topics.names for lane in lanes}:
        raise ValueError("the group gave out parts of lanes: a customer's events would have two writers")
    return lanes
