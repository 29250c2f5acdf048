"""The command line (API.md, "Command line"). What a command needs is imported when it is called."""

import os
import sys
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from portal import logs
from portal.async_runner import run
from portal.errors import CommandError, UsageError
from portal.settings import Settings

MOST_WORKERS: Final = 64

app = typer.Typer(
    name="portal",
    help="The customer portal of ServiceHub: projects its events, serves its customers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
topics = typer.Typer(help="The topics of the installation.", no_args_is_help=True)
app.add_typer(topics, name="topics")
dead_letters = typer.Typer(
    help="The quarantine: records that cannot be read, customers that an event holds.", no_args_is_help=True
)
app.add_typer(dead_letters, name="dead-letters")
generations = typer.Typer(help="The generations of the views.", no_args_is_help=True)
app.add_typer(generations, name="generations")
payments = typer.Typer(help="Payments that customers made online.", no_args_is_help=True)
app.add_typer(payments, name="payments")

Wait = Annotated[float, typer.Option(min=0, help="Seconds it may take to become level.", metavar="S")]
Force = Annotated[bool, typer.Option("--force", help="Although it is not level or has more dead letters.")]
Reason = Annotated[str | None, typer.Option(help="Why it is forced; kept.", metavar="TEXT")]
FromTruncated = Annotated[
    bool, typer.Option("--from-truncated", help="Although the log does not begin at offset 0 (any more).")
]
Why = Annotated[str | None, typer.Option("--reason", help="Why --from-truncated; kept.", metavar="TEXT")]


def main() -> None:
    """Run the command that was asked for, and exit with its status."""
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
    """Create the topics that are missing, PORTAL_PARTITIONS partitions each."""
    from portal.commands.topics import create

    logs.configure(of_libraries=False)

    async def work() -> None:
        print(await create(settings()))

    run(work())


@app.command()
def publish(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, metavar="FILE.jsonl")],
    mode: Annotated[
        Literal["structured", "binary"], typer.Option(help="How they are written.")
    ] = "structured",
) -> None:
    """Put a log of events, one CloudEvent in structured JSON a line, onto its topics."""
    from portal.commands.publish import bar, publish

    logs.configure(of_libraries=False)

    async def work() -> None:
        with bar(file) as progress:
            done = await publish(settings(), file, mode, progress)
        print(f"published {done} events")

    run(work())


@app.command()
def project() -> None:
    """Run the live projector and watches it; start more for more throughput."""
    from portal.commands.project import project

    logs.configure()
    run(project(settings()), endless=True)


