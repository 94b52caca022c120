"""The `pagecast` command: it finds a verb's module, and says what went wrong in one sentence."""

import gc
import os
import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from campaigns.cli.up import early
from campaigns.cli.verbs import VERBS
from campaigns.errors import PagecastError, UsageError
from campaigns.home import home

HERE_ONLY = frozenset({"backup", "demo", "migrate", "restore", "simulate", "up"})
"""Verbs that are about this machine, whatever server PAGECAST_URL names."""


class Verbs(TyperGroup):
    """Knows every command by name and sentence; its module is imported when it is invoked, and brings the rest."""

    def __init__(self, *, commands: dict[str, Any], **attributes: Any) -> None:
        announced = {name: TyperCommand(name, help=sentence) for name, (_, sentence) in VERBS.items()}
        super().__init__(commands=announced | commands, **attributes)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the command that is invoked, in full."""
        name, command, rest = super().resolve_command(ctx, args)
        if name in HERE_ONLY and not {*ctx.help_option_names} & {*rest}:
            refuse_elsewhere(name)
        if name in VERBS:
            _load(f"campaigns.cli.{VERBS[name][0]}")
            command = typer.main.get_group(app).commands[name]
        return name, command, rest


def elsewhere() -> str:
    """Return the server that commands work on, '' where that is this machine; `campaigns.cli.reach` opens it."""
    return os.environ.get("PAGECAST_URL", "").strip()


def refuse_elsewhere(verb: str) -> None:
    """Raise UsageError for a verb about this machine while commands work on a server."""
    if elsewhere():
        raise UsageError(f"`pagecast {verb}` works on this machine only; unset PAGECAST_URL.")


def _load(module: str) -> None:
    """Import a command's module, and what it needs."""
    if module in sys.modules:
        return
    # Nothing that an import makes is garbage: looking through it, now and at the end, takes a quarter of a start.
    gc.disable()
    try:
        import_module(module)
    finally:
        gc.enable()
        gc.freeze()


app = typer.Typer(
    name="pagecast",
    cls=Verbs,
    help="Campaigns over Instagram and Messenger DMs: screened, paced, crash-proof, and proven row by row.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def pagecast() -> None:
    """Stand for all verbs: none of them may be known when the command is built."""


def main() -> None:
    """Run a command; an expected error is one sentence on stderr and its exit code."""
    # Before the heavy imports: both go on at the same time.
    wanted = "run" in sys.argv[1:2] and "--dry-run" not in sys.argv and not elsewhere()
    up = early(home(), wanted=wanted)
    try:
        app(obj=up)
    except PagecastError as error:
        _end(error)
    except Exception as error:
        known = import_module("campaigns.cli.faults").known(error)
        if known is None:
            raise
        _end(known)


def _end(error: PagecastError) -> None:
    sys.stderr.write(f"pagecast: {error}\n")
    sys.exit(error.exit_code)
