"""Application service of the staff surface, used by its API and its page."""

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

LETTERS_SHOWN: Final = 50
ACTIONS_SHOWN: Final = 50
RETRY_TIMEOUT_S: Final = 60.0
"""How long somebody waits for what a retry or a discard applies; the next retry goes on where it was."""


class OperationTimedOut(Exception):
    """It is not done yet, and can be gone on with."""


@asynccontextmanager
async def raise_on_timeout(seconds: float) -> AsyncIterator[None]:
    """Raise OperationTimedOut when what is done in it takes longer."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise OperationTimedOut(f"not done within {seconds:.0f} s; retry goes on where it was") from None


@dataclass(frozen=True)
class Overview:
    """All that the page shows. None is what MongoDB did not say."""

    lag: Lag
    generations: Sequence[GenerationReport] | None
    rebuilds: Sequence[RebuildStatus] | None
    processes: Sequence[ProcessStatus] | None
    errors: Sequence[ErrorCount] | None
    letters: Sequence[DeadLetter] | None
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
        self.rebuilding = RebuildProcess(config.rebuild)
        self.flash_messages: dict[str, tuple[str, str]] = {}
        """What became of an operator's last button, by name: what was done, or what was wrong."""

    async def overview(self) -> Overview:
        """Everything at once; what is not known is None."""
        lag = await self.watch.lag()
        nothing = Overview(lag, None, None, None, None, None, None, None)
        if lag.state == "unknown" and lag.generation is None and "Kafka" not in "".join(lag.reasons):
            # MongoDB took its time once already: nobody waits for it again.
            return nothing
        try:
            (made, rebuilt, processes), (errors, letters, notices, audit) = await asyncio.gather(
                asyncio.gather(
                    generations(self.store),
                    progress.rebuilds(self.store, self.clock()),
                    self.records.processes.all(),
                ),
                asyncio.gather(
                    self.store.letters.errors(),
                    self.store.letters.latest(LETTERS_SHOWN),
                    self.notices.all(),
                    self.records.audit.latest(ACTIONS_SHOWN),
                ),
            )
        except StoreUnavailable:
            return nothing
        return Overview(lag, made, rebuilt, processes, errors, letters, notices, audit)

    async def switch(
        self,
        what: Literal["promote", "rollback"],
        operator: Operator,
        wait_s: float,
        forced: str | None = None,
        *,
        generation: int | None = None,
    ) -> GenerationPointer:
        """Switches what is served; raises OperationRefused, NotCaughtUp, StoreUnavailable, KafkaUnavailable,
        InvalidTopics."""
        return await switch_generation(
            self.installation, self.store, what, operator.by, wait_s, forced, generation=generation
        )

    async def letter(self, name: str) -> dict[str, Any]:
        """Return a dead letter with its record, and its discard, as JSON; see `quarantine.shown`."""
        await self.store.ping()  # who waits in front of a browser is told at once
        return await describe(self.installation, self.store, name)

    async def retry(self, name: str, operator: Operator) -> RetryResult:
        """Retries a dead letter; raises DeadLetterNotFound, RetryFailed, KafkaUnavailable, RecordsMissing,
        StoreUnavailable."""
        async with raise_on_timeout(RETRY_TIMEOUT_S), self._quarantine() as quarantine:
            return await quarantine.retry(name, operator.by)

    async def discard(self, name: str, operator: Operator, why: str) -> RetryResult:
        """Discards a dead letter; raises as `retry` does."""
        async with raise_on_timeout(RETRY_TIMEOUT_S), self._quarantine() as quarantine:
            return await quarantine.discard(name, operator.by, why)

    async def rebuild(self, options: Sequence[str], operator: Operator) -> None:
        """Start a rebuild beside; raise OperationRefused while one that was started here runs, and StoreUnavailable."""
        self.rebuilding.require_none()
        await self.note(operator, "rebuild.start", " ".join(options))
        await self.rebuilding.start([*options, f"--asked-by={operator.by}"])

    async def rebuilds(self) -> list[dict[str, Any]]:
        """Return running and past rebuilds, the latest first, as JSON; raises StoreUnavailable."""
        return [one.as_json() for one in await progress.rebuilds(self.store, self.clock())]

    async def note(self, operator: Operator, action: str, about: str) -> None:
        """Keep what an operator does in the audit; raise StoreUnavailable."""
        await self.records.audit.note(operator.by, action, about, None, self.clock())

    @asynccontextmanager
    async def _quarantine(self) -> AsyncIterator[Quarantine]:
        await self.store.ping()  # who waits in front of a browser is told at once
        async with open_quarantine_of_store(self.installation, self.store) as quarantine:
            yield quarantine
