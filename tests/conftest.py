"""What every test may ask for: the stack, installations of the portal on it, and its logs when a test fails."""

import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from local_stack.downloads import Tool, ensure, require
from local_stack.errors import StackError
from local_stack.stack import Stack
from tests.harness.portal_installation import SHOWN_LINES, Installation, Installations, Process

# A broker of tests lives for minutes: compiling as if for days took more of the machine than it gave back.
os.environ.setdefault("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1")

# How long an example takes, or is looked for, says nothing here: others run beside it.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

CHROMIUM = Tool("chromium", "runs the browser tests", "apt-get install chromium")


@contextlib.contextmanager
def missing_tools_said_in_a_line() -> Iterator[None]:
    """Ends the run with what is missing, why it is needed and how it is installed, instead of a traceback a test."""
    try:
        yield
    except StackError as error:
        pytest.exit(str(error), returncode=1)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Kafka, MongoDB, Mailpit and the stand-in for Stripe, one set for all tests; `stack.env` says where."""
    with missing_tools_said_in_a_line(), Stack() as one:
        yield one


def browser() -> str:
    """The browser's path: where it is, of the one without a window, which does the same with half the work."""
    if windowless := shutil.which(f"{CHROMIUM.name}-headless-shell"):
        return windowless
    require(CHROMIUM)
    return str(shutil.which(CHROMIUM.name))


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's path."""
    with missing_tools_said_in_a_line():
        return browser()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Looks for everything before a parallel run begins: none of its processes could end it in good order."""
    if session.config.getoption("numprocesses", None) and not hasattr(session.config, "workerinput"):
        with missing_tools_said_in_a_line():
            browser()
            ensure(os.getpgrp())


@pytest.fixture
async def installation(stack: Stack, tmp_path: Path) -> AsyncIterator[Installations]:
    """Makes installations of the portal that are gone after the test; settings are given by keyword."""
    async with contextlib.AsyncExitStack() as open_ones:

        async def make(**settings: str) -> Installation:
            return await open_ones.enter_async_context(Installation(stack.env, tmp_path, **settings))

        yield make


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Shows the end of every command's log beside a test that failed."""
    report = yield
    if report.failed:
        for process in sorted(Process.known, key=lambda one: one.log):
            lines = process.output().splitlines()[-SHOWN_LINES:]
            report.sections.append((f"end of {process.log.name} (`{process.command}`)", "\n".join(lines)))
    return report
