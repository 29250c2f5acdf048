"""Timing side channel of the sign-in: known addresses beside unknown ones, in random order.

What is compared is the chance that the answer for a known address takes longer than the one for an unknown address
(Mann and Whitney's U over all pairs): a half where time tells nothing.
"""

import asyncio
import random
import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import httpx

from bench.publishing import BenchPublisher
from bench.sample_log import begin, business
from demo.portal_processes import PortalProcesses
from query_api.sign_in.cookies import binding_cookie_name
from web.tokens import new_token

BUSINESS, SLUG = "biz_bench", "biz-bench"
PEOPLE = 20
WARM_UP, TRIES = 100, 1500
"""Of each kind."""


class TimingComparison(NamedTuple):
    """Comparison of the response times of two kinds of requests."""

    known_ms: float
    """Median."""
    unknown_ms: float
    chance: float
    """That a known address takes longer than an unknown one."""
    sigmas: float
    """How far the chance is from a half, in standard deviations of what mere chance gives."""


async def measure(processes: PortalProcesses) -> dict[str, TimingComparison]:
    """Ask for codes, and shows wrong ones."""
    processes.env |= {
        f"PORTAL_LIMIT_{name}": "1000000"
        for name in (
            "MAILS_PER_ADDRESS",
            "MAILS_PER_NETWORK",
            "WRONG_CODES_PER_ADDRESS",
            "WRONG_CODES_PER_NETWORK",
        )
    }
    processes.start("project")
    processes.start("serve")
    now = datetime.now(UTC)
    async with BenchPublisher(processes.bootstrap, processes.topics) as publisher:
        await publisher.send(business(BUSINESS, now))
        for number in range(PEOPLE):
            await publisher.send_all(begin(BUSINESS, f"cus_{number}", now))
    await asyncio.to_thread(processes.wait_until_caught_up)
    await asyncio.to_thread(processes.wait_until_ready)
    return {
        "sign-in": await _compare(processes.url, None),
        "session": await _compare(processes.url, "123456"),
    }


async def _compare(url: str, code: str | None) -> TimingComparison:
    """Return the times of asking for a code, or of showing one that is wrong."""
    times: dict[bool, list[float]] = {True: [], False: []}
    kinds = [True, False] * (WARM_UP + TRIES)
    random.shuffle(kinds)
    async with httpx.AsyncClient(trust_env=False, headers={"Origin": url}) as client:
        for known in kinds:
            # Both are texts of one length, made up at this moment.
            number = random.randrange(PEOPLE)
            email = f"cus_{number}@mail.test" if known else f"cus_{number}@mail.tost"
            body = {"email": email} | ({"code": code} if code else {})
            path = f"{url}/{SLUG}/api/{'session' if code else 'sign-in'}"
            cookie = {"Cookie": f"{binding_cookie_name(SLUG)}={new_token()}"}
            begun = time.perf_counter()
            answer = await client.post(path, json=body, headers=cookie)
            times[known].append(time.perf_counter() - begun)
            if answer.status_code != (401 if code else 202):
                raise ValueError(f"{path}: {answer.status_code}")
    return told(times[True][WARM_UP:], times[False][WARM_UP:])


def told(known: Sequence[float], unknown: Sequence[float]) -> TimingComparison:
    """Return what two samples of times, in seconds, tell."""
    ranked = sorted([(one, True) for one in known] + [(one, False) for one in unknown])
    ranks = sum(rank for rank, (_, is_known) in enumerate(ranked, 1) if is_known)
    pairs = len(known) * len(unknown)
    chance = (ranks - len(known) * (len(known) + 1) / 2) / pairs
    deviation = ((len(known) + len(unknown) + 1) / (12 * pairs)) ** 0.5
    return TimingComparison(
        statistics.median(known) * 1000,
        statistics.median(unknown) * 1000,
        chance,
        abs(chance - 0.5) / deviation,
    )
