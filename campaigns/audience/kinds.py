"""The kinds of file that a list may come in, told by the first bytes and never by the name.

A new kind is a branch in `open_source` and a module that returns a Source.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from campaigns.audience.delimited import open_delimited
from campaigns.audience.encoding import as_utf8
from campaigns.audience.jsonl import open_jsonl
from campaigns.audience.parquet import open_parquet
from campaigns.audience.source import Source
from campaigns.audience.workbook import open_workbook
from campaigns.errors import InputError

_START = 256
_FOREIGN = {
    b"\xd0\xcf\x11\xe0": "is an old or protected Excel file. Save it as .xlsx without a password, or as CSV (UTF-8).",
    b"\x1f\x8b": "is compressed. Unpack it first.",
    b"%PDF": "is a PDF. Give a CSV, JSONL, XLSX or Parquet file.",
}


def headers(source: Path) -> list[str]:
    """Return the file's column names, trimmed; one without a name becomes `column_N`.

    Raises InputError for a file that is missing, empty or no list, and for two columns of one name.
    """
    with TemporaryDirectory(prefix="pagecast-") as folder:
        return open_source(source, Path(folder)).headers


def open_source(path: Path, folder: Path) -> Source:
    """Tell what `path` is and read its headers; `folder` takes what has to be written for that.

    Raises InputError for a file that is missing, empty or no list, and for two columns of one name.
    """
    start = _start(path)
    for magic, wrong in _FOREIGN.items():
        if start.startswith(magic):
            raise InputError(f"{path.name} {wrong}")
    if start.startswith(b"PAR1"):
        return open_parquet(path)
    if start.startswith(b"PK\x03\x04"):
        return open_workbook(path, folder)
    text = as_utf8(path, folder)
    first = _start(text.path).decode("utf-8-sig", "replace").lstrip()
    if first.startswith("[") and first[1:].lstrip().startswith("{"):
        raise InputError(f"{path.name} is one JSON array. Write one object a line instead (JSONL).")
    return open_jsonl(path, text, folder) if first.startswith("{") else open_delimited(path, text)


def _start(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_START)
    except OSError as error:
        raise InputError(f"The list {path} cannot be opened: {error.strerror}.") from error
