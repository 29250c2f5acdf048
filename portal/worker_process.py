"""The worker process that `portal project` supervises: `python -m portal.worker_process INSTANCE PIPE`."""

import gc
import os
import sys

import structlog

from portal import logs
from portal.async_runner import run
from portal.errors import CommandError
from portal.settings import Settings
from projectors.concurrency import run_until_first_exits
from projectors.installation import Installation
from projectors.kafka.topology import InvalidTopics
from projectors.live.group_member import NoLanesAssigned
from projectors.live.progress_watchdog import WorkerStalled
from projectors.live.worker import work
from projectors.log_compatibility import LogMismatch
from projectors.supervisor import EXIT_PERMANENT_FAILURE, send_heartbeats

logger = structlog.get_logger(__name__)


def main() -> int:
    """Work until a signal or until the supervisor no longer reads the pipe; return the exit status."""
    logs.configure()
    # Thousands of documents live between batches and never form reference cycles: scanning them took a third of the
    # worker's time.
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
    # The driver's threads wait for the interpreter lock after every response of the database: 5 ms by default.
    sys.setswitchinterval(0.0005)
    instance, pipe = sys.argv[1], int(sys.argv[2])
    try:
        run(_work(Settings.read(os.environ).installation, instance, pipe), endless=True)
    except (LogMismatch, InvalidTopics, CommandError) as error:
        logger.critical("stopped for good", reason=str(error))
        return EXIT_PERMANENT_FAILURE
    except (NoLanesAssigned, WorkerStalled) as error:
        logger.warning("begins anew", reason=str(error))
        return 1
    except Exception:
        logger.exception("crashed")
        return 1
    return 0


async def _work(installation: Installation, instance: str, pipe: int) -> None:
    await run_until_first_exits(work(installation, instance), send_heartbeats(pipe))


if __name__ == "__main__":
    sys.exit(main())
