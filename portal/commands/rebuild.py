"""The `portal rebuild` command: fills a new generation of the views beside the served one."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from portal.commands.error_mapping import map_errors
from portal.commands.promotion import operator_identity
from portal.commands.retention_warnings import print_retention_warnings
from portal.errors import CommandError
from portal.settings import Settings
from projectors.operations.context import open_store
from projectors.rebuild.coordinator import ProgressCallback, RebuildFailed, RebuildPlan
from projectors.rebuild.coordinator import rebuild as run_rebuild
from projectors.rebuild.estimate import estimate
from read_models.clock import utc_now
from read_models.store import FillProgress, OperationRefused, ReadModelStore
from read_models.store.operational import OperationalStore

FILL_COMMAND: Final = (sys.executable, "-m", "portal.fill_process")


class RebuildOptions(NamedTuple):
    """Options of `portal rebuild`."""

    dry_run: bool
    promote: bool
    workers: int
    max_rate: float | None
    restart: bool
    as_json: bool
    from_truncated: str | None
    """Reason for accepting a log that does not begin at offset 0."""
    asked_by: str | None = None
    """Who requested the rebuild, if the request is already in the audit."""


async def rebuild(settings: Settings, options: RebuildOptions) -> None:
    """Run a rebuild to its end, or only print the estimate; raises CommandError."""
    async with map_errors(), open_store(settings.installation) as store:
        try:
            await print_retention_warnings(settings)
            if options.dry_run:
                estimated = await estimate(
                    settings.installation,
                    store,
                    options.workers,
                    options.max_rate,
                    from_truncated=options.from_truncated is not None,
                )
                _print_estimate(estimated, options)
                return
            by = options.asked_by or await _audited_operator(store, options)
            plan = RebuildPlan(
                FILL_COMMAND,
                options.workers,
                options.max_rate,
                by,
                options.promote,
                options.restart,
                options.from_truncated,
            )
            with _json_lines() if options.as_json else _progress_bar() as report_progress:
                generation = await run_rebuild(settings.installation, store, plan, report_progress)
        except (RebuildFailed, OperationRefused) as error:
            raise CommandError(str(error)) from error
        record = await store.generations.record(generation) or {}
    _print_summary(generation, record, options)


async def _audited_operator(store: ReadModelStore, options: RebuildOptions) -> str:
    """Record the rebuild in the audit and return its operator."""
    by = operator_identity()
    flags = (("--promote", options.promote), ("--restart", options.restart))
    about = " ".join(name for name, is_set in flags if is_set)
    await OperationalStore(store.database).audit.note(by, "rebuild.start", about, None, utc_now())
    return by


@contextmanager
def _progress_bar() -> Iterator[ProgressCallback]:
    """Show progress on stderr: a bar on a terminal, otherwise an occasional line."""
    console = Console(stderr=True)
    columns = (
        TextColumn("generation {task.fields[generation]} {task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, refresh_per_second=4) as progress:
        task = progress.add_task("starting", total=None, generation="", rate="")

        def report_progress(generation: int, what: str, done: FillProgress, rate: float | None) -> None:
            speed = "" if rate is None else f"{rate:,.0f} records/s"
            progress.update(
                task,
                description=what,
                completed=done.done,
                total=done.total,
                generation=generation,
                rate=speed,
            )

        yield report_progress


@contextmanager
def _json_lines() -> Iterator[ProgressCallback]:
    def report_progress(generation: int, what: str, done: FillProgress, rate: float | None) -> None:
        left = (done.total - done.done) / rate if rate else None
        _print_json(
            generation=generation,
            state=what,
            records_done=done.done,
            records_total=done.total,
            events_per_second=rate,
            eta_seconds=None if left is None else round(left, 1),
        )

    yield report_progress


def _print_json(**fields: object) -> None:
    sys.stdout.write(orjson.dumps(fields).decode() + "\n")
    sys.stdout.flush()


def _print_estimate(estimated: tuple[int, float | None], options: RebuildOptions) -> None:
    records, seconds = estimated
    if options.as_json:
        _print_json(records_total=records, eta_seconds=seconds)
    elif seconds is None:
        print("there are no records to read")
    else:
        print(
            f"{records:,} records to read, about {_format_duration(seconds)} with {options.workers} processes"
        )


def _print_summary(generation: int, record: Mapping[str, Any], options: RebuildOptions) -> None:
    state, truncated = record.get("state", "retired"), record.get("truncated")
    if options.as_json:
        more = {"truncated": truncated["reason"]} if truncated else {}
        _print_json(generation=generation, state="done", serves=state == "served", **more)
        return
    origin = ", made from a log that does not begin at offset 0" if truncated else ""
    advice = "; `portal promote` serves it" if state == "level" else ""
    print(f"generation {generation} is {state}{origin}{advice}")


def _format_duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{minutes} min"
