"""Verbs for moving and keeping the state folder: backup, restore."""

from pathlib import Path
from typing import Annotated

import typer

from campaigns.cli import output
from campaigns.cli.app import app
from campaigns.cli.output import AsJson, DryRun, Yes
from campaigns.lifecycle import restore as restoring
from campaigns.lifecycle.backup import backup as make
from campaigns.lifecycle.backup import refuse_server
from campaigns.moments import dated
from campaigns.settings import Settings

File = Annotated[Path, typer.Argument(metavar="FILE", help="A .tar, or anything else for a compressed one.")]


@app.command()
def backup(file: File, yes: Yes = False, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Write database, inbox and stored lists into one file, while everything runs; secrets are not in it."""
    settings = Settings()
    refuse_server(settings)
    if dry_run:
        there = file.exists()
        if as_json:
            output.emit({"file": str(file), "would_replace": there, "dry_run": True})
        else:
            output.say(f"Would {'replace' if there else 'write'} {file}.")
        return
    if file.exists():
        output.confirm(f"{file} is there. Replace it?", yes=yes)
    with output.opened(settings=settings) as runtime:
        made = make(runtime, file)
    if as_json:
        output.emit({"file": str(file), "size": made.size, "files": made.files, "shape": made.manifest.shape})
    else:
        output.say(f"{file}: {made.size:,} bytes, the database and {made.files:,} stored files.")


@app.command()
def restore(file: File, yes: Yes = False, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Put a backup in the place of the state folder's database and lists; its campaigns are paused."""
    settings = Settings()
    manifest = restoring.look(file)
    full = restoring.holds_something(settings)
    made = dated(manifest.made_at)
    if dry_run:
        if as_json:
            output.emit({"file": str(file), "made_at": made, "would_replace": full, "dry_run": True})
        else:
            output.say(f"Would restore the backup of {made}{' over what is there' if full else ''}.")
        return
    output.note(f"State folder: {settings.home}")
    if full:
        output.confirm(f"Replace what is in {settings.home} by the backup of {made}?", yes=yes)
    done = restoring.restore(settings, file, output.actor())
    if done.kept:
        output.note(f"- What was there is in {done.kept}.")
    for name in done.paused:
        output.note(f"- {name} is paused: what it sent after {made} is not known here.")
    if done.reopened:
        output.note(
            f"- Webhook bodies that came in since, or were not applied then: {done.reopened:,}. `up` applies them."
        )
    if done.drafts:
        output.note(f"- Drafts: {done.drafts}. One that was launched after {made} would send again.")
    if as_json:
        kept = str(done.kept) if done.kept else None
        counted = {"drafts": done.drafts, "reopened": done.reopened}
        output.emit({"made_at": made, "paused": done.paused, **counted, "kept": kept})
    else:
        output.say(f"Restored the backup of {made}.")
