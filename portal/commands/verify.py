"""`portal verify`: whether what is served is what the log gives."""

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
SHOWN_CHARACTERS: Final = 300
"""Of a value that differs."""


async def verify(
    settings: Settings, *, customer: str | None, sample: int | None, from_truncated: str | None
) -> None:
    """Print every difference, and what was compared; raise CommandError when there is one.

    `from_truncated` is why a log is to do that has forgotten what the views were made from.
    """
    if customer is not None and sample is not None:
        raise UsageError("--customer and --sample do not go together")
    if customer is not None:
        owner(customer)
    found: Counter[str] = Counter()
    with bar("verifying") as progress:
        async with map_errors(), open_context(settings.installation, FETCH_BYTES) as (store, cluster, log):
            await print_retention_warnings(settings)
            whatever = from_truncated is not None
            await log_compatibility.check(store, cluster, log, from_truncated=whatever)
            if whatever:
                audit = OperationalStore(store.database).audit
                about = customer or ""
                now = utc_now()
                await audit.note(operator_identity(), "verify.from_truncated", about, from_truncated, now)
            verification = Verification(store, cluster.topics, log, progress, from_truncated=whatever)
            async for one in _chosen(verification, customer, sample):
                _tell(one)
                found.update(_counts(one))
    print(
        f"compared {found['documents']} documents of {found['owners']} owners:"
        f" {found['differences']} differences in {found['different']}"
        + (f", {found['held']} held" if found["held"] else "")
    )
    if customer is not None and not found["documents"] and not found["differences"]:
        raise CommandError(f"there is nothing of {customer}, neither in the log nor in what is served")
    if found["different"] or found["failed"]:
        raise CommandError(
            "what is served is not what the log gives: `portal rebuild --customer BIZ/CUS` mends one customer,"
            " `portal rebuild --promote` everything"
        )


def owner(text: str) -> str:
    """`BIZ/CUS`, or `BIZ` for a business itself; raises UsageError."""
    if not _IS_OWNER(text):
        raise UsageError(
            f"--customer {text!r} is not BIZ/CUS, the ids of a business and of one of its customers"
        )
    return text


def _chosen(
    verification: Verification, customer: str | None, sample: int | None
) -> AsyncIterator[OwnerComparison]:
    if customer is not None:
        return verification.verify_owners([customer])
    return verification.verify_all() if sample is None else verification.sample(sample)


def _tell(one: OwnerComparison) -> None:
    if one.pending is not None:
        waiting = len(one.pending.positions)
        print(
            f"{one.owner}: held since {one.pending.since:%Y-%m-%d %H:%M:%S}, {waiting} records wait:",
            one.pending.reason,
        )
    if one.failed is not None:
        print(
            f"{one.owner}: cannot be recomputed, {one.failed.position.id} cannot be applied: {one.failed.reason}"
        )
    for difference in one.differences:
        print(f"{difference.path}: served {_text(difference.served)}, expected {_text(difference.expected)}")


def _counts(one: OwnerComparison) -> dict[str, int]:
    return {
        "owners": 1,
        "documents": one.documents,
        "differences": len(one.differences),
        "different": int(bool(one.differences)),
        "failed": one.failed is not None,
        "held": one.pending is not None,
    }


def _text(value: Any) -> str:
    text = orjson.dumps(value, default=repr).decode() if isinstance(value, str | dict | list) else repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


@contextmanager
def bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a progress bar on a terminal; gives what takes the records that are through, and how many there are."""
    console = Console(stderr=True)
    columns = what, BarColumn(), MofNCompleteColumn(), "records", TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=None)

        def told(through: int, total: int) -> None:
            progress.update(task, completed=through, total=total)

        yield told
