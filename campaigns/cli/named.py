"""Which campaign a command is about."""

from typing import Annotated

import typer

from campaigns.lifecycle import find
from campaigns.runtime import Runtime
from schemas.campaign import Campaign

Word = Annotated[str, typer.Argument(metavar="ID", help="An id, unique prefix, unique name, or `last`.")]


def found(runtime: Runtime, word: str) -> Campaign:
    """Return the campaign that `word` means."""
    with runtime.reading() as conn:
        return find.campaign(conn, word)


def drafted(ref: str, name: str) -> str:
    """Return the line that a new draft is told by, with what comes next."""
    return f"{ref}  {name}  draft. Next: pagecast plan {ref}"
