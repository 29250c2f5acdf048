"""`portal generations list|drop`."""

import asyncio
import sys
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from rich.console import Console
from rich.table import Table

from portal.commands.error_mapping import map_errors
from portal.commands.promotion import operator_identity
from portal.errors import CommandError
from portal.settings import Settings
from projectors.operations.context import open_store
from projectors.operations.generation_report import GenerationReport, generations, overview
from read_models.clock import utc_now
from read_models.store import OperationRefused, WriteConflict

WITHIN_S: Final = 15.0
AGAIN_S: Final = 0.05


async def show(settings: Settings, *, as_json: bool) -> None:
    """Print every generation, the newest first."""
    async with map_errors(), open_store(settings.installation) as store:
        if as_json:
            sys.stdout.write(orjson.dumps(await overview(store)).decode() + "\n")
            return
        found = await generations(store)
    if found:
        Console().print(table(found, utc_now()))
    else:
        print("there are no generations yet: `portal project` makes the first one")


async def drop(settings: Settings, generation: int, *, served: bool) -> str:
    """Drop a generation, and say so."""
    async with map_errors(), open_store(settings.installation) as store:
        try:
            async with asyncio.timeout(WITHIN_S):
                while True:
                    try:
                        await store.lifecycle.drop(generation, operator_identity(), served=served)
                        return f"generation {generation} is dropped"
                    except WriteConflict:
                        await asyncio.sleep(AGAIN_S)
        except OperationRefused as error:
            raise CommandError(str(error)) from error
        except TimeoutError as error:
            raise CommandError("its lanes are being written all the time: try again") from error


def table(found: list[GenerationReport], now: datetime) -> Table:
    """Return the generations for people."""
    shown = Table(box=None, pad_edge=False)
    columns = ["generation", "state", "version", "age", "documents", "size", "promoted", "by", "forced"]
    if truncated := any(one.truncated for one in found):
        columns.append("from a truncated log")
    for column in columns:
        figure, words = (
            column in ("generation", "documents", "size"),
            column in columns[columns.index("by") :],
        )
        shown.add_column(column, justify="right" if figure else "left", no_wrap=not words, overflow="fold")
    for one in found:
        cells: tuple[Any, ...] = (
            one.generation,
            one.state,
            one.version,
            _age(now - one.created_at),
            "–" if one.documents is None else f"{one.documents:,}",
            "–" if one.bytes is None else f"{one.bytes / 1e6:,.1f} MB",
            "–" if one.promoted_at is None else f"{_age(now - one.promoted_at)} ago",
            one.by or "–",
            one.forced or "–",
        )
        cells += (one.truncated or "–",) if truncated else ()
        shown.add_row(*map(str, cells))
    return shown


def _age(age: timedelta) -> str:
    seconds = int(age.total_seconds())
    for length, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
