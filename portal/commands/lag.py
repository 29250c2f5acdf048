"""`portal lag`: what the views hold against the log's end."""

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

EVERY_S: Final = 2.0
STYLES: Final[dict[State, str]] = {
    "ok": "green",
    "lagging": "yellow",
    "stalled": "red",
    "broken": "bold red",
    "unknown": "magenta",
}


async def lag(settings: Settings, *, watch: bool, as_json: bool) -> None:
    """Print the lag once, or again and again until told to stop; CommandError when it could not be measured."""
    if watch and not as_json:
        with Live(console=Console(), auto_refresh=False) as screen:
            while True:
                found = await _measured(settings)
                screen.update(table(found, await _more(settings, found)), refresh=True)
                await asyncio.sleep(EVERY_S)
    while True:
        found = await _measured(settings)
        if as_json:
            sys.stdout.write(orjson.dumps(found.as_json()).decode() + "\n")
            sys.stdout.flush()
            for line in await _more(settings, found):
                print(f"portal: {line}", file=sys.stderr)
        else:
            Console().print(table(found, await _more(settings, found)))
        if not watch:
            if found.state == "unknown":
                raise CommandError(f"the lag could not be measured: {'; '.join(found.reasons)}")
            return
        await asyncio.sleep(EVERY_S)


async def _more(settings: Settings, lag: Lag) -> list[str]:
    """Why the lag is as it is, where the numbers do not say it, and which topics forget."""
    why = [f"{lag.state}: {reason}" for reason in lag.reasons]
    if lag.state == "unknown":
        return why
    try:
        return [*why, *await retention_warnings(settings)]
    except KafkaUnavailable as error:
        return [*why, f"warning: cannot tell for how long topics are kept: {error}"]


async def _measured(settings: Settings) -> Lag:
    try:
        return await measure(settings.installation, utc_now)
    except MissingTopics as error:
        return unknown(settings.topic_prefix, str(error), utc_now())


def table(lag: Lag, more: Sequence[str]) -> Group:
    """Return the lag for people: totals, and the partitions that have something to say."""
    rows = Table(box=None, pad_edge=False)
    for column in ("topic", "partition", "end", "applied", "records", "seconds", "state"):
        rows.add_column(column, justify="left" if column in ("topic", "state") else "right")
    shown = [one for one in lag.partitions if one.state != "ok" or one.records]
    for one in shown:
        cells = one.topic, one.partition, one.end_offset, one.applied_offset, one.records, one.seconds
        rows.add_row(*(_text(cell) for cell in cells), Text(one.state, STYLES[one.state]))
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
    rest = len(lag.partitions) - len(shown)
    because = [Text(line, "yellow") for line in more]
    return Group(totals, *because, *([rows] if shown else []), Text(f"{rest} partitions are level", "dim"))


def _text(value: object) -> str:
    return "–" if value is None else str(value)
