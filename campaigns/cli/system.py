"""Verbs about the installation: up, simulate, doctor, migrate."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from campaigns import migrations
from campaigns.cli import output
from campaigns.cli.app import app
from campaigns.cli.output import AsJson, DryRun
from campaigns.errors import StoppedError
from campaigns.runtime import Runtime, check_pace
from campaigns.settings import Settings

_SIMULATOR_PORT = 8322


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
    url = f"http://{settings.host}:{settings.port}" if web else None
    output.note(f"State folder: {settings.home}")
    if as_json:
        sizes = {"workers": settings.worker_processes, "threads": settings.worker_threads}
        output.emit({"home": str(settings.home), "url": url, **sizes})
    elif url:
        output.note(f"Web: {url}")
    sys.stdout.flush()
    # The supervisor takes this process over, so that signals and the exit code are its own.
    os.execv(sys.executable, [sys.executable, "-m", "workers.up", *(["--web"] if web else [])])  # noqa: S606


@app.command()
def simulate(
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="0 takes a free one.")] = _SIMULATOR_PORT,
    scenario: Annotated[
        str, typer.Option("--scenario", metavar="NAME|FILE", help="calm, demo, storm, or a .toml or .json file.")
    ] = "calm",
    seed: Annotated[int | None, typer.Option("--seed", help="Another seed gives other people other fates.")] = None,
    as_json: AsJson = False,
) -> None:
    """Be Graph and Orbit on this machine until interrupted; prints where, as one JSON document, once it listens."""
    from campaigns import simulator  # noqa: PLC0415

    chosen = simulator.load(Path(scenario)) if Path(scenario).suffix else simulator.named(scenario)
    if seed is not None:
        chosen = chosen.changed(seed=seed)
    if not as_json:
        _tell_how(f"http://127.0.0.1:{port or 'PORT'}")
    simulator.serve(chosen, port=port)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Examine the installation, and say for everything that is wrong what to do about it."""
    from campaigns.cli import examination  # noqa: PLC0415

    findings = examination.examine(output.environment())
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


@app.command()
def migrate(
    source: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Move this SQLite database to DATABASE_URL.")
    ] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Bring the database to the shape of this version, or move one there; does nothing where it is there."""
    from campaigns.cli.examination import shape_of  # noqa: PLC0415

    runtime = Runtime.open(Settings())
    try:
        if source is not None:
            _move(runtime, source, dry_run=dry_run, as_json=as_json)
            return
        before = shape_of(runtime.engine)
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
    from campaigns.lifecycle import transfer  # noqa: PLC0415

    moved = None if dry_run else transfer.transfer(runtime, source)
    rows = moved.rows if moved else transfer.look(source)
    if as_json:
        output.emit({"file": str(source), "rows": rows, "kept": moved and str(moved.kept), "dry_run": dry_run})
        return
    output.say(f"{sum(rows.values()):,} rows of {len(rows)} tables {'were moved' if moved else 'would be moved'}.")
    if moved:
        output.say(f"The file is {moved.kept} now; nothing uses it any more.")


def _tell_how(url: str) -> None:
    output.note("A page that sends to the simulator, in a campaign file or by `pagecast pages add`:")
    output.note(f'  Meta:  base_url = "{url}/v26.0", and sim-ACCOUNT_ID as the token')
    output.note(f'  Orbit: base_url = "{url}/api/v1", and sim- with anything behind it as the API key')
    output.note("  Instagram accounts start with 17841, others are Facebook Pages. Put the token into the environment")
    output.note("  variable that the page's @{secret:NAME} names. Counts of what arrived: " + f"{url}/stats")
