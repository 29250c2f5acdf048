"""Entry point of the demo, `python -m demo`: runs the whole portal until Ctrl-C."""

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
from demo.portal_processes import PortalProcesses, RunFailed, report_step
from demo.publisher import DemoPublisher
from local_stack.errors import StackError
from local_stack.processes import Reaper
from local_stack.stack import Stack

POLL_INTERVAL_S = 0.5


def main() -> int:
    """Run the demo. The exit status is 0 after a signal, 1 after an error."""
    # A shell that starts the demo in the background lets it ignore SIGINT: handle it nevertheless.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _raise_interrupt)
    try:
        with ExitStack() as exit_stack:
            try:
                run_demo(exit_stack)
            finally:
                # A second signal must not interrupt the clean-up.
                for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                    signal.signal(number, signal.SIG_IGN)
    except KeyboardInterrupt:
        print("\nEverything is stopped and removed.")
        return 0
    except (RunFailed, StackError) as error:
        print(f"\ndemo: {error}", file=sys.stderr)
    except KafkaError as error:
        print(f"\ndemo: the events could not be published: {error or type(error).__name__}", file=sys.stderr)
    return 1


def _raise_interrupt(_number: int, _frame: FrameType | None) -> None:
    signal.raise_signal(signal.SIGINT)


def run_demo(exit_stack: ExitStack) -> None:
    """Start servers and portal, publish the history, and publish live events until interrupted.

    Raises RunFailed, StackError and KafkaError.
    """
    started = time.monotonic()
    print("The demo is starting.", flush=True)
    reaper = Reaper()
    exit_stack.callback(reaper.release)
    with report_step("Start Kafka, MongoDB, a mailbox and a stand-in for Stripe"):
        stack = exit_stack.enter_context(Stack())
    with report_step("Create the topics, start the projector and the portal"):
        processes = exit_stack.enter_context(PortalProcesses(stack.env, stack.state / "logs", reaper.group))
        processes.run_command("topics", "create")
        processes.start("project")
        processes.start("serve")
    with report_step("Build three years of events of two businesses"):
        media = MediaFolder(stack.state / "media")
        media.add_images()
        now = datetime.now(UTC)
        state = history.build_history(media, now)
        past = list(state.log.take_until(now))
    with report_step(f"Publish {len(past):,} events"):
        asyncio.run(_publish(processes, past))
    with report_step("Wait until the read models have caught up"):
        processes.wait_until_caught_up()
    with report_step("Wait until the portal answers"):
        processes.wait_until_ready()
        processes.register_stripe_webhook()
    print(
        f"Ready after {time.monotonic() - started:.0f} s.\n\n{welcome_text(state, processes)}\n", flush=True
    )
    asyncio.run(_publish_live_events(state, processes))


def welcome_text(state: DemoState, processes: PortalProcesses) -> str:
    """Return the addresses of the portal and the mailbox, and the customers to sign in as."""
    featured = state.customers[0]
    sharing_email = next(
        customer
        for customer in state.customers
        if customer.company is featured.company and customer.index == 1
    )
    spanish = next(customer for customer in state.customers if customer.company is not featured.company)
    lines = []
    for title, customer in (
        ("The portal", featured),
        ("… with two customers of one e-mail address", sharing_email),
        ("… in Spanish", spanish),
    ):
        lines.append(f"  {title:<44}{processes.url}/{customer.company.slug}/")
        lines.append(f"  {'':<44}sign in as {customer.email}")
    lines.append(f"  {'The mailbox with the sign-in codes':<44}{processes.env['LOCAL_MAIL_API']}/")
    lines.append(f"  {'Payments':<44}on a stand-in for Stripe's page: no money moves")
    return "\n".join([*lines, "", "New events keep coming. Press Ctrl-C to stop and remove everything."])


async def _publish(processes: PortalProcesses, messages: Sequence[Message]) -> None:
    async with DemoPublisher(processes.bootstrap, processes.topics) as publisher:
        await publisher.publish(messages)


async def _publish_live_events(state: DemoState, processes: PortalProcesses) -> None:
    scenarios = live_events.iterate_scenarios(state)
    async with DemoPublisher(processes.bootstrap, processes.topics) as publisher:
        next_start = datetime.now(UTC)
        while True:
            now = datetime.now(UTC)
            if now >= next_start:
                schedule_scenario = next(scenarios)
                schedule_scenario(now)
                next_start = now + live_events.SCENARIO_INTERVAL
            messages = list(state.log.take_until(now))
            await publisher.publish(messages)
            for line in live_events.describe_events(state, messages):
                print(f"  {now.astimezone():%H:%M:%S}  {line}", flush=True)
            processes.check_running()
            await asyncio.sleep(POLL_INTERVAL_S)


if __name__ == "__main__":
    sys.exit(main())
