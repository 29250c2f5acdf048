"""The `portal dead-letters` commands: list, show, retry, discard."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

import orjson
from rich.console import Console
from rich.table import Table

from portal.commands.error_mapping import map_errors
from portal.commands.promotion import operator_identity
from portal.errors import CommandError, UsageError
from portal.settings import Settings
from projectors.operations import quarantine
from projectors.operations.context import open_store
from projectors.operations.dead_letter_serializers import dead_letter_to_json, error_to_json, mask_key
from projectors.operations.hold_release import RetryFailed
from projectors.operations.quarantine import DeadLetterNotFound, Quarantine, RetryResult
from read_models.store import ReadModelStore

RETRY_ALL_BATCH: Final = 10_000
"""Dead letters of one error that `retry --all` reads at a time."""


async def list_dead_letters(
    settings: Settings, *, error: str | None, lane: int | None, limit: int, as_json: bool
) -> None:
    """Print the dead letters by error and lane, and the latest ones."""
    async with map_errors(), open_store(settings.installation) as store:
        errors = await store.letters.errors()
        dead_letters = await store.letters.latest(limit, error, lane)
    if as_json:
        _print_json(
            {
                "errors": [error_to_json(count) for count in errors],
                "items": [dead_letter_to_json(dead_letter) for dead_letter in dead_letters],
            }
        )
        return
    console = Console()
    if not errors:
        console.print("The quarantine is empty.")
        return
    error_table = Table("count", "kind", "error", "by lane", "first", "last", box=None, pad_edge=False)
    for count in errors:
        lanes = ", ".join(f"{number}: {of_lane}" for number, of_lane in count.by_lane.items())
        error_table.add_row(
            str(count.number),
            count.kind,
            count.error,
            lanes,
            _format_time(count.first_at),
            _format_time(count.last_at),
        )
    console.print(error_table, "")
    dead_letter_table = Table(box=None, pad_edge=False)
    for column in ("id", "kind", "customer", "waiting", "since"):
        dead_letter_table.add_column(column, no_wrap=True)
    dead_letter_table.add_column("error")
    for dead_letter in dead_letters:
        dead_letter_table.add_row(
            dead_letter.id,
            dead_letter.kind,
            mask_key(dead_letter.owner) or "names nobody",
            str(dead_letter.waiting),
            _format_time(dead_letter.at),
            dead_letter.error,
        )
    console.print(dead_letter_table)
    total = sum(count.number for count in errors if error in (None, count.error))
    if lane is None and total > len(dead_letters):
        console.print(f"The latest {len(dead_letters)} of {total}; --limit shows more.", style="dim")


async def show(settings: Settings, name: str, *, as_json: bool) -> None:
    """Print a dead letter with its record and its discard; raise CommandError if neither exists."""
    async with map_errors(), open_store(settings.installation) as store:
        description = await quarantine.describe(settings.installation, store, name)
    if as_json:
        _print_json(description)
    else:
        Console().print_json(orjson.dumps(description, default=str).decode())


async def retry(
    settings: Settings, names: Sequence[str], *, everything: bool, error: str | None, by: str | None
) -> None:
    """Retry dead letters one by one; raise CommandError at the end if any still fails."""
    if bool(names) == everything or (error and not everything):
        raise UsageError("name the dead letters to retry, or say --all (with --error: all of one error)")
    async with _quarantine(settings) as (store, service):
        if not everything:
            _report_failures(
                names, await _apply_each(names, lambda name: service.retry(name, _operator(by)), "retried")
            )
            return

        async def retry_if_present(name: str) -> RetryResult:
            try:
                return await service.retry(name, _operator(by))
            except DeadLetterNotFound:  # resolved together with another one of the same customer
                return RetryResult(0, ())

        tried: set[str] = set()
        failed: list[str] = []
        while ids := await _find_untried(store, error, tried):
            tried.update(ids)
            failed += await _apply_each(ids, retry_if_present, "retried")
        _report_failures(tried, failed)


async def discard(settings: Settings, names: Sequence[str], *, reason: str, by: str | None) -> None:
    """Discard dead letters one by one; raise CommandError at the end if any could not be discarded."""
    if not reason.strip():
        raise UsageError("--reason is empty: say why the records are not to be applied")
    async with _quarantine(settings) as (_, service):
        _report_failures(
            names,
            await _apply_each(names, lambda name: service.discard(name, _operator(by), reason), "discarded"),
        )


async def _find_untried(store: ReadModelStore, error: str | None, tried: Collection[str]) -> list[str]:
    """Return ids of dead letters that hold a customer and are not in *tried*; empty when none are left."""
    errors = await store.letters.errors()
    ids: dict[str, None] = {}
    for held in errors:
        if held.kind == "held" and error in (None, held.error):
            # Unreadable records of the same error may be newer and would fill the batch.
            unreadable = sum(
                count.number for count in errors if (count.kind, count.error) == ("unreadable", held.error)
            )
            dead_letters = await store.letters.latest(RETRY_ALL_BATCH + len(tried) + unreadable, held.error)
            ids |= {
                dead_letter.id: None
                for dead_letter in dead_letters
                if dead_letter.kind == "held" and dead_letter.id not in tried
            }
    return list(ids)


async def _apply_each(
    names: Sequence[str], work: Callable[[str], Awaitable[RetryResult]], done: str
) -> Sequence[str]:
    """Apply *work* to each dead letter, print the successes and return the messages of the failures."""
    failed = []
    for name in names:
        try:
            result = await work(name)
        except (DeadLetterNotFound, RetryFailed) as error:
            failed.append(str(error))
        else:
            released = "".join(f"; {owner} is not held any more" for owner in result.owners)
            print(f"{name}: {done}, {result.applied} records applied{released}")
    return failed


def _report_failures(names: Collection[str], failed: Sequence[str]) -> None:
    """Raise CommandError if any dead letter failed; say so if there was none to begin with."""
    if failed:
        # A later event of a customer may hold it now: its dead letter was retried, too, with the same message.
        raise CommandError("\n".join(dict.fromkeys(failed)))
    if not names:
        print("there is nothing to do")


def _operator(by: str | None) -> str:
    return f"cli:{by}" if by else operator_identity()


def _format_time(at: datetime) -> str:
    return at.isoformat(sep=" ", timespec="seconds").removesuffix("+00:00")


def _print_json(content: dict[str, Any]) -> None:
    sys.stdout.write(orjson.dumps(content).decode() + "\n")


@asynccontextmanager
async def _quarantine(settings: Settings) -> AsyncIterator[tuple[ReadModelStore, Quarantine]]:
    async with map_errors(), quarantine.open_quarantine(settings.installation) as store_and_quarantine:
        yield store_and_quarantine
