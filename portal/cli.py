"""The command line (API.md, "Command line")."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

from portal import logs
from portal.commands import lag as measuring
from portal.commands import project as projecting
from portal.commands import publish as publishing
from portal.commands import topics as making
from portal.errors import CommandError
from portal.running import run
from portal.settings import Settings

app = typer.Typer(
    name="portal",
    help="The customer portal of ServiceHub: projects events, serves customers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
topics = typer.Typer(help="The topics of the installation.", no_args_is_help=True)
app.add_typer(topics, name="topics")


def main() -> None:
    """Run the command that was asked for, and exit with its status."""
    logs.configure()
    try:
        app()
    except CommandError as error:
        for line in str(error).splitlines():
            print(f"portal: {line}", file=sys.stderr)
        sys.exit(error.status)


def settings() -> Settings:
    """The settings of this process; raises UsageError."""
    return Settings.read(os.environ)


@topics.command()
def create() -> None:
    """Creates the topics that are missing, PORTAL_PARTITIONS partitions each."""

    async def work() -> None:
        print(await making.create(settings()))

    run(work())


@app.command()
def publish(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, metavar="FILE.jsonl")],
    mode: Annotated[publishing.Mode, typer.Option(help="How the events are written.")] = "structured",
) -> None:
    """Puts a log of events, one CloudEvent in structured JSON a line, onto its topics."""

    async def work() -> None:
        columns = "publishing", BarColumn(), DownloadColumn(), TimeRemainingColumn()
        console = Console(stderr=True)
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("", total=file.stat().st_size)
            done = await publishing.publish(
                settings(), file, mode, lambda through: bar.update(task, completed=through)
            )
        print(f"published {done} events")

    run(work())


@app.command()
def project() -> None:
    """Runs the live projector and watches it; start more for more throughput."""
    run(projecting.project(settings()), endless=True)


@app.command()
def lag(
    watch: Annotated[bool, typer.Option("--watch", help="Again every 2 s, until stopped.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="On one line, as GET /api/lag.")] = False,
) -> None:
    """Shows how far the views are behind the log."""
    run(measuring.lag(settings(), watch=watch, as_json=as_json), endless=watch)
