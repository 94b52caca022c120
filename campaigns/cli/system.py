"""Verbs about the installation: up, doctor, migrate."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from campaigns import examination, home, migrations
from campaigns.cli import output, reach
from campaigns.cli.app import app
from campaigns.cli.output import AsJson, DryRun
from campaigns.errors import StoppedError
from campaigns.lifecycle import transfer
from campaigns.listening import refuse_taken
from campaigns.runtime import Runtime, check_pace
from campaigns.settings import Settings

if TYPE_CHECKING:
    from campaigns.client import Client


@app.command()
def up(
    workers: Annotated[int | None, typer.Option("--workers", min=1, max=64, help="Worker processes.")] = None,
    threads: Annotated[int | None, typer.Option("--threads", min=1, max=256, help="Threads of each.")] = None,
    web: Annotated[bool, typer.Option("--web/--no-web", help="Serve the web too.")] = True,
    as_json: AsJson = False,
) -> None:
    """Keep workers, clock, web and the bundled Redis up until interrupted."""
    chosen = {"PAGECAST_WORKER_PROCESSES": workers, "PAGECAST_WORKER_THREADS": threads}
    os.environ.update({name: str(number) for name, number in chosen.items() if number is not None})
    settings = Settings()
    check_pace(settings)
    stands_by = home.supervised(settings.home)
    if web and not stands_by:
        refuse_taken(settings.host, settings.port)
    url = f"http://{settings.host}:{settings.port}" if web else None
    output.note(f"State folder: {settings.home}")
    if stands_by:
        output.note("Another `pagecast up` works on it: this one stands by, and takes over when that ends.")
    if as_json:
        sizes = {"workers": settings.worker_processes, "threads": settings.worker_threads}
        output.emit({"home": str(settings.home), "url": url, **sizes})
    elif url and not stands_by:
        output.note(f"Web: {url}, for who has a key; `pagecast keys link` makes a link for the first login.")
    sys.stdout.flush()
    # The supervisor takes this process over, so that signals and the exit code are its own.
    os.execv(sys.executable, [sys.executable, "-m", "workers.up", *(["--web"] if web else [])])  # noqa: S606


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Examine the installation, and say for everything that is wrong what to do about it."""
    with reach.server() as server:
        findings = _seen_there(server) if server else examination.examine(output.environment())
    ill = [each for each in findings if each.state == "problem"]
    if as_json:
        document = {"healthy": not ill, "versions": examination.versions()}
        output.emit(document | {"checks": [each.document() for each in findings]})
    else:
        for each in findings:
            output.say(f"{each.state:<8} {each.name}: {each.sentence} {each.next_step}".rstrip())
        output.say(", ".join(f"{name} {version}" for name, version in examination.versions().items()))
    if ill:
        raise StoppedError(
            f"{len(ill)} of {len(findings)} checks need a person: {', '.join(each.name for each in ill)}."
        )


def _seen_there(server: "Client") -> list[examination.Finding]:
    from campaigns.cli import checkup  # noqa: PLC0415 - it brings the client

    return list(checkup.examine(server))


@app.command()
def migrate(
    source: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Move this SQLite database to DATABASE_URL.")
    ] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Bring the database to the shape of this version, or move one there; does nothing where it is there."""
    runtime = Runtime.open(Settings())
    try:
        if source is not None:
            _move(runtime, source, dry_run=dry_run, as_json=as_json)
            return
        before = examination.shape_of(runtime.engine)
        if not dry_run:
            migrations.ensure(runtime.engine)
    finally:
        runtime.close()
    if as_json:
        output.emit({"from": before, "to": migrations.HEAD, "dry_run": dry_run})
    elif before == migrations.HEAD:
        output.say(f"The database is in shape {before} already.")
    else:
        what = "would go" if dry_run else "went"
        output.say(f"The database {what} from {before or 'empty'} to {migrations.HEAD}.")


def _move(runtime: Runtime, source: Path, *, dry_run: bool, as_json: bool) -> None:
    moved = None if dry_run else transfer.transfer(runtime, source)
    rows = moved.rows if moved else transfer.look(source)
    if as_json:
        output.emit({"file": str(source), "rows": rows, "kept": moved and str(moved.kept), "dry_run": dry_run})
        return
    output.say(f"{sum(rows.values()):,} rows of {len(rows)} tables {'were moved' if moved else 'would be moved'}.")
    if moved:
        output.say(f"The file is {moved.kept} now; nothing uses it any more.")
