"""Outlives the stack by a moment: ends what is left of its processes and removes its temporary folder.

Run as a program, its standard input a pipe that only the stack holds open. The pipe closes when the stack ends,
however it ends: the kernel does that after SIGKILL too. It leads the process group of the stack's servers, which
keeps the group's number from being given away, and holds the state's lock until all is over. Imports nothing of
ours, so that it starts in no time.

    reaper.py [FOLDER]
"""

import os
import shutil
import signal
import sys
import time
from pathlib import Path


def others(group: int) -> list[int]:
    """Return the living processes of a process group, without this one."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            # "pid (name) state parent group …"; the name may contain blanks and parentheses.
            state, _, its_group = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
            # A process is listed as dead as soon as its first thread is; the others may hold its files and ports.
            dead = state in "ZX" and sum(1 for _ in (entry / "task").iterdir()) < 2
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked
        if int(its_group) == group and not dead:
            found.append(int(entry.name))
    return found


def main() -> None:
    """Wait for the end of the stack, then for the end of everything it started."""
    for unwanted in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(unwanted, signal.SIG_IGN)
    sys.stdin.buffer.read()
    while left := others(os.getpgrp()):
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.01)
    if len(sys.argv) > 1:
        shutil.rmtree(sys.argv[1], ignore_errors=True)


if __name__ == "__main__":
    main()
