"""Files on this side of the wire: sent and written in parts, so that their size does not matter."""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from anyio.to_thread import run_sync

from campaigns.errors import InputError

PART = 1024 * 1024


def parts(path: Path, start: int) -> Iterator[bytes]:
    """Yield a file from a byte on, in parts of a megabyte."""
    with path.open("rb") as file:
        file.seek(start)
        while part := file.read(PART):
            yield part


async def parts_in_turn(path: Path, start: int) -> AsyncIterator[bytes]:
    """Yield a file from a byte on, in parts of a megabyte; others go on while one is read."""
    with await run_sync(path.open, "rb") as file:
        file.seek(start)
        while part := await run_sync(file.read, PART):
            yield part


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """Open what becomes the file `path` once all is written: it is there whole or not at all, for its owner alone.

    Raises InputError where it cannot be written.
    """
    try:
        number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise _unwritable(path, error) from error
    beside = Path(name)
    try:
        with open(number, "wb") as file:  # noqa: PTH123 - it is open already, and has no path to open
            yield file
            file.flush()
            os.fsync(number)
        beside.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        beside.unlink(missing_ok=True)


def _unwritable(path: Path, error: OSError) -> InputError:
    return InputError(f"Cannot write {path}: {error.strerror}. Check the folder and its space.")
