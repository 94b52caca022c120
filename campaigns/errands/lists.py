"""Lists: fetched where they are named by URL, put together where they came in pieces, and read."""

from collections.abc import Mapping
from typing import Any

from campaigns import uploads
from campaigns.errands.bench import Bench, Made
from campaigns.errands.fetch import fetched
from campaigns.report.results import write_csv
from campaigns.uploads import Upload, partial
from schemas.api.lists import Checked


def read(bench: Bench, arguments: Mapping[str, Any]) -> Made:
    """Read a list of the uploads, of a partial one that is whole, or of a URL; return it as `Checked`.

    `ask` keeps one whose ids' column somebody has to name.
    """
    storage = bench.runtime.storage
    kept = uploads.read(
        storage,
        _file(bench, arguments),
        arguments["given"],
        zone=arguments["zone"],
        now_ms=bench.now(),
        ask=arguments.get("ask", False),
    )
    return Made(checked(kept).model_dump_json())


def rejects(bench: Bench, arguments: Mapping[str, Any]) -> Made:
    """Write the lines of a list that cannot be used."""
    unusable = uploads.rejects(bench.runtime.storage, arguments["list"])
    exact = bench.folder / "rejects.parquet"
    unusable.write_parquet(exact)
    write_csv(exact, bench.folder / "rejects.csv")
    exact.unlink()
    return Made(file="rejects.csv")


def checked(upload: Upload) -> Checked:
    """Return what a list was read as."""
    reading = upload.reading
    return Checked(
        id=upload.id,
        name=upload.name,
        size=upload.size,
        rows=reading.rows,
        usable=reading.usable,
        rejected=reading.rejected,
        duplicates=reading.duplicates,
        columns=reading.columns,
        mapping=reading.mapping,
        warnings=reading.warnings,
    )


def _file(bench: Bench, arguments: Mapping[str, Any]) -> str:
    """Return the id of the upload that is to be read, once its file lies there."""
    storage = bench.runtime.storage
    if url := arguments.get("url"):
        return fetched(bench, url, arguments.get("name") or "")
    if pieces := arguments.get("partial"):
        return partial.laid(storage, pieces, arguments["sha256"])
    return str(arguments["list"])
