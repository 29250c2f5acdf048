"""What every test may ask for: the stack, installations of the portal on it, and its logs when a test fails."""

import contextlib
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest

from local_stack.stack import Stack
from tests.processes import SHOWN_LINES, Installation, Installations, Process


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Kafka, MongoDB, Mailpit and the stand-in for Stripe, one set for all tests; `stack.env` says where."""
    with Stack() as one:
        yield one


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
