"""Connection settings of the Kafka cluster, and the error raised when it does not answer."""

import ssl
from dataclasses import dataclass, field
from typing import Any, Final, Literal

REQUEST_TIMEOUT_S: Final = 5.0
"""How long a question to the cluster may take before it counts as not answered."""

Partition = tuple[str, int]
"""A partition: full topic name and number."""


class KafkaUnavailable(Exception):
    """The cluster does not answer, or not within `REQUEST_TIMEOUT_S`."""


@dataclass(frozen=True, slots=True)
class KafkaConfig:
    """Brokers and credentials; names and values as Kafka's own clients use them."""

    bootstrap: str
    """`host:port[,host:port]`"""
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    sasl_username: str | None = None
    sasl_password: str | None = field(default=None, repr=False)
    ssl_context: ssl.SSLContext | None = field(default=None, repr=False)

    @property
    def servers(self) -> list[str]:
        """The bootstrap addresses one by one."""
        return [server.strip() for server in self.bootstrap.split(",")]

    def client(self) -> dict[str, Any]:
        """Return the arguments every aiokafka client takes."""
        return {
            "bootstrap_servers": self.servers,
            "security_protocol": self.security_protocol,
            "ssl_context": self.ssl_context,
            "sasl_mechanism": self.sasl_mechanism,
            "sasl_plain_username": self.sasl_username,
            "sasl_plain_password": self.sasl_password,
        }
