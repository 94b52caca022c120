"""A command imports what it needs and no more: `--help` and `status` must answer at once."""

import os
import subprocess
import sys

import pytest
import typer

from campaigns.cli import app as line
from campaigns.cli.verbs import VERBS
from campaigns.settings import Settings
from tests import factories

HEAVY = {"alembic", "fastapi", "httpx", "jinja2", "polars", "redis", "starlette"}
FRAMEWORKS = {"pydantic", "rich", "sqlalchemy", "sqlmodel"}
TELL = "import atexit, sys; atexit.register(lambda: print(*sys.modules, sep='\\n', file=sys.stderr))"
RUN = "from campaigns.cli import main; main()"


def imported(*words):
    """Run a command in a process of its own; return the top-level packages that it imported."""
    command = [sys.executable, "-c", f"{TELL}; {RUN}", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
    return {name.partition(".")[0] for name in done.stderr.split()}


def test_help_imports_neither_the_database_nor_what_checks_shapes():
    assert imported("--help") & (HEAVY | FRAMEWORKS) == set()


def test_the_list_of_campaigns_imports_nothing_that_only_sending_needs(tmp_path):
    runtime = factories.opened(Settings().home)
    factories.submitted(runtime, tmp_path, factories.people(1))
    runtime.close()
    assert imported("status") & HEAVY == set()


@pytest.mark.parametrize("name", VERBS)
def test_each_command_is_where_the_table_says_and_does_what_it_says(name):
    module, sentence = VERBS[name]
    line._load(f"campaigns.cli.{module}")
    command = typer.main.get_group(line.app).commands[name]
    assert command.help.split("\n\n")[0] == sentence
    verb = getattr(command.callback, "__wrapped__", command.callback)
    assert verb is None or verb.__module__ == f"campaigns.cli.{module}"


def test_a_misspelt_command_is_told_the_right_one(pagecast):
    run = pagecast("statsu")
    assert run.code == 2
    assert "Did you mean 'status'?" in run.err


def test_a_failure_that_nobody_foresaw_is_not_hidden(monkeypatch):
    def fall(**_):
        raise ZeroDivisionError

    monkeypatch.setattr(line, "app", fall)
    with pytest.raises(ZeroDivisionError):
        line.main()
