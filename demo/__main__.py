"""`python -m demo`: the whole portal with a believable business in it, until Ctrl-C."""

import asyncio
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from types import FrameType

from aiokafka.errors import KafkaError

from demo import history, live_events
from demo.event_log import Message
from demo.history import DemoState
from demo.media_folder import MediaFolder
from demo.portal_processes import PortalProcesses, RunFailed, step
from demo.publisher import DemoPublisher
from local_stack.errors import StackError
from local_stack.processes import Reaper
from local_stack.stack import Stack

TICK_S = 0.5


def main() -> int:
    """Run the demo; exit status 0 when it was ended by a signal, 1 when something failed."""
    # Also where a shell that starts it in the background has Ctrl-C ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _as_interrupt)
    try:
        with ExitStack() as open_ones:
            try:
                show(open_ones)
            finally:
                # Once is enough: a second signal must not cut the cleaning up short.
                for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                    signal.signal(ending, signal.SIG_IGN)
    except KeyboardInterrupt:
        print("\nAll is stopped, and nothing is left behind.")
        return 0
    except (RunFailed, StackError) as problem:
        print(f"\ndemo: {problem}", file=sys.stderr)
    except KafkaError as error:
        print(f"\ndemo: the events could not be published: {error or type(error).__name__}", file=sys.stderr)
    return 1


def _as_interrupt(_number: int, _frame: FrameType | None) -> None:
    signal.raise_signal(signal.SIGINT)


def show(open_ones: ExitStack) -> None:
    """Bring everything up, one step after the other, and keep it going until it is interrupted.

    Raises RunFailed, StackError or KafkaError when something does not work.
    """
    begun = time.monotonic()
    print("The demo is starting.", flush=True)
    reaper = Reaper()
    open_ones.callback(reaper.release)
    with step("Kafka, MongoDB, a mailbox and a stand-in for Stripe start"):
        stack = open_ones.enter_context(Stack())
    with step("the topics are made, the projector and the portal start"):
        stage = open_ones.enter_context(PortalProcesses(stack.env, stack.state / "logs", reaper.group))
        stage.run("topics", "create")
        stage.start("project")
        stage.start("serve")
    with step("three years of two businesses are made up"):
        library = MediaFolder(stack.state / "media")
        library.add_images()
        now = datetime.now(UTC)
        world = history.build(library, now)
        past = list(world.log.take(now))
    with step(f"{len(past):,} events are published"):
        asyncio.run(_publish(stage, past))
    with step("the views are brought level with them"):
        stage.wait_level()
    with step("the portal answers, and Stripe's stand-in tells it of payments"):
        stage.wait_ready()
        stage.hear_of_payments()
    print(f"Ready after {time.monotonic() - begun:.0f} s.\n\n{invitation(world, stage)}\n", flush=True)
    asyncio.run(_go_on(world, stage))


def invitation(world: DemoState, stage: PortalProcesses) -> str:
    """Return where to look, and as whom."""
    pool = world.customers[0]
    pair = next(one for one in world.customers if one.company is pool.company and one.position == 1)
    garden = next(one for one in world.customers if one.company is not pool.company)
    lines = []
    for title, customer in (
        ("The portal", pool),
        ("… with two customers of one address", pair),
        ("… in Spanish", garden),
    ):
        lines.append(f"  {title:<38}{stage.url}/{customer.company.slug}/")
        lines.append(f"  {'':<38}sign in as {customer.email}")
    lines.append(f"  {'The mailbox, for the codes':<38}{stage.env['LOCAL_MAIL_API']}/")
    lines.append(f"  {'Invoices can be paid':<38}on a stand-in for Stripe's page: no money moves")
    return "\n".join([*lines, "", "New events keep coming; Ctrl-C ends it all."])


async def _publish(stage: PortalProcesses, messages: Sequence[Message]) -> None:
    async with DemoPublisher(stage.bootstrap, stage.topics) as publisher:
        await publisher.publish(messages)


async def _go_on(world: DemoState, stage: PortalProcesses) -> None:
    stories = live_events.stories(world)
    async with DemoPublisher(stage.bootstrap, stage.topics) as publisher:
        next_story = datetime.now(UTC)
        while True:
            now = datetime.now(UTC)
            if now >= next_story:
                next(stories)(now)
                next_story = now + live_events.EVERY
            happened = list(world.log.take(now))
            await publisher.publish(happened)
            for line in live_events.told(world, happened):
                print(f"  {now.astimezone():%H:%M:%S}  {line}", flush=True)
            stage.check()
            await asyncio.sleep(TICK_S)


if __name__ == "__main__":
    sys.exit(main())
