"""What a verb shows: one document on stdout with --json, else plain lines; everything else goes to stderr."""

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getuser
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from campaigns import migrations
from campaigns.errors import StateError
from campaigns.runtime import Runtime
from campaigns.settings import Settings

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would happen, change nothing.")]

err = Console(stderr=True, highlight=False, markup=False, emoji=False)
out = Console(highlight=False, markup=False, emoji=False)


def actor() -> str:
    """Who runs this command, for the timeline and the audit."""
    return f"cli:{getuser()}@{socket.gethostname()}"


@contextmanager
def opened(*, writes: bool = False, settings: Settings | None = None) -> Iterator[Runtime]:
    """Open the database, migrated; a verb that writes names the state folder on stderr."""
    settings = settings or Settings()
    runtime = Runtime.open(settings)
    try:
        migrations.ensure(runtime.engine)
        if writes:
            note(f"State folder: {settings.home}")
        yield runtime
    finally:
        runtime.close()


def emit(document: Any) -> None:
    """Print one JSON document on stdout."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None) + "\n")


def say(line: str = "") -> None:
    """Print a line of data on stdout."""
    out.print(line, soft_wrap=True)


def note(line: str) -> None:
    """Print a line for people on stderr."""
    err.print(line, soft_wrap=True)


def show(rows: list[dict[str, Any]], columns: dict[str, str]) -> None:
    """Print rows as a table on stdout; `columns` maps each key to its heading."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in columns.values():
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row.get(key)) for key in columns))
    out.print(table)


def confirm(question: str, *, yes: bool) -> None:
    """Ask on a terminal; raises StateError where nobody can be asked, or the answer is no."""
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise StateError("Nobody confirmed: there is no terminal to ask on. Add --yes to go ahead.")
    err.print(f"{question} [y/N] ", end="")
    if input().strip().lower() not in {"y", "yes"}:
        raise StateError("Not confirmed. Nothing was changed.")


def environment() -> dict[str, str]:
    """Where secrets are looked up."""
    return dict(os.environ)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
