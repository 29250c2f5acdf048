"""`portal publish FILE.jsonl`: a log of events, one CloudEvent in structured JSON a line, onto its topics."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

from events.envelope import encode
from events.topics import MAX_MESSAGE_BYTES, Topics
from portal.errors import CommandError
from portal.settings import Settings
from projectors.kafka.client import KafkaUnavailable
from projectors.kafka.topology import InvalidTopics, discover

Mode = Literal["structured", "binary"]

SHOWN_ERRORS: Final = 10
_CHECKED: Final = 100
"""Lines between two moments at which the command can be told to stop."""
_IN_FLIGHT: Final = 2000
"""Records sent between two waits for their acknowledgements."""


class PublishableRecord(NamedTuple):
    """One record to publish."""

    topic: str
    key: bytes
    value: bytes | None
    headers: list[tuple[str, bytes]]


class InvalidLine(Exception):
    """A line that cannot be published: it does not say to which topic, or under which key."""


@contextmanager
def bar(file: Path) -> Iterator[Callable[[int], None]]:
    """Yield a progress bar on a terminal; gives what takes the number of bytes that are through."""
    console = Console(stderr=True)
    columns = "publishing", BarColumn(), DownloadColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=file.stat().st_size)
        yield lambda through: progress.update(task, completed=through)


async def publish(settings: Settings, file: Path, mode: Mode, progress: Callable[[int], None]) -> int:
    """Publish every line of the file, in its order per key, and return how many there were.

    What could not be routed is found before anything is sent, and raises CommandError with the numbers of the
    lines. Whether an event keeps the contract beyond that is the reader's to judge. `progress` is called with
    the number of bytes of the file that are through.
    """
    try:
        topics = (await discover(settings.kafka, settings.topic_prefix)).topics
    except (KafkaUnavailable, InvalidTopics) as error:
        raise CommandError(str(error)) from error
    try:
        await _check(file, mode, topics)
        return await _send(settings, file, mode, topics, progress)
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from error


def parse(line: bytes, mode: Mode, topics: Topics) -> PublishableRecord:
    """Read one line; raise InvalidLine. What is JSON at all goes through, so that a log is published as it was."""
    try:
        event = json.loads(line)
    except ValueError as error:
        raise InvalidLine(f"not JSON: {error}") from None
    except RecursionError:
        raise InvalidLine("it is nested too deeply to be read") from None
    if not isinstance(event, dict):
        raise InvalidLine("not a JSON object")
    for name in ("type", "partitionkey"):
        if not isinstance(event.get(name), str) or not event[name]:
            raise InvalidLine(f"{name} is missing or not a text")
    try:
        event["partitionkey"].encode()
    except UnicodeEncodeError:
        raise InvalidLine("partitionkey is not valid Unicode") from None
    try:
        topic = topics.of_type(event["type"])
    except ValueError as error:
        raise InvalidLine(str(error)) from None
    if mode == "structured":
        # As it stands: no reader's idea of JSON comes between the file and the log.
        key, _, headers = encode({"partitionkey": event["partitionkey"]}, None, mode)
        return PublishableRecord(topic, key, line, headers)
    data: Any = event.pop("data", None)
    odd = [name for name, value in event.items() if not isinstance(value, str)]
    if odd:
        raise InvalidLine(f"{odd[0]} is not a text, and cannot be a header")
    try:
        return PublishableRecord(topic, *encode(event, data, mode))
    except (TypeError, ValueError):
        raise InvalidLine("its data cannot be written as JSON in valid Unicode") from None


def _lines(file: Path) -> Iterator[tuple[int, bytes, int]]:
    """Yield number, text and end in the file of each line that is not blank."""
    through = 0
    with file.open("rb") as source:
        for number, raw in enumerate(source, start=1):
            through += len(raw)
            if text := raw.strip():
                yield number, text, through


async def _check(file: Path, mode: Mode, topics: Topics) -> None:
    wrong: list[str] = []
    for count, (number, text, _) in enumerate(_lines(file), start=1):
        try:
            parse(text, mode, topics)
        except InvalidLine as error:
            wrong.append(f"{file}:{number}: {error}")
        if count % _CHECKED == 0:
            await asyncio.sleep(0)
    if wrong:
        more = [f"… and {len(wrong) - SHOWN_ERRORS} more lines"] if len(wrong) > SHOWN_ERRORS else []
        raise CommandError("\n".join([*wrong[:SHOWN_ERRORS], *more, "nothing was published"]))


async def _send(
    settings: Settings, file: Path, mode: Mode, topics: Topics, progress: Callable[[int], None]
) -> int:
    producer = AIOKafkaProducer(
        **settings.kafka.client(),
        enable_idempotence=True,
        acks="all",
        max_request_size=MAX_MESSAGE_BYTES,
        linger_ms=5,
        request_timeout_ms=10_000,
    )
    done, last = 0, 0
    try:
        await producer.start()
        sent: list[tuple[int, asyncio.Future[Any]]] = []
        for number, text, through in _lines(file):
            line, last = parse(text, mode, topics), number
            sent.append(
                (
                    number,
                    await producer.send(
                        line.topic,
                        line.value,
                        line.key,
                        partition=topics.partition(line.key),
                        headers=line.headers,
                    ),
                )
            )
            if len(sent) == _IN_FLIGHT:
                done += await _acknowledged(sent)
                progress(through)
        return done + await _acknowledged(sent)
    except KafkaError as error:
        raise CommandError(
            f"{file}: stopped about line {last}, {done} events are published: {error or type(error).__name__};"
            " publish the file again, what is there already changes nothing"
        ) from error
    finally:
        await producer.stop()


async def _acknowledged(sent: list[tuple[int, asyncio.Future[Any]]]) -> int:
    for _, acknowledgement in sent:
        await acknowledgement
    done = len(sent)
    sent.clear()
    return done
