"""The `portal lag` command: how far the views are behind the end of the log."""

import asyncio
import sys
from collections.abc import Sequence
from typing import Final

import orjson
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from portal.commands.retention_warnings import retention_warnings
from portal.errors import CommandError
from portal.settings import Settings
from projectors.kafka.client import KafkaUnavailable
from projectors.kafka.topology import MissingTopics
from projectors.lag import Lag, State, measure, unknown
from read_models.clock import utc_now

REFRESH_INTERVAL_S: Final = 2.0
STYLES: Final[dict[State, str]] = {
    "ok": "green",
    "lagging": "yellow",
    "stalled": "red",
    "broken": "bold red",
    "unknown": "magenta",
}


async def lag(settings: Settings, *, watch: bool, as_json: bool) -> None:
    """Print the lag once, or repeatedly until cancelled; raise CommandError if it cannot be measured."""
    if watch and not as_json:
        with Live(console=Console(), auto_refresh=False) as screen:
            while True:
                measured = await _measure(settings)
                screen.update(lag_table(measured, await _explain(settings, measured)), refresh=True)
                await asyncio.sleep(REFRESH_INTERVAL_S)
    while True:
        measured = await _measure(settings)
        if as_json:
            sys.stdout.write(orjson.dumps(measured.as_json()).decode() + "\n")
            sys.stdout.flush()
            for line in await _explain(settings, measured):
                print(f"portal: {line}", file=sys.stderr)
        else:
            Console().print(lag_table(measured, await _explain(settings, measured)))
        if not watch:
            if measured.state == "unknown":
                raise CommandError(f"the lag could not be measured: {'; '.join(measured.reasons)}")
            return
        await asyncio.sleep(REFRESH_INTERVAL_S)


async def _explain(settings: Settings, lag: Lag) -> list[str]:
    """Return the reasons for the state of the lag, and warnings about topics with a retention limit."""
    reasons = [f"{lag.state}: {reason}" for reason in lag.reasons]
    if lag.state == "unknown":
        return reasons
    try:
        return [*reasons, *await retention_warnings(settings)]
    except KafkaUnavailable as error:
        return [*reasons, f"warning: cannot tell for how long topics are kept: {error}"]


async def _measure(settings: Settings) -> Lag:
    try:
        return await measure(settings.installation, utc_now)
    except MissingTopics as error:
        return unknown(settings.topic_prefix, str(error), utc_now())


def lag_table(lag: Lag, explanations: Sequence[str]) -> Group:
    """Return the lag for a terminal: totals, and the partitions that are behind or not ok."""
    rows = Table(box=None, pad_edge=False)
    for column in ("topic", "partition", "end", "applied", "records", "seconds", "state"):
        rows.add_column(column, justify="left" if column in ("topic", "state") else "right")
    listed = [partition for partition in lag.partitions if partition.state != "ok" or partition.records]
    for partition in listed:
        cells = (
            partition.topic,
            partition.partition,
            partition.end_offset,
            partition.applied_offset,
            partition.records,
            partition.seconds,
        )
        rows.add_row(*(_text(cell) for cell in cells), Text(partition.state, STYLES[partition.state]))
    totals = Text.assemble(
        ("generation ", "dim"),
        _text(lag.generation),
        ("  state ", "dim"),
        (lag.state, STYLES[lag.state]),
        ("  records ", "dim"),
        _text(lag.records),
        ("  seconds ", "dim"),
        _text(lag.seconds),
        ("  dead letters ", "dim"),
        _text(lag.dead_letters),
        ("  waiting ", "dim"),
        _text(lag.waiting),
        ("  gaps ", "dim"),
        _text(lag.gaps),
        ("  skipped ", "dim"),
        _text(lag.skipped),
    )
    level = len(lag.partitions) - len(listed)
    reasons = [Text(line, "yellow") for line in explanations]
    return Group(totals, *reasons, *([rows] if listed else []), Text(f"{level} partitions are level", "dim"))


def _text(value: object) -> str:
    return "–" if value is None else str(value)
