"""`portal dead-letters list|show|retry|discard`: the quarantine, for people and, with `--json`, for programs."""

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
from projectors.operations.dead_letter_serializers import named, of_error, of_letter
from projectors.operations.hold_release import RetryFailed
from projectors.operations.quarantine import DeadLetterNotFound, Quarantine, RetryResult
from read_models.store import ReadModelStore

MOST: Final = 10_000
"""Dead letters of one error that `retry --all` takes at a time."""


async def list_letters(
    settings: Settings, *, error: str | None, lane: int | None, limit: int, as_json: bool
) -> None:
    """Print what is wrong, and the latest dead letters."""
    async with map_errors(), open_store(settings.installation) as store:
        errors = await store.letters.errors()
        letters = await store.letters.latest(limit, error, lane)
    if as_json:
        _print({"errors": [of_error(one) for one in errors], "items": [of_letter(one) for one in letters]})
        return
    console = Console()
    if not errors:
        console.print("The quarantine is empty.")
        return
    counted = Table("count", "kind", "error", "by lane", "first", "last", box=None, pad_edge=False)
    for one in errors:
        lanes = ", ".join(f"{place}: {number}" for place, number in one.by_lane.items())
        counted.add_row(
            str(one.number), one.kind, one.error, lanes, _moment(one.first_at), _moment(one.last_at)
        )
    console.print(counted, "")
    listed = Table(box=None, pad_edge=False)
    for column in ("id", "kind", "customer", "waiting", "since"):
        listed.add_column(column, no_wrap=True)
    listed.add_column("error")
    for letter in letters:
        listed.add_row(
            letter.id,
            letter.kind,
            named(letter.owner) or "names nobody",
            str(letter.waiting),
            _moment(letter.at),
            letter.error,
        )
    console.print(listed)
    total = sum(one.number for one in errors if error in (None, one.error))
    if lane is None and total > len(letters):
        console.print(f"The latest {len(letters)} of {total}; --limit shows more.", style="dim")


async def show(settings: Settings, name: str, *, as_json: bool) -> None:
    """Print one dead letter with its record, and its discard; raise CommandError where there is neither."""
    async with map_errors(), open_store(settings.installation) as store:
        found = await quarantine.describe(settings.installation, store, name)
    if as_json:
        _print(found)
    else:
        Console().print_json(orjson.dumps(found, default=str).decode())


async def retry(
    settings: Settings, names: Sequence[str], *, everything: bool, error: str | None, by: str | None
) -> None:
    """Retry dead letters; goes on behind one that still fails, and raises CommandError in the end."""
    if bool(names) == everything or (error and not everything):
        raise UsageError("name the dead letters to retry, or say --all (with --error: all of one error)")
    async with _quarantine(settings) as (store, desk):
        if not everything:
            _end(names, await _failures(names, lambda name: desk.retry(name, _who(by)), "retried"))
            return

        async def retried(name: str) -> RetryResult:
            try:
                return await desk.retry(name, _who(by))
            except DeadLetterNotFound:  # mended with another one of the same customer
                return RetryResult(0, ())

        tried: set[str] = set()
        failed: list[str] = []
        while found := await _untried(store, error, tried):
            tried.update(found)
            failed += await _failures(found, retried, "retried")
        _end(tried, failed)


async def discard(settings: Settings, names: Sequence[str], *, reason: str, by: str | None) -> None:
    """Discard dead letters; goes on behind one that cannot be, and raises CommandError in the end."""
    if not reason.strip():
        raise UsageError("--reason is empty: say why the records are not to be applied")
    async with _quarantine(settings) as (_, desk):
        _end(names, await _failures(names, lambda name: desk.discard(name, _who(by), reason), "discarded"))


async def _untried(store: ReadModelStore, error: str | None, tried: Collection[str]) -> list[str]:
    """Return the names of letters that hold a customer and were not tried yet, some of them; none when there are no
    more."""
    errors = await store.letters.errors()
    found: dict[str, None] = {}
    for held in errors:
        if held.kind == "held" and error in (None, held.error):
            # What may be newer, and is not looked for.
            others = sum(one.number for one in errors if (one.kind, one.error) == ("unreadable", held.error))
            letters = await store.letters.latest(MOST + len(tried) + others, held.error)
            found |= {one.id: None for one in letters if one.kind == "held" and one.id not in tried}
    return list(found)


async def _failures(
    names: Sequence[str], work: Callable[[str], Awaitable[RetryResult]], done: str
) -> Sequence[str]:
    """Why what could not be mended could not; prints the rest."""
    failed = []
    for name in names:
        try:
            mended = await work(name)
        except (DeadLetterNotFound, RetryFailed) as error:
            failed.append(str(error))
        else:
            behind = "".join(f"; {owner} is not held any more" for owner in mended.owners)
            print(f"{name}: {done}, {mended.applied} records applied{behind}")
    return failed


def _end(names: Collection[str], failed: Sequence[str]) -> None:
    """Raise CommandError when something failed."""
    if failed:
        # Where a later event holds the customer now, its letter is tried too, and says the same.
        raise CommandError("\n".join(dict.fromkeys(failed)))
    if not names:
        print("there is nothing to do")


def _who(by: str | None) -> str:
    return f"cli:{by}" if by else operator_identity()


def _moment(at: datetime) -> str:
    return at.isoformat(sep=" ", timespec="seconds").removesuffix("+00:00")


def _print(found: dict[str, Any]) -> None:
    sys.stdout.write(orjson.dumps(found).decode() + "\n")


@asynccontextmanager
async def _quarantine(settings: Settings) -> AsyncIterator[tuple[ReadModelStore, Quarantine]]:
    async with map_errors(), quarantine.open_quarantine(settings.installation) as both:
        yield both
