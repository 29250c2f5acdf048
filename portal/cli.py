"""Command line of the portal; each command imports its dependencies when it runs.

See docs/contracts/api.md, Command line.
"""

import os
import sys
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from portal import logs
from portal.async_runner import run
from portal.errors import CommandError, UsageError
from portal.settings import Settings

MAX_WORKERS: Final = 64

app = typer.Typer(
    name="portal",
    help="The customer portal of ServiceHub: projects events into views and serves them to customers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
topics = typer.Typer(help="The topics of the installation.", no_args_is_help=True)
app.add_typer(topics, name="topics")
dead_letters = typer.Typer(
    help="The quarantine: unreadable records, and events that hold their customer.", no_args_is_help=True
)
app.add_typer(dead_letters, name="dead-letters")
generations = typer.Typer(help="The generations of the views.", no_args_is_help=True)
app.add_typer(generations, name="generations")
payments = typer.Typer(help="Payments that customers made online.", no_args_is_help=True)
app.add_typer(payments, name="payments")

Wait = Annotated[
    float,
    typer.Option(min=0, help="Seconds to wait until the generation has caught up (is level).", metavar="S"),
]
Force = Annotated[
    bool, typer.Option("--force", help="Switch even if the generation is not level or has more dead letters.")
]
Reason = Annotated[str | None, typer.Option(help="Why it is forced; stored in the audit.", metavar="TEXT")]
FromTruncated = Annotated[
    bool, typer.Option("--from-truncated", help="Accept a log that does not begin at offset 0 (any more).")
]
Why = Annotated[
    str | None, typer.Option("--reason", help="Why --from-truncated is accepted; stored.", metavar="TEXT")
]


def main() -> None:
    """Run the command given on the command line and exit with its status."""
    try:
        app()
    except CommandError as error:
        for line in str(error).splitlines():
            print(f"portal: {line}", file=sys.stderr)
        sys.exit(error.status)


def settings() -> Settings:
    """Return the settings of this process; raises UsageError."""
    return Settings.read(os.environ)


@topics.command()
def create() -> None:
    """Create the missing topics, each with PORTAL_PARTITIONS partitions."""
    from portal.commands.topics import create

    logs.configure(of_libraries=False)

    async def work() -> None:
        print(await create(settings()))

    run(work())


@app.command()
def publish(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, metavar="FILE.jsonl")],
    mode: Annotated[
        Literal["structured", "binary"], typer.Option(help="CloudEvents mode of the records.")
    ] = "structured",
) -> None:
    """Publish a file of events, one CloudEvent in structured JSON per line, to their topics."""
    from portal.commands.publish import publish, publish_progress

    logs.configure(of_libraries=False)

    async def work() -> None:
        with publish_progress(file) as progress:
            done = await publish(settings(), file, mode, progress)
        print(f"published {done} events")

    run(work())


@app.command()
def project() -> None:
    """Run and supervise a live projector; start more of them for more throughput."""
    from portal.commands.project import project

    logs.configure()
    run(project(settings()), endless=True)


@app.command()
def serve() -> None:
    """Serve the API and the customer pages at PORTAL_HOST and PORTAL_PORT."""
    from portal.commands.serve import serve

    logs.configure()
    serve(settings())


@app.command()
def staff() -> None:
    """Serve the staff surface at PORTAL_HOST and PORTAL_STAFF_PORT."""
    from portal.commands.staff import staff

    logs.configure()
    staff(settings())


@app.command()
def lag(
    watch: Annotated[bool, typer.Option("--watch", help="Repeat every 2 s until stopped.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON, as GET /api/lag.")] = False,
) -> None:
    """Show how far the views are behind the log."""
    from portal.commands.lag import lag

    logs.configure(of_libraries=False)
    run(lag(settings(), watch=watch, as_json=as_json), endless=watch)


@app.command()
def verify(
    customer: Annotated[
        str | None, typer.Option(metavar="BIZ/CUS", help="Only this customer (BIZ: a business).")
    ] = None,
    sample: Annotated[int | None, typer.Option(min=1, help="Number of random customers to verify.")] = None,
    from_truncated: FromTruncated = False,
    reason: Why = None,
) -> None:
    """Recompute views from the log in memory and report every difference from the served ones."""
    from portal.commands.verify import verify

    logs.configure(of_libraries=False)
    why = _truncation_reason(from_truncated, reason)
    run(verify(settings(), customer=customer, sample=sample, from_truncated=why))


@dead_letters.command("list")
def list_(
    error: Annotated[str | None, typer.Option(help="Only those of this error.")] = None,
    lane: Annotated[int | None, typer.Option(min=0, help="Only those of this lane.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Maximum number of dead letters shown.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON.")] = False,
) -> None:
    """List dead letters: counts by error and lane, and the latest ones."""
    from portal.commands.dead_letters import list_dead_letters

    logs.configure(of_libraries=False)
    run(list_dead_letters(settings(), error=error, lane=lane, limit=limit, as_json=as_json))


@dead_letters.command()
def show(
    name: Annotated[str, typer.Argument(metavar="ID", help="Id as shown by `list`, e.g. visits-3-1042.")],
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON.")] = False,
) -> None:
    """Show a dead letter with its record, contact data masked, and its discard, if any."""
    from portal.commands.dead_letters import show

    logs.configure(of_libraries=False)
    run(show(settings(), name, as_json=as_json))


