"""A filling process of `portal rebuild`: `python -m portal.fill_process GENERATION [MAX_RATE]`."""

import asyncio
import gc
import os
import sys

import structlog

from portal import logs
from portal.async_runner import run
from portal.errors import CommandError
from portal.settings import Settings
from projectors.concurrency import run_until_first_exits
from projectors.kafka.log_reader import RecordsMissing
from projectors.kafka.topology import InvalidTopics
from projectors.rebuild.fill_worker import fill
from projectors.supervisor import EXIT_PERMANENT_FAILURE

logger = structlog.get_logger(__name__)


def main() -> int:
    """Fill lanes until none is left or the parent process is gone; return the exit status."""
    logs.configure(of_libraries=False)
    # Documents are created by the thousand and never form reference cycles: collect rarely.
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
    # The driver's threads wait for the interpreter lock after every response of the database.
    sys.setswitchinterval(0.0005)
    generation = int(sys.argv[1])
    max_rate = float(sys.argv[2]) if len(sys.argv) > 2 else None
    try:
        run(_work(generation, max_rate), endless=True)
    except (InvalidTopics, RecordsMissing) as error:
        logger.critical("stopped for good", reason=str(error))
        return EXIT_PERMANENT_FAILURE
    except CommandError as error:
        logger.critical("stopped", reason=str(error))
        return 1
    except Exception:
        logger.exception("crashed")
        return 1
    return 0


async def _work(generation: int, max_rate: float | None) -> None:
    await run_until_first_exits(
        fill(Settings.read(os.environ).installation, generation, max_rate), wait_for_parent_exit()
    )


async def wait_for_parent_exit() -> None:
    """Raise CommandError once the parent process closes stdin."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    await reader.read()
    raise CommandError("whoever started it is gone")


if __name__ == "__main__":
    sys.exit(main())
