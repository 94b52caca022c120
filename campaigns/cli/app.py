"""The `pagecast` command: what each verb is called and where it lives.

Every verb's module is imported when the verb is used, so that `--help` and `status` start at once.
"""

import sys

import typer

from campaigns.cli.up import early
from campaigns.errors import PagecastError, UsageError
from campaigns.home import home

app = typer.Typer(
    name="pagecast",
    help="Campaigns over Instagram and Messenger DMs: screened, paced, crash-proof, and proven row by row.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def main() -> None:
    """Run a command; an expected error is one sentence on stderr and its exit code."""
    # Before the heavy imports: both go on at the same time.
    up = early(home(), wanted="run" in sys.argv[1:2] and "--dry-run" not in sys.argv)

    from pydantic import ValidationError  # noqa: PLC0415
    from sqlalchemy.exc import DatabaseError  # noqa: PLC0415

    from campaigns.cli import (  # noqa: F401, PLC0415 - they register
        campaigns,
        copies,
        corrections,
        lists,
        page_check,
        pages,
        people,
        running,
        safekeeping,
        suppressions,
        system,
    )

    try:
        app(obj=up)
    except PagecastError as error:
        sys.stderr.write(f"pagecast: {error}\n")
        sys.exit(error.exit_code)
    except ValidationError as error:
        # Only the settings are read without a frame of their own.
        said = "; ".join(f"PAGECAST_{str(each['loc'][0]).upper()}: {each['msg']}" for each in error.errors())
        sys.stderr.write(f"pagecast: A setting in the environment cannot be used: {said}.\n")
        sys.exit(UsageError.exit_code)
    except DatabaseError as error:
        sys.stderr.write(f"pagecast: The database cannot be used: {error.orig}. `pagecast doctor` says more.\n")
        sys.exit(PagecastError.exit_code)
