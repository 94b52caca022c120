"""Where Pagecast keeps its state, known before anything else is."""

import os
from pathlib import Path

DATABASE = "pagecast.sqlite3"


def home() -> Path:
    """Return PAGECAST_HOME, or the per-user data folder."""
    if named := os.environ.get("PAGECAST_HOME"):
        return Path(named)
    from platformdirs import user_data_path  # noqa: PLC0415 - only where it is needed

    return user_data_path("pagecast", appauthor=False)
