"""`portal rebuild`: a new generation of the views beside the one that is served."""

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
from read_models import store as stores
from read_models.clock import utc_now
from read_models.store import OperationRefused, ReadModelStore
from read_models.store.operational import OperationalStore

FILLER: Final = (sys.executable, "-m", "portal.fill_process")


class RebuildOptions(NamedTuple):
    """The options of the command."""

    dry_run: bool
    promote: bool
    workers: int
    max_rate: float | None
    restart: bool
    as_json: bool
    from_truncated: str | None
    """Why a log that does not begin at 0 is to do."""
    asked_by: str | None = None
    """Who asked for it, where somebody else has noted that in the audit."""


async def rebuild(settings: Settings, wanted: RebuildOptions) -> None:
    """Rebuild to the end, or only say what there is to do; raises CommandError."""
    async with map_errors(), open_store(settings.installation) as store:
        try:
            await print_retention_warnings(settings)
            if wanted.dry_run:
                found = await estimate(
                    settings.installation,
                    store,
                    wanted.workers,
                    wanted.max_rate,
                    from_truncated=wanted.from_truncated is not None,
                )
                _say_estimate(found, wanted)
                return
            by = wanted.asked_by or await _audited_operator(store, wanted)
            plan = RebuildPlan(
                FILLER,
                wanted.workers,
                wanted.max_rate,
                by,
                wanted.promote,
                wanted.restart,
                wanted.from_truncated,
            )
            with _lines() if wanted.as_json else _bar() as told:
                generation = await run_rebuild(settings.installation, store, plan, told)
        except (RebuildFailed, OperationRefused) as error:
            raise CommandError(str(error)) from error
        record = await store.generations.record(generation) or {}
    _print_summary(generation, record, wanted)


async def _audited_operator(store: ReadModelStore, wanted: RebuildOptions) -> str:
    """Return who asks, once it is in the audit."""
    by = operator_identity()
    options = (("--promote", wanted.promote), ("--restart", wanted.restart))
    about = " ".join(name for name, chosen in options if chosen)
    await OperationalStore(store.database).audit.note(by, "rebuild.start", about, None, utc_now())
    return by


@contextmanager
def _bar() -> Iterator[ProgressCallback]:
    """Yield a progress bar on stderr: records, records a second, time left; a line now and then where it is no
    terminal."""
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

        def told(generation: int, what: str, done: stores.FillProgress, rate: float | None) -> None:
            speed = "" if rate is None else f"{rate:,.0f} records/s"
            progress.update(
                task,
                description=what,
                completed=done.done,
                total=done.total,
                generation=generation,
                rate=speed,
            )

        yield told


@contextmanager
def _lines() -> Iterator[ProgressCallback]:
    def told(generation: int, what: str, done: stores.FillProgress, rate: float | None) -> None:
        left = (done.total - done.done) / rate if rate else None
        _line(
            generation=generation,
            state=what,
            records_done=done.done,
            records_total=done.total,
            events_per_second=rate,
            eta_seconds=None if left is None else round(left, 1),
        )

    yield told


def _line(**fields: object) -> None:
    sys.stdout.write(orjson.dumps(fields).decode() + "\n")
    sys.stdout.flush()


def _say_estimate(found: tuple[int, float | None], wanted: RebuildOptions) -> None:
    records, seconds = found
    if wanted.as_json:
        _line(records_total=records, eta_seconds=seconds)
    elif seconds is None:
        print("there are no records to read")
    else:
        print(f"{records:,} records to read, about {_time(seconds)} with {wanted.workers} processes")


def _print_summary(generation: int, record: Mapping[str, Any], wanted: RebuildOptions) -> None:
    state, truncated = record.get("state", "retired"), record.get("truncated")
    if wanted.as_json:
        more = {"truncated": truncated["reason"]} if truncated else {}
        _line(generation=generation, state="done", serves=state == "served", **more)
        return
    of = ", made from a log that does not begin at offset 0" if truncated else ""
    then = "; `portal promote` serves it" if state == "level" else ""
    print(f"generation {generation} is {state}{of}{then}")


def _time(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{minutes} min"
