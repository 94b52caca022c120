"""Rows that people take with them as a CSV file, which no spreadsheet runs."""

import io
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from nicegui import ui

from campaigns.errors import StateError
from campaigns.lifecycle import roster
from campaigns.web.dashboard import ask
from campaigns.web.dashboard.session import Session
from schemas.right import Right

MOST = 200_000
"""Rows of a file that a browser is given; it is made in memory."""

Rows = Callable[[Any], Iterable[dict[str, Any]]]
"""Given a connection, the rows."""


async def download(session: Session, name: str, columns: Sequence[str], rows: Rows, command: str) -> None:
    """Give the browser a file of rows; where there are too many, say the `command` that writes them all."""

    def write() -> bytes:
        with session.runtime.reading() as conn:
            return written(rows(conn), columns, command)

    client = ui.context.client
    content = await ask.done_by(write, right=Right.READ)
    if content is not None:
        with client:
            ui.download.content(content, f"{name}.csv", "text/csv")


def written(rows: Iterable[dict[str, Any]], columns: Sequence[str], command: str, most: int = MOST) -> bytes:
    """Return rows as CSV; raises StateError for more than `most`."""
    file = io.StringIO()
    n = roster.write_csv(file, ({name: str(row[name]) for name in columns} for row in islice(rows, most + 1)), columns)
    if n > most:
        raise StateError(f"These are more than {most:,} rows, too many for a browser. Write them with `{command}`.")
    return file.getvalue().encode()
