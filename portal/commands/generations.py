"""The `portal generations` commands: list, drop."""

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

DROP_TIMEOUT_S: Final = 15.0
RETRY_INTERVAL_S: Final = 0.05


async def show(settings: Settings, *, as_json: bool) -> None:
    """Print every generation, the newest first."""
    async with map_errors(), open_store(settings.installation) as store:
        if as_json:
            sys.stdout.write(orjson.dumps(await overview(store)).decode() + "\n")
            return
        reports = await generations(store)
    if reports:
        Console().print(generation_table(reports, utc_now()))
    else:
        print("there are no generations yet: `portal project` makes the first one")


async def drop(settings: Settings, generation: int, *, served: bool) -> str:
    """Drop a generation and return a message for the operator."""
    async with map_errors(), open_store(settings.installation) as store:
        try:
            async with asyncio.timeout(DROP_TIMEOUT_S):
                while True:
                    try:
                        await store.lifecycle.drop(generation, operator_identity(), served=served)
                        return f"generation {generation} is dropped"
                    except WriteConflict:
                        await asyncio.sleep(RETRY_INTERVAL_S)
        except OperationRefused as error:
            raise CommandError(str(error)) from error
        except TimeoutError as error:
            raise CommandError("its lanes are being written all the time: try again") from error


def generation_table(reports: list[GenerationReport], now: datetime) -> Table:
    """Return the generations as a table for a terminal."""
    table = Table(box=None, pad_edge=False)
    columns = ["generation", "state", "version", "age", "documents", "size", "promoted", "by", "forced"]
    if truncated := any(report.truncated for report in reports):
        columns.append("from a truncated log")
    for column in columns:
        is_number = column in ("generation", "documents", "size")
        is_prose = column in columns[columns.index("by") :]
        table.add_column(
            column, justify="right" if is_number else "left", no_wrap=not is_prose, overflow="fold"
        )
    for report in reports:
        cells: tuple[Any, ...] = (
            report.generation,
            report.state,
            report.version,
            _format_age(now - report.created_at),
            "–" if report.documents is None else f"{report.documents:,}",
            "–" if report.bytes is None else f"{report.bytes / 1e6:,.1f} MB",
            "–" if report.promoted_at is None else f"{_format_age(now - report.promoted_at)} ago",
            report.by or "–",
            report.forced or "–",
        )
        cells += (report.truncated or "–",) if truncated else ()
        table.add_row(*map(str, cells))
    return table


def _format_age(age: timedelta) -> str:
    seconds = int(age.total_seconds())
    for length, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
