"""What a process that was killed while it read a list has left beside the stored ones."""

import re
import shutil
from pathlib import Path

READING = ".reading-"
"""How the folder begins in which a list is read."""

_LEFTOVER = re.compile(rf"{re.escape(READING)}.+|\.[0-9a-f]{{32}}\.parquet")
_DAY_MS = 24 * 3600 * 1000


def sweep(folder: Path, now_ms: int) -> None:
    """Remove unfinished lists older than a day from `folder`; no reading takes that long.

    Another process may be sweeping too, so what is already gone is no error.
    """
    for leftover in folder.iterdir():
        if _LEFTOVER.fullmatch(leftover.name) and _age_ms(leftover, now_ms) > _DAY_MS:
            if leftover.is_dir():
                shutil.rmtree(leftover, ignore_errors=True)
            else:
                leftover.unlink(missing_ok=True)


def _age_ms(path: Path, now_ms: int) -> float:
    try:
        return now_ms - path.stat().st_mtime * 1000
    except FileNotFoundError:
        return 0
