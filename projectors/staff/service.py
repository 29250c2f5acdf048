"""Operations and reports shared by the API and the page of the staff surface."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from projectors.lag import Lag
from projectors.operations.generation_report import GenerationReport, generations
from projectors.operations.promotion import switch_generation
from projectors.operations.quarantine import Quarantine, RetryResult, describe, open_quarantine_of_store
from projectors.rebuild import progress
from projectors.rebuild.progress import RebuildStatus
from projectors.staff.config import StaffConfig
from projectors.staff.lag_monitor import LagMonitor
from projectors.staff.notice_service import NoticeService
from projectors.staff.operators import Operator
from projectors.staff.rebuild_process import RebuildProcess
from read_models.store import DeadLetter, ErrorCount, GenerationPointer, ReadModelStore, StoreUnavailable
from read_models.store.operational import AuditEntry, Notice, OperationalStore, ProcessStatus

MAX_DEAD_LETTERS: Final = 50
MAX_AUDIT_ENTRIES: Final = 50
RETRY_TIMEOUT_S: Final = 60.0
"""Time limit of a retry or a discard in a request; the next retry continues where it stopped."""


class OperationTimedOut(Exception):
    """The operation has not finished in time; a retry continues it."""


@asynccontextmanager
async def raise_on_timeout(seconds: float) -> AsyncIterator[None]:
    """Raise OperationTimedOut if the body takes longer."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise OperationTimedOut(f"not done within {seconds:.0f} s; retry goes on where it was") from None


@dataclass(frozen=True)
class Overview:
    """Everything the overview page shows; None for what MongoDB did not return."""

    lag: Lag
    generations: Sequence[GenerationReport] | None
    rebuilds: Sequence[RebuildStatus] | None
    processes: Sequence[ProcessStatus] | None
    errors: Sequence[ErrorCount] | None
    dead_letters: Sequence[DeadLetter] | None
    notices: Sequence[Notice] | None
    audit: Sequence[AuditEntry] | None


class StaffService:
    """The operations and reports of the staff surface, shared by its API and its page."""

    def __init__(
        self,
        config: StaffConfig,
        store: ReadModelStore,
        watch: LagMonitor,
        clock: Callable[[], datetime],
    ) -> None:
        self.installation = config.installation
        self.store = store
        self.records = OperationalStore(store.database)
        self.watch = watch
        self.clock = clock
        self.notices = NoticeService(config.installation, store, self.records.notices, clock)
        self.rebuild_process = RebuildProcess(config.rebuild)
        self.flash_messages: dict[str, tuple[str, str]] = {}
        """Outcome of an operator's last button by name: a success message and an error, one of them empty."""

    async def overview(self) -> Overview:
        """Collect everything at once; parts that are unavailable are None."""
        lag = await self.watch.lag()
        unavailable = Overview(lag, None, None, None, None, None, None, None)
        if lag.state == "unknown" and lag.generation is None and "Kafka" not in "".join(lag.reasons):
            # MongoDB has already timed out once: do not wait for it again.
            return unavailable
        try:
            (reports, rebuilds, processes), (errors, dead_letters, notices, audit) = await asyncio.gather(
                asyncio.gather(
                    generations(self.store),
                    progress.rebuilds(self.store, self.clock()),
                    self.records.processes.all(),
                ),
                asyncio.gather(
                    self.store.letters.errors(),
                    self.store.letters.latest(MAX_DEAD_LETTERS),
                    self.notices.all(),
                    self.records.audit.latest(MAX_AUDIT_ENTRIES),
                ),
            )
        except StoreUnavailable:
            return unavailable
        return Overview(lag, reports, rebuilds, processes, errors, dead_letters, notices, audit)

    async def switch(
        self,
        what: Literal["promote", "rollback"],
        operator: Operator,
        wait_s: float,
        forced: str | None = None,
        *,
        generation: int | None = None,
    ) -> GenerationPointer:
        """Switch the served generation.

        Raises OperationRefused, NotCaughtUp, StoreUnavailable, KafkaUnavailable, InvalidTopics.
        """
        return await switch_generation(
            self.installation, self.store, what, operator.by, wait_s, forced, generation=generation
        )

    async def describe_dead_letter(self, name: str) -> dict[str, Any]:
        """Return a dead letter with its record and its discard, as JSON; see `quarantine.describe`."""
        await self.store.ping()  # fail at once rather than keep a browser waiting
        return await describe(self.installation, self.store, name)

    async def retry(self, name: str, operator: Operator) -> RetryResult:
        """Retry a dead letter.

        Raises DeadLetterNotFound, RetryFailed, OperationTimedOut, KafkaUnavailable, RecordsMissing, StoreUnavailable.
        """
        async with raise_on_timeout(RETRY_TIMEOUT_S), self._quarantine() as quarantine:
            return await quarantine.retry(name, operator.by)

    async def discard(self, name: str, operator: Operator, why: str) -> RetryResult:
        """Discard a dead letter; raises as `retry` does."""
        async with raise_on_timeout(RETRY_TIMEOUT_S), self._quarantine() as quarantine:
            return await quarantine.discard(name, operator.by, why)

    async def rebuild(self, options: Sequence[str], operator: Operator) -> None:
        """Start a rebuild process; raise OperationRefused while one runs, StoreUnavailable."""
        self.rebuild_process.require_idle()
        await self.note(operator, "rebuild.start", " ".join(options))
        await self.rebuild_process.start([*options, f"--asked-by={operator.by}"])

    async def rebuilds(self) -> list[dict[str, Any]]:
        """Return running and past rebuilds, latest first, as JSON; raises StoreUnavailable."""
        return [one.as_json() for one in await progress.rebuilds(self.store, self.clock())]

    async def note(self, operator: Operator, action: str, about: str) -> None:
        """Record an operator's action in the audit; raise StoreUnavailable."""
        await self.records.audit.note(operator.by, action, about, None, self.clock())

    @asynccontextmanager
    async def _quarantine(self) -> AsyncIterator[Quarantine]:
        await self.store.ping()  # fail at once rather than keep a browser waiting
        async with open_quarantine_of_store(self.installation, self.store) as quarantine:
            yield quarantine