BY = typer.Option(help="Name of the operator, for the audit.", show_default="the user of this machine")


@dead_letters.command()
def retry(
    names: Annotated[list[str] | None, typer.Argument(metavar="[ID]...")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All dead letters that hold a customer.")] = False,
    error: Annotated[str | None, typer.Option(help="With --all: only those of this error.")] = None,
    by: Annotated[str | None, BY] = None,
) -> None:
    """Apply, after a fix, the event that holds a customer and all events that wait behind it, in order."""
    from portal.commands.dead_letters import retry

    logs.configure(of_libraries=False)
    run(retry(settings(), names or [], everything=everything, error=error, by=by))


@dead_letters.command()
def discard(
    names: Annotated[list[str], typer.Argument(metavar="ID...")],
    reason: Annotated[str, typer.Option(help="Reason, for the audit; do not name a customer in it.")],
    by: Annotated[str | None, BY] = None,
) -> None:
    """Exclude records for good from every generation, then apply the events that wait behind them."""
    from portal.commands.dead_letters import discard

    logs.configure(of_libraries=False)
    run(discard(settings(), names, reason=reason, by=by))


@app.command()
def rebuild(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only estimate how much there is to read.")
    ] = False,
    promote: Annotated[
        bool, typer.Option("--promote", help="Serve the generation once it is level.")
    ] = False,
    workers: Annotated[
        int,
        typer.Option(
            min=1, max=MAX_WORKERS, help="Number of filling processes.", show_default="one per core"
        ),
    ] = min(MAX_WORKERS, os.cpu_count() or 1),
    max_rate: Annotated[
        float | None, typer.Option(min=1, help="Maximum records per second.", metavar="N")
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Start over instead of resuming an unfinished rebuild.")
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Progress (with --customer: the result) as one JSON object per line."),
    ] = False,
    customer: Annotated[
        str | None,
        typer.Option(
            metavar="BIZ/CUS", help="Only this customer (BIZ: a business), in the active generations."
        ),
    ] = None,
    from_truncated: FromTruncated = False,
    reason: Why = None,
    asked_by: Annotated[
        str | None, typer.Option(hidden=True, help="Operator of the staff surface that requested it.")
    ] = None,
) -> None:
    """Replay the topics into a new generation of the views while the old one is served."""
    from portal.commands.rebuild import RebuildOptions, rebuild
    from portal.commands.rebuild_customer import rebuild_customer

    logs.configure(of_libraries=False)
    why = _truncation_reason(from_truncated, reason)
    options = RebuildOptions(dry_run, promote, workers, max_rate, restart, as_json, why, asked_by)
    if customer is None:
        run(rebuild(settings(), options))
    elif dry_run or promote or restart or max_rate or why:
        raise UsageError(
            "--customer goes with --json alone: it rebuilds one customer in the active generations"
        )
    else:
        run(rebuild_customer(settings(), customer, asked_by, as_json=as_json))


def _truncation_reason(from_truncated: bool, reason: str | None) -> str | None:
    """Return the reason of --from-truncated; raise UsageError if only one of the two options is given."""
    why = reason.strip() if reason else None
    if from_truncated != bool(why):
        raise UsageError(
            "--from-truncated needs a --reason, which is kept, and a --reason is for --from-truncated alone"
        )
    return why


@app.command()
def promote(wait: Wait = 30.0, force: Force = False, reason: Reason = None) -> None:
    """Serve the newest filled generation, or else the standby one, without downtime."""
    from portal.commands.promotion import switch

    logs.configure(of_libraries=False)

    async def work() -> None:
        print(await switch(settings(), "promote", wait_s=wait, force=force, reason=reason))

    run(work())


@app.command()
def rollback(wait: Wait = 30.0, force: Force = False, reason: Reason = None) -> None:
    """Serve the previously served generation, without downtime."""
    from portal.commands.promotion import switch

    logs.configure(of_libraries=False)

    async def work() -> None:
        print(await switch(settings(), "rollback", wait_s=wait, force=force, reason=reason))

    run(work())


@generations.command("list")
def list_generations(
    as_json: Annotated[
        bool, typer.Option("--json", help="One line of JSON, as GET /api/generations.")
    ] = False,
) -> None:
    """List the generations of the views with state, size and age."""
    from portal.commands.generations import show

    logs.configure(of_libraries=False)
    run(show(settings(), as_json=as_json))


@generations.command()
def drop(
    generation: Annotated[int, typer.Argument(help="Number of the generation.", metavar="GENERATION")],
    served: Annotated[
        bool, typer.Option("--served", help="Also drop a generation that is still served for its version.")
    ] = False,
) -> None:
    """Delete a generation for good, such as a standby one or one of an unused version."""
    from portal.commands.generations import drop

    logs.configure(of_libraries=False)

    async def work() -> None:
        print(await drop(settings(), generation, served=served))

    run(work())


@payments.command()
def reconcile(
    since: Annotated[
        str | None, typer.Option(metavar="WHEN", help="Date or timestamp; default: 7 days ago.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only compare; exit status 1 if anything is missing.")
    ] = False,
) -> None:
    """Compare with the payment provider and publish payments that the portal has not recorded."""
    from portal.commands.payments import reconcile

    logs.configure(of_libraries=False)
    run(reconcile(settings(), since, dry=dry_run, say=print))
