"""The `portal verify` command: compares the served views with what the log yields."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from portal.commands.error_mapping import map_errors
from portal.commands.promotion import operator_identity
from portal.commands.retention_warnings import print_retention_warnings
from portal.errors import CommandError, UsageError
from portal.settings import Settings
from projectors import log_compatibility
from projectors.operations.context import open_context
from projectors.operations.verify import OwnerComparison, Verification
from projectors.replay import FETCH_BYTES
from read_models.clock import utc_now
from read_models.store.operational import OperationalStore

_IS_OWNER: Final = re.compile(r"[A-Za-z0-9_-]{1,64}(/[A-Za-z0-9_-]{1,64})?", re.ASCII).fullmatch
MAX_VALUE_CHARACTERS: Final = 300
"""Characters of a differing value that are printed."""


async def verify(
    settings: Settings, *, customer: str | None, sample: int | None, from_truncated: str | None
) -> None:
    """Print every difference and a summary; raise CommandError if there is a difference.

    `from_truncated` is the reason for accepting a log that no longer holds all records of the views.
    """
    if customer is not None and sample is not None:
        raise UsageError("--customer and --sample do not go together")
    if customer is not None:
        parse_owner(customer)
    counts: Counter[str] = Counter()
    with show_progress("verifying") as progress:
        async with map_errors(), open_context(settings.installation, FETCH_BYTES) as (store, cluster, log):
            await print_retention_warnings(settings)
            accept_truncated = from_truncated is not None
            await log_compatibility.check(store, cluster, log, from_truncated=accept_truncated)
            if accept_truncated:
                audit = OperationalStore(store.database).audit
                about = customer or ""
                now = utc_now()
                await audit.note(operator_identity(), "verify.from_truncated", about, from_truncated, now)
            verification = Verification(store, cluster.topics, log, progress, from_truncated=accept_truncated)
            async for comparison in _comparisons(verification, customer, sample):
                _print_comparison(comparison)
                counts.update(_count(comparison))
    print(
        f"compared {counts['documents']} documents of {counts['owners']} owners:"
        f" {counts['differences']} differences in {counts['different']}"
        + (f", {counts['held']} held" if counts["held"] else "")
    )
    if customer is not None and not counts["documents"] and not counts["differences"]:
        raise CommandError(f"there is nothing of {customer}, neither in the log nor in what is served")
    if counts["different"] or counts["failed"]:
        raise CommandError(
            "what is served is not what the log gives: `portal rebuild --customer BIZ/CUS` mends one customer,"
            " `portal rebuild --promote` everything"
        )


def parse_owner(text: str) -> str:
    """Return the owner `BIZ/CUS`, or `BIZ` for a business itself; raises UsageError."""
    if not _IS_OWNER(text):
        raise UsageError(
            f"--customer {text!r} is not BIZ/CUS, the ids of a business and of one of its customers"
        )
    return text


def _comparisons(
    verification: Verification, customer: str | None, sample: int | None
) -> AsyncIterator[OwnerComparison]:
    if customer is not None:
        return verification.verify_owners([customer])
    return verification.verify_all() if sample is None else verification.sample(sample)


def _print_comparison(comparison: OwnerComparison) -> None:
    if comparison.pending is not None:
        waiting = len(comparison.pending.positions)
        print(
            f"{comparison.owner}: held since {comparison.pending.since:%Y-%m-%d %H:%M:%S}, {waiting} records wait:",
            comparison.pending.reason,
        )
    if comparison.failed is not None:
        print(
            f"{comparison.owner}: cannot be recomputed, {comparison.failed.position.id} cannot be applied:"
            f" {comparison.failed.reason}"
        )
    for difference in comparison.differences:
        print(f"{difference.path}: served {_text(difference.served)}, expected {_text(difference.expected)}")


def _count(comparison: OwnerComparison) -> dict[str, int]:
    return {
        "owners": 1,
        "documents": comparison.documents,
        "differences": len(comparison.differences),
        "different": int(bool(comparison.differences)),
        "failed": comparison.failed is not None,
        "held": comparison.pending is not None,
    }


def _text(value: Any) -> str:
    text = orjson.dumps(value, default=repr).decode() if isinstance(value, str | dict | list) else repr(value)
    return text if len(text) <= MAX_VALUE_CHARACTERS else f"{text[:MAX_VALUE_CHARACTERS]}…"


@contextmanager
def show_progress(task: str) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar on a terminal; yield a callback that takes the records read and their total."""
    console = Console(stderr=True)
    columns = task, BarColumn(), MofNCompleteColumn(), "records", TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task_id = progress.add_task("", total=None)

        def update(records: int, total: int) -> None:
            progress.update(task_id, completed=records, total=total)

        yield update
