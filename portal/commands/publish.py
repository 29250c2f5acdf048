"""The `portal publish FILE.jsonl` command: publishes one CloudEvent in structured JSON per line."""

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

MAX_ERRORS_SHOWN: Final = 10
_LINES_PER_YIELD: Final = 100
"""Checked lines after which the event loop runs, so that a signal can stop the command."""
_MAX_IN_FLIGHT: Final = 2000
"""Records sent before their acknowledgements are awaited."""


class PublishableRecord(NamedTuple):
    """A record ready to be published."""

    topic: str
    key: bytes
    value: bytes | None
    headers: list[tuple[str, bytes]]


class InvalidLine(Exception):
    """The line cannot be published, because it names no topic or no key."""


@contextmanager
def publish_progress(file: Path) -> Iterator[Callable[[int], None]]:
    """Show a progress bar on a terminal; yield a callback that takes the bytes published so far."""
    console = Console(stderr=True)
    columns = "publishing", BarColumn(), DownloadColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=file.stat().st_size)
        yield lambda through: progress.update(task, completed=through)


async def publish(settings: Settings, file: Path, mode: Mode, progress: Callable[[int], None]) -> int:
    """Publish every line of the file, in order per key, and return the number of lines.

    All lines are checked before any is sent: CommandError lists those without a topic or a key. Whether events
    keep the rest of the contract is left to their consumers. `progress` is called with the bytes published.
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
    """Return the record of a line; raise InvalidLine. The content is not validated beyond topic and key."""
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
        # Publish the line unchanged: encoding it again could alter it.
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
    """Yield number, content and end offset of each line that is not blank."""
    through = 0
    with file.open("rb") as source:
        for number, raw in enumerate(source, start=1):
            through += len(raw)
            if text := raw.strip():
                yield number, text, through


async def _check(file: Path, mode: Mode, topics: Topics) -> None:
    errors: list[str] = []
    for count, (number, text, _) in enumerate(_lines(file), start=1):
        try:
            parse(text, mode, topics)
        except InvalidLine as error:
            errors.append(f"{file}:{number}: {error}")
        if count % _LINES_PER_YIELD == 0:
            await asyncio.sleep(0)
    if errors:
        more = (
            [f"… and {len(errors) - MAX_ERRORS_SHOWN} more lines"] if len(errors) > MAX_ERRORS_SHOWN else []
        )
        raise CommandError("\n".join([*errors[:MAX_ERRORS_SHOWN], *more, "nothing was published"]))


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
            if len(sent) == _MAX_IN_FLIGHT:
                done += await _await_acknowledgements(sent)
                progress(through)
        return done + await _await_acknowledgements(sent)
    except KafkaError as error:
        raise CommandError(
            f"{file}: stopped about line {last}, {done} events are published: {error or type(error).__name__};"
            " publish the file again, what is there already changes nothing"
        ) from error
    finally:
        await producer.stop()


async def _await_acknowledgements(sent: list[tuple[int, asyncio.Future[Any]]]) -> int:
    for _, acknowledgement in sent:
        await acknowledgement
    done = len(sent)
    sent.clear()
    return done
