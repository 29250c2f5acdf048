"""The lag, of what the servers said (docs/contracts/api.md)."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from events.topics import Topics
from projectors.kafka.topology import Cluster
from projectors.lag import Lag, LogSnapshot, PartitionLag, ViewsSnapshot, compare
from read_models.store import Checkpoint

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TOPICS = Topics("t.", 2)
RECORD = {"cluster_id": "c", "partitions": 2}


def checkpoint(
    lane: int, offsets: Mapping[str, int], applied_s_ago: float | None, **counts: int
) -> Checkpoint:
    applied_at = None if applied_s_ago is None else NOW - timedelta(seconds=applied_s_ago)
    return Checkpoint(1, lane, dict(offsets), 1, None, applied_at, None, Counter(counts))


def views(*checkpoints: Checkpoint, generation: int | None = 1) -> ViewsSnapshot:
    return ViewsSnapshot(generation, RECORD, {one.lane: one for one in checkpoints}, 2, 5)


def log(ends: Mapping[tuple[str, int], int], oldest_s_ago: Mapping[tuple[str, int], float]) -> LogSnapshot:
    everywhere = {(name, lane): 0 for name in TOPICS.names for lane in range(2)}
    times = {place: round((NOW.timestamp() - age) * 1000) for place, age in oldest_s_ago.items()}
    return LogSnapshot(Cluster("c", TOPICS), everywhere, everywhere | dict(ends), {}, times)


def partition(lag: Lag, topic: str, number: int) -> PartitionLag:
    return next(one for one in lag.partitions if (one.topic, one.partition) == (topic, number))


def test_a_level_installation_is_ok() -> None:
    """Nothing waits; what was counted is there."""
    lag = compare(
        "t.",
        views(checkpoint(0, {"visits": 3}, 900, gaps=1), checkpoint(1, {}, None, skipped=4)),
        log({("t.visits", 0): 3}, {}),
        NOW,
    )
    assert (lag.generation, lag.records, lag.seconds, lag.state) == (1, 0, 0, "ok")
    assert (lag.dead_letters, lag.waiting, lag.gaps, lag.skipped) == (2, 5, 1, 4)
    assert len(lag.partitions) == 16
    assert partition(lag, "t.visits", 0) == PartitionLag("t.visits", 0, 3, 3, 0, 0, "ok")


def test_what_waits_is_counted_and_aged() -> None:
    """Up to 5 s old it is ok, above lagging, as long as the lane gets on."""
    found = views(checkpoint(0, {"visits": 1}, 1), checkpoint(1, {"visits": 2}, 1))
    lag = compare(
        "t.",
        found,
        log({("t.visits", 0): 3, ("t.visits", 1): 12}, {("t.visits", 0): 4, ("t.visits", 1): 60}),
        NOW,
    )
    assert partition(lag, "t.visits", 0) == PartitionLag("t.visits", 0, 3, 1, 2, 4, "ok")
    assert partition(lag, "t.visits", 1) == PartitionLag("t.visits", 1, 12, 2, 10, 60, "lagging")
    assert (lag.records, lag.seconds, lag.state) == (12, 60, "lagging")


def test_markers_of_transactions_are_no_records() -> None:
    """They have offsets, and nothing to apply; where a record comes among them, all count."""
    found = views(checkpoint(0, {"visits": 3}, 900), checkpoint(1, {"visits": 3}, 1))
    ends = {("t.visits", 0): 4, ("t.visits", 1): 6}
    lag = compare("t.", found, log(ends, {("t.visits", 1): 2}), NOW)
    assert partition(lag, "t.visits", 0) == PartitionLag("t.visits", 0, 4, 3, 0, 0, "ok")
    assert partition(lag, "t.visits", 1).records == 3
    assert (lag.records, lag.seconds, lag.state) == (3, 2, "ok")


def test_a_lane_that_stands_still_is_stalled() -> None:
    """When both its oldest waiting record and its last apply are older than 20 s."""
    waiting = log({("t.visits", 0): 1}, {("t.visits", 0): 21})
    assert compare("t.", views(checkpoint(0, {}, 19)), waiting, NOW).state == "lagging"
    assert compare("t.", views(checkpoint(0, {}, 21)), waiting, NOW).state == "stalled"
    fresh = log({("t.visits", 0): 1}, {("t.visits", 0): 19})
    assert compare("t.", views(checkpoint(0, {}, 21)), fresh, NOW).state == "lagging"


def test_before_any_worker_ran_all_records_count() -> None:
    """There is no generation and nothing applied."""
    lag = compare("t.", views(generation=None), log({("t.visits", 0): 7}, {("t.visits", 0): 100}), NOW)
    assert (lag.generation, lag.records, lag.seconds, lag.state) == (None, 7, 100, "stalled")
    assert partition(lag, "t.visits", 0).applied_offset is None


def test_views_of_another_log_are_broken() -> None:
    """They hold more than it has, or come from another cluster."""
    more = compare("t.", views(checkpoint(0, {"visits": 9}, 1)), log({("t.visits", 0): 3}, {}), NOW)
    assert (more.state, more.records) == ("broken", 0)
    assert more.reasons == ["the log is shorter than the views in t.visits/0"]
    other = views(checkpoint(0, {}, 1))._replace(record=RECORD | {"cluster_id": "d"})
    assert compare("t.", other, log({}, {}), NOW).state == "broken"


def test_views_of_a_log_that_was_made_anew_are_broken() -> None:
    """However long it is by now; where it forgot its beginning, another oldest record says nothing."""
    place = ("t.visits", 0)
    known = views(checkpoint(0, {"visits": 3}, 1))._replace(
        record=RECORD | {"firsts": {"visits": {"0": 700}}}
    )
    same = log({place: 9}, {})._replace(firsts={place: 700, ("t.visits", 1): 800})
    other = same._replace(firsts={place: 701})
    assert compare("t.", known, same, NOW).state == "ok"
    assert compare("t.", known, other, NOW).reasons == [
        "the log was made anew, its oldest records are others, in t.visits/0"
    ]
    assert compare("t.", known, other, NOW).state == "broken"
    cut = other._replace(beginnings={**other.beginnings, place: 5})
    assert compare("t.", known, cut, NOW).reasons == ["the log does not begin at offset 0 in t.visits/0"]


def test_a_log_that_lost_its_beginning_is_broken_unless_the_views_were_made_so() -> None:
    """They were made from where it began then; when it loses more, they are broken again."""
    place = ("t.visits", 0)
    cut = log({place: 9}, {})
    cut = cut._replace(beginnings={**cut.beginnings, place: 5})
    whole = checkpoint(0, {"visits": 9}, 1)
    assert compare("t.", views(whole), cut, NOW).reasons == [
        "the log does not begin at offset 0 in t.visits/0"
    ]
    assert compare("t.", views(whole), cut, NOW).state == "broken"
    assert compare("t.", views(replace(whole, begins={"visits": 5})), cut, NOW).state == "ok"
    assert compare("t.", views(replace(whole, begins={"visits": 4})), cut, NOW).state == "broken"


def test_without_kafka_the_lag_is_unknown() -> None:
    """What MongoDB says stands there, what depends on both is null, never 0."""
    lag = compare("t.", views(checkpoint(0, {"visits": 3}, 1)), None, NOW)
    assert (lag.generation, lag.records, lag.seconds, lag.state, lag.dead_letters) == (
        1,
        None,
        None,
        "unknown",
        2,
    )
    assert partition(lag, "t.visits", 0) == PartitionLag("t.visits", 0, None, 3, None, None, "unknown")


def test_without_mongodb_the_lag_is_unknown() -> None:
    """And nothing is known of the views."""
    lag = compare("t.", None, log({("t.visits", 0): 3}, {}), NOW)
    assert (lag.generation, lag.records, lag.state, lag.dead_letters, lag.gaps) == (
        None,
        None,
        "unknown",
        None,
        None,
    )
    assert partition(lag, "t.visits", 0) == PartitionLag("t.visits", 0, 3, None, None, None, "unknown")
    nothing = compare("t.", None, None, NOW)
    assert (nothing.state, nothing.reasons) == (
        "unknown",
        ["MongoDB does not answer", "Kafka does not answer"],
    )


def test_the_json_has_every_key() -> None:
    """As docs/contracts/api.md lists them."""
    body = compare("t.", None, log({}, {}), NOW).as_json()
    assert list(body) == [
        "generation",
        "records",
        "seconds",
        "state",
        "dead_letters",
        "waiting",
        "gaps",
        "skipped",
        "partitions",
    ]
    assert list(body["partitions"][0]) == [
        "topic",
        "partition",
        "end_offset",
        "applied_offset",
        "records",
        "seconds",
        "state",
    ]
