"""What operators can do, and what they are shown: one room for the API and for the page."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from projectors import log_compatibility
from projectors.kafka.client import find, reading
from projectors.lag import Lag
from projectors.operations.generation_report import Generation, generations
from projectors.operations.promotion import switch
from projectors.operations.quarantine import Mended, Quarantine, shown
from projectors.rebuild import progress
from projectors.rebuild.progress import Rebuild
from projectors.staff.config import Config
from projectors.staff.lag_monitor import Watch
from projectors.staff.notice_service import Seen
from projectors.staff.operators import Operator
from projectors.staff.rebuild_process import Rebuilding
from read_models.store import ErrorCount, Letter, Pointer, Store, Unavailable
from read_models.store.operational import Action, Notice, Process, Records

LETTERS_SHOWN: Final = 50
ACTIONS_SHOWN: Final = 50
MENDING_S: Final = 60.0
"""How long somebody waits for what a retry or a discard applies; the next retry goes on where it was."""


class TakesLong(Exception):
    """It is not done yet, and can be gone on with."""


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """Raises TakesLong when what is done in it takes longer."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise TakesLong(f"not done within {seconds:.0f} s; retry goes on where it was") from None


@dataclass(frozen=True)
class Overview:
    """All that the page shows. None is what MongoDB did not say."""

    lag: Lag
    generations: Sequence[Generation] | None
    rebuilds: Sequence[Rebuild] | None
    processes: Sequence[Process] | None
    errors: Sequence[ErrorCount] | None
    letters: Sequence[Letter] | None
    notices: Sequence[Notice] | None
    audit: Sequence[Action] | None


class Desk:
    """The operators' desk."""

    def __init__(
        self,
        config: Config,
        store: Store,
        watch: Watch,
        clock: Callable[[], datetime],
    ) -> None:
        self.installation = config.installation
        self.store = store
        self.records = Records(store.database)
        self.watch = watch
        self.clock = clock
        self.seen = Seen(config.installation, store, self.records.notices, clock)
        self.rebuilding = Rebuilding(config.rebuild)
        self.said: dict[str, tuple[str, str]] = {}
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
                    self.seen.all(),
                    self.records.audit.latest(ACTIONS_SHOWN),
                ),
            )
        except Unavailable:
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
    ) -> Pointer:
        """Switches what is served; raises NotNow, NotLevel, Unavailable, KafkaAway, TopicsUnfit."""
        return await switch(
            self.installation, self.store, what, operator.by, wait_s, forced, generation=generation
        )

    async def letter(self, name: str) -> dict[str, Any]:
        """A dead letter with its record, and its discard, as JSON; see `quarantine.shown`."""
        await self.store.ping()  # who waits in front of a browser is told at once
        return await shown(self.installation, self.store, name)

    async def retry(self, name: str, operator: Operator) -> Mended:
        """Retries a dead letter; raises NoSuchLetter, StillFails, KafkaAway, LogGap, Unavailable."""
        async with within(MENDING_S), self._quarantine() as quarantine:
            return await quarantine.retry(name, operator.by)

    async def discard(self, name: str, operator: Operator, why: str) -> Mended:
        """Discards a dead letter; raises as `retry` does."""
        async with within(MENDING_S), self._quarantine() as quarantine:
            return await quarantine.discard(name, operator.by, why)

    async def rebuild(self, options: Sequence[str], operator: Operator) -> None:
        """Starts a rebuild beside; raises NotNow while one that was started here runs, and Unavailable."""
        self.rebuilding.require_none()
        await self.note(operator, "rebuild.start", " ".join(options))
        await self.rebuilding.start([*options, f"--asked-by={operator.by}"])

    async def rebuilds(self) -> list[dict[str, Any]]:
        """Running and past rebuilds, the latest first, as JSON; raises Unavailable."""
        return [one.as_json() for one in await progress.rebuilds(self.store, self.clock())]

    async def note(self, operator: Operator, action: str, about: str) -> None:
        """Keeps what an operator does in the audit; raises Unavailable."""
        await self.records.audit.note(operator.by, action, about, None, self.clock())

    @asynccontextmanager
    async def _quarantine(self) -> AsyncIterator[Quarantine]:
        await self.store.ping()  # who waits in front of a browser is told at once
        async with AsyncExitStack() as stack:
            installation = self.installation
            cluster = await find(installation.kafka, installation.topic_prefix)
            log = await stack.enter_async_context(reading(installation.kafka, cluster.topics))
            await log_compatibility.check(self.store, cluster, log)
            writer = self.store.writer()
            await writer.open()
            stack.push_async_callback(writer.close)
            yield Quarantine(self.store, cluster.topics, log, writer)
