"""What a verb shows: one document on stdout with --json, else plain lines; everything else goes to stderr."""

import json
import os
import re
import socket
import sys
import textwrap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from getpass import getuser
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from campaigns import migrations
from campaigns.cli.app import elsewhere
from campaigns.errors import StateError, UsageError
from campaigns.runtime import Runtime, now_of
from campaigns.settings import Settings

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would happen, change nothing.")]

_UNLIMITED = 10_000
"""Columns of what is no terminal: nothing wraps there."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LAST_COLUMN = re.compile(r".*\S {2,}| *(?:- )?")

err = Console(stderr=True, highlight=False, markup=False, emoji=False)
out = Console(highlight=False, markup=False, emoji=False)


def actor() -> str:
    """Who runs this command, for the timeline and the audit."""
    return f"cli:{getuser()}@{socket.gethostname()}"


@contextmanager
def opened(*, writes: bool = False, settings: Settings | None = None) -> Iterator[Runtime]:
    """Open the database, migrated; a verb that writes names the state folder on stderr.

    Raises UsageError while PAGECAST_URL names a server: nobody shall change this machine's campaigns by mistake.
    """
    if elsewhere():
        raise UsageError("This works on this machine's database only; unset PAGECAST_URL to work there.")
    settings = settings or Settings()
    runtime = Runtime.open(settings)
    try:
        migrations.ensure(runtime.engine)
        if writes:
            note(f"State folder: {settings.home}")
        yield runtime
    finally:
        runtime.close()


def now(runtime: Runtime) -> int:
    """Return the database's time in epoch milliseconds."""
    with runtime.reading() as conn:
        return now_of(conn)


def emit(document: Any) -> None:
    """Print one JSON document on stdout."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None) + "\n")


def say(line: str = "") -> None:
    """Print a line of data on stdout."""
    _print(out, line)


def tell(document: dict[str, object], as_json: bool, line: str) -> None:
    """Print what was done: the document with --json, else the line."""
    if as_json:
        emit(document)
    else:
        say(line)


def note(line: str) -> None:
    """Print a line for people on stderr."""
    _print(err, line)


def notes(lines: Iterable[str]) -> None:
    """Print on stderr, as a list, what people should know."""
    for line in lines:
        note(f"- {line}")


def show(rows: list[dict[str, Any]], columns: dict[str, str]) -> None:
    """Print rows as a table on stdout; `columns` maps each key to its heading."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    last = list(columns.values())[-1]
    for heading in columns.values():
        # An id on two lines cannot be copied; sentences stand last, and wrap.
        table.add_column(heading, overflow="fold", no_wrap=heading != last)
    for row in rows:
        table.add_row(*(_cell(row.get(key)) for key in columns))
    if not out.is_terminal:
        # The width of a single print is cut to the console's own, which is 80 where there is no terminal.
        out.width = _UNLIMITED
    out.print(table)


def harmless(line: str) -> str:
    """Return a line without what a terminal would obey: names and texts come from lists that others made."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", line)


def confirm(question: str, *, yes: bool) -> None:
    """Ask on a terminal; raises StateError where nobody can be asked, or the answer is no."""
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise StateError("Nobody confirmed: there is no terminal to ask on. Add --yes to go ahead.")
    err.print(f"{question} [y/N] ", end="")
    if _answer().strip().lower() not in {"y", "yes"}:
        raise StateError("Not confirmed. Nothing was changed.")


def _answer() -> str:
    try:
        return input()
    except EOFError:
        note("")
        return ""
    except KeyboardInterrupt:
        note("\nInterrupted. Nothing was changed.")
        raise


def environment() -> dict[str, str]:
    """Where secrets are looked up."""
    return dict(os.environ)


def _print(console: Console, line: str) -> None:
    shown = _wrapped(harmless(line), console.width) if console.is_terminal else harmless(line)
    console.print(shown, soft_wrap=True)


def _wrapped(line: str, width: int) -> str:
    """Break a line between words; what follows stands under its last column, which two spaces or more set off."""
    column = _LAST_COLUMN.match(line)
    indent = " " * min(len(column[0]) if column else 0, width // 2)
    return textwrap.fill(
        line,
        width,
        subsequent_indent=indent,
        replace_whitespace=False,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else harmless(str(value))
