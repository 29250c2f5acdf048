"""What watches a worker, with workers of a few lines."""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from projectors import supervisor
from projectors.supervisor import PermanentFailure, send_heartbeats, supervise

BEATING = "import os, signal, sys, time\npipe = int(sys.argv[1])\nos.write(pipe, b'.')\n"


def worker(folder: Path, text: str) -> list[str]:
    """A command that notes its process id in `pids` and does what the text says."""
    script = folder / "worker.py"
    script.write_text(f"{BEATING}open({str(folder / 'pids')!r}, 'a').write(f'{{os.getpid()}}\\n')\n{text}")
    return [sys.executable, str(script)]


def pids(folder: Path) -> list[int]:
    file = folder / "pids"
    return [int(line) for line in file.read_text().splitlines()] if file.exists() else []


async def started(folder: Path, times: int) -> int:
    """The id of the latest of so many workers."""
    deadline = time.monotonic() + 30
    while len(pids(folder)) < times:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
    return pids(folder)[times - 1]


async def stop(watching: "asyncio.Task[None]") -> None:
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching


async def test_a_crashed_worker_is_started_again(tmp_path: Path) -> None:
    """For as often as it crashes."""
    watching = asyncio.create_task(supervise(worker(tmp_path, "sys.exit(1)")))
    await started(tmp_path, 3)
    await stop(watching)


async def test_a_killed_worker_is_started_again(tmp_path: Path) -> None:
    """And it is a child in the same process group."""
    watching = asyncio.create_task(supervise(worker(tmp_path, "time.sleep(60)")))
    first = await started(tmp_path, 1)
    assert os.getpgid(first) == os.getpgid(0)
    os.kill(first, signal.SIGKILL)
    assert await started(tmp_path, 2) != first
    await stop(watching)


async def test_a_silent_worker_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that does not listen to SIGTERM."""
    monkeypatch.setattr(supervisor, "HEARTBEAT_TIMEOUT_S", 0.2)
    monkeypatch.setattr(supervisor, "HEARTBEAT_INTERVAL_S", 0.05)
    deaf = worker(tmp_path, "signal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(60)")
    watching = asyncio.create_task(supervise(deaf))
    first = await started(tmp_path, 1)
    await started(tmp_path, 2)
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)
    monkeypatch.setattr(supervisor, "STOP_S", 0.2)
    await stop(watching)


async def test_what_a_new_start_does_not_mend_ends_it(tmp_path: Path) -> None:
    """The worker says so by its exit status."""
    with pytest.raises(PermanentFailure):
        await supervise(worker(tmp_path, f"sys.exit({supervisor.EXIT_PERMANENT_FAILURE})"))
    assert len(pids(tmp_path)) == 1


async def test_being_told_to_stop_goes_to_the_worker(tmp_path: Path) -> None:
    """It ends in its own time."""
    done = tmp_path / "done"
    text = (
        f"signal.signal(signal.SIGTERM, lambda *_: (open({str(done)!r}, 'w'), sys.exit(0)))\ntime.sleep(60)"
    )
    watching = asyncio.create_task(supervise(worker(tmp_path, text + "\n")))
    await started(tmp_path, 1)
    await asyncio.sleep(0.2)
    await stop(watching)
    assert done.exists()


async def test_a_worker_notices_that_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its beats end when the reading end is closed."""
    monkeypatch.setattr(supervisor, "HEARTBEAT_INTERVAL_S", 0.01)
    read, write = os.pipe()
    beating = asyncio.create_task(send_heartbeats(write))
    await asyncio.sleep(0.05)
    assert not beating.done()
    os.close(read)
    await beating
    os.close(write)
