"""Topics and partitions are Kafka's and the contract's."""

import pytest
from aiokafka.partitioner import murmur2

from events.topics import Topics


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_partitions_are_those_of_kafka(key: bytes, expected: int) -> None:
    """Keys hash as in Kafka's own tests of murmur2, and a partition is the positive hash modulo their count."""
    assert murmur2(key) == expected % 2**32
    for partitions in (1, 4, 12):
        assert Topics("", partitions).partition(key) == (expected & 0x7FFFFFFF) % partitions


def test_names() -> None:
    """There are eight topics, under the installation's prefix."""
    topics = Topics("test.", 4)

    assert topics.names == (
        "test.businesses",
        "test.customers",
        "test.visits",
        "test.proofs",
        "test.invoices",
        "test.payments",
        "test.subscriptions",
        "test.contracts",
    )
    assert topics.name("visits") == "test.visits"
    assert topics.of_type("servicehub.proof_pack.published.v1") == "test.proofs"
    assert topics.of_type("servicehub.visit.later.v1") == "test.visits"


def test_what_there_is_not() -> None:
    """A topic, an entity or a count that cannot be is refused."""
    topics = Topics("servicehub.", 12)

    for ask in (
        lambda: topics.name("servicehub.visits"),
        lambda: topics.of_type("servicehub.later.added.v1"),
        lambda: topics.of_type("visit"),
        lambda: Topics("servicehub.", 0),
    ):
        with pytest.raises(ValueError):
            ask()


def test_one_installation_is_equal_to_itself() -> None:
    """Topics are values."""
    assert Topics("a.", 4) == Topics("a.", 4) != Topics("a.", 12)
