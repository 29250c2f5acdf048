"""The command line; `python -m local_stack --help`."""

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType

from local_stack.errors import StackError
from local_stack.stack import RESTARTABLE, Stack, ask_restart


def main() -> int:
    """Run a command and return its exit status: 0, or 1 when it could not be done."""
    parser = argparse.ArgumentParser(
        prog="python -m local_stack", description="Real servers for development."
    )
    parser.add_argument("--state", type=Path, metavar="DIR", help="folder to keep; a temporary one otherwise")
    commands = parser.add_subparsers(dest="command")
    restart = commands.add_parser(
        "restart", help="bring a server of a running stack back, on its port with its data"
    )
    restart.add_argument("server", choices=RESTARTABLE)
    restart.add_argument(
        "--state", type=Path, metavar="DIR", required=True, help="the folder of the running stack"
    )
    arguments = parser.parse_args()
    try:
        if arguments.command == "restart":
            pid = ask_restart(arguments.server, arguments.state)
            print(f"LOCAL_{arguments.server.upper()}_PID={pid}")
        else:
            run(arguments.state)
    except StackError as error:
        for line in str(error).splitlines():
            print(f"local_stack: {line}", file=sys.stderr)
        return 1
    return 0


def run(state: Path | None) -> None:
    """Start the stack, prints its settings and `ready`, and stays until SIGTERM, SIGHUP or Ctrl-C."""
    for ending in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(ending, _end)
    with Stack(state) as stack:
        print(f"local_stack: state in {stack.state}", file=sys.stderr, flush=True)
        for name, value in stack.env.items():
            print(f"{name}={value}")
        print("ready", flush=True)
        stack.serve()


def _end(_number: int, _frame: FrameType | None) -> None:
    # Once is enough: a second signal must not cut the cleaning up short.
    for ending in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(ending, signal.SIG_IGN)
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
