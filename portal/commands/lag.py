"""`portal lag`: what the views hold against the log's end."""

import asyncio
import sys
from datetime import UTC, datetime
from typing import Final

import orjson
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from portal.errors import CommandError
from portal.settings import Settings
from projectors.kafka import TopicsUnfit
from projectors.lag import Lag, State, measure

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
                screen.update(table(await _measured(settings)), refresh=True)
                await asyncio.sleep(EVERY_S)
    while True:
        found = await _measured(settings)
        if as_json:
            sys.stdout.write(orjson.dumps(found.as_json()).decode() + "\n")
            sys.stdout.flush()
        else:
            Console().print(table(found))
        if not watch:
            if found.state == "unknown":
                raise CommandError("the lag could not be measured: Kafka or MongoDB does not answer")
            return
        await asyncio.sleep(EVERY_S)


async def _measured(settings: Settings) -> Lag:
    try:
        return await measure(settings.installation, lambda: datetime.now(UTC))
    except TopicsUnfit as error:
        raise CommandError(str(error)) from error


def table(lag: Lag) -> Group:
    """The lag for people: totals, and the partitions that have something to say."""
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
    return Group(totals, *([rows] if shown else []), Text(f"{rest} partitions are level", "dim"))


def _text(value: object) -> str:
    return "–" if value is None else str(value)