@app.command()
def serve() -> None:
    """Serve the API and the pages of the customers at PORTAL_HOST and PORTAL_PORT."""
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
    watch: Annotated[bool, typer.Option("--watch", help="Again every 2 s, until stopped.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="On one line, as GET /api/lag.")] = False,
) -> None:
    """Show how far the views are behind the log."""
    from portal.commands.lag import lag

    logs.configure(of_libraries=False)
    run(lag(settings(), watch=watch, as_json=as_json), endless=watch)


@app.command()
def verify(
    customer: Annotated[
        str | None, typer.Option(metavar="BIZ/CUS", help="One customer (BIZ: a business).")
    ] = None,
    sample: Annotated[int | None, typer.Option(min=1, help="So many customers, by chance.")] = None,
    from_truncated: FromTruncated = False,
    reason: Why = None,
) -> None:
    """Make views from the log again, in memory, and reports every difference from what is served."""
    from portal.commands.verify import verify

    logs.configure(of_libraries=False)
    why = _why_truncated(from_truncated, reason)
    run(verify(settings(), customer=customer, sample=sample, from_truncated=why))


@dead_letters.command("list")
def list_(
    error: Annotated[str | None, typer.Option(help="Only those of this error.")] = None,
    lane: Annotated[int | None, typer.Option(min=0, help="Only those of this lane.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The latest so many.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="All on one line.")] = False,
) -> None:
    """List what is wrong, by error and by lane, and the latest dead letters."""
    from portal.commands.dead_letters import list_letters

    logs.configure(of_libraries=False)
    run(list_letters(settings(), error=error, lane=lane, limit=limit, as_json=as_json))


@dead_letters.command()
def show(
    name: Annotated[str, typer.Argument(metavar="ID", help="As `list` names it, e.g. visits-3-1042.")],
    as_json: Annotated[bool, typer.Option("--json", help="All on one line.")] = False,
) -> None:
    """Show one dead letter with its record, contact data masked; who discarded it, if somebody did."""
    from portal.commands.dead_letters import show

    logs.configure(of_libraries=False)
    run(show(settings(), name, as_json=as_json))


BY = typer.Option(help="Who does it, for the records.", show_default="the user of this machine")


@dead_letters.command()
def retry(
    names: Annotated[list[str] | None, typer.Argument(metavar="[ID]...")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that hold a customer.")] = False,
    error: Annotated[str | None, typer.Option(help="With --all: only those of this error.")] = None,
    by: Annotated[str | None, BY] = None,
) -> None:
    """Apply, after a fix, the event that holds a customer and all that waited for it, in order."""
    from portal.commands.dead_letters import retry

    logs.configure(of_libraries=False)
    run(retry(settings(), names or [], everything=everything, error=error, by=by))


@dead_letters.command()
def discard(
    names: Annotated[list[str], typer.Argument(metavar="ID...")],
    reason: Annotated[str, typer.Option(help="Why, for the records; name no customer in it.")],
    by: Annotated[str | None, BY] = None,
) -> None:
    """Take records out for good: no generation, live or made anew, apply them; apply what waited behind."""
    from portal.commands.dead_letters import discard

    logs.configure(of_libraries=False)
    run(discard(settings(), names, reason=reason, by=by))


@app.command()
def rebuild(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only says how much there is to read.")] = False,
    promote: Annotated[
        bool, typer.Option("--promote", help="Serves the generation once it is level.")
    ] = False,
    workers: Annotated[
        int, typer.Option(min=1, max=MOST_WORKERS, help="Processes that fill.", show_default="one per core")
    ] = min(MOST_WORKERS, os.cpu_count() or 1),
    max_rate: Annotated[
        float | None, typer.Option(min=1, help="Records a second at most.", metavar="N")
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Begins anew in place of going on with an unfinished one.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Progress, or of a customer the result, as one object a line.")
    ] = False,
    customer: Annotated[
        str | None,
        typer.Option(metavar="BIZ/CUS", help="Only this customer (BIZ: a business), in what is kept; alone."),
    ] = None,
    from_truncated: FromTruncated = False,
    reason: Why = None,
    asked_by: Annotated[str | None, typer.Option(hidden=True, help="By whom, on the staff surface.")] = None,
) -> None:
    """Replays the topics into a new generation of the views while the old one is served."""
    from portal.commands.rebuild import RebuildOptions, rebuild
    from portal.commands.rebuild_customer import rebuild_customer

    logs.configure(of_libraries=False)
    why = _why_truncated(from_truncated, reason)
    wanted = RebuildOptions(dry_run, promote, workers, max_rate, restart, as_json, why, asked_by)
    if customer is None:
        run(rebuild(settings(), wanted))
    elif dry_run or promote or restart or max_rate or why:
        raise UsageError("--customer goes with --json alone: one customer is projected again where it is")
    else:
        run(rebuild_customer(settings(), customer, asked_by, as_json=as_json))


def _why_truncated(from_truncated: bool, reason: str | None) -> str | None:
    """Return the reason, where there is one for it; raises UsageError when they do not come together."""
    why = reason.strip() if reason else None
    if from_truncated != bool(why):
        raise UsageError(
            "--from-truncated needs a --reason, which is kept, and a --reason is for --from-truncated alone"
        )
    return why


@app.command()
def promote(wait: Wait = 30.0, force: Force = False, reason: Reason = None) -> None:
    """Serve the generation that was filled last, at once; without one, that which stands by."""
    from portal.commands.promotion import switch

    logs.configure(of_libraries=False)

    async def work() -> None:
        print(await switch(settings(), "promote", wait_s=wait, force=force, reason=reason))

    run(work())


@app.command()
def rollback(wait: Wait = 30.0, force: Force = False, reason: Reason = None) -> None:
    """Serve the generation that was served before, at once."""
    from portal.commands.promotion import switch

    logs.configure(of_libraries=False)

    async def work() -> None:
        print(await switch(settings(), "rollback", wait_s=wait, force=force, reason=reason))

    run(work())


@generations.command("list")
def list_generations(
    as_json: Annotated[bool, typer.Option("--json", help="On one line, as GET /api/generations.")] = False,
) -> None:
    """Show the generations of the views: state, size, age."""
    from portal.commands.generations import show

    logs.configure(of_libraries=False)
    run(show(settings(), as_json=as_json))


@generations.command()
def drop(
    generation: Annotated[int, typer.Argument(help="Its number.", metavar="GENERATION")],
    served: Annotated[
        bool, typer.Option("--served", help="Also one that is served to readers of its version.")
    ] = False,
) -> None:
    """Remove a generation for good: that which stands by, say, or those of a version that is not used any more."""
    from portal.commands.generations import drop

    logs.configure(of_libraries=False)

    async def work() -> None:
        print(await drop(settings(), generation, served=served))

    run(work())


@payments.command()
def reconcile(
    since: Annotated[
        str | None, typer.Option(metavar="WHEN", help="A date or timestamp; without it, 7 days back.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Compares only: exit status 1 when something is missing.")
    ] = False,
) -> None:
    """Compare with the payment provider, and publish what the portal never heard of."""
    from portal.commands.payments import reconcile

    logs.configure(of_libraries=False)
    run(reconcile(settings(), since, dry=dry_run, say=print))
