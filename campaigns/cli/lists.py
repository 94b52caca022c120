"""`pagecast check`: what a list would become, with nothing stored."""

import re
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import polars as pl
import typer

from campaigns import audience
from campaigns.audience import Reading
from campaigns.cli import output
from campaigns.cli.app import app
from campaigns.cli.output import AsJson
from campaigns.errors import InputError, UsageError
from campaigns.report.results import write_csv
from schemas.recipient_list import LINE

_FIRST = 5
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@app.command()
def check(
    source: Annotated[Path, typer.Argument(metavar="LIST", help="A CSV, JSONL, XLSX or Parquet file.")],
    rejects: Annotated[
        Path | None, typer.Option("--rejects", metavar="FILE", help="Write the unusable lines to a .csv or .parquet.")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option("--column", metavar="NAME=HEADER", help="Where a header differs, as recipient_id=ig_id."),
    ] = None,
    zone: Annotated[
        str | None, typer.Option("--zone", metavar="ZONE", help="The zone of times that name none.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with 3 where a single line is rejected or a duplicate.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Validate a list and say what every line would become; nothing is stored."""
    given = _given(column or [])
    if rejects is not None:
        _refuse_target(rejects, source)
    with TemporaryDirectory(prefix="pagecast-") as folder:
        stored = Path(folder) / "list.parquet"
        reading = audience.read(source, stored, given, zone=zone, now_ms=int(time.time() * 1000))
        unusable = audience.rejects(stored)
        if rejects is not None:
            _write(unusable, rejects, Path(folder))
        if not as_json:
            _show(reading, stored, unusable)
        if as_json:
            output.emit(_document(reading))
        if strict:
            audience.refuse_unclean(stored, reading.rejected + reading.duplicates)


def _given(pairs: list[str]) -> dict[str, str]:
    """Return canonical name → header; the header may hold `=` itself."""
    given: dict[str, str] = {}
    for pair in pairs:
        name, equals, header = (part.strip() for part in pair.partition("="))
        if not (name and equals and header):
            raise UsageError(f'--column "{pair}" is not NAME=HEADER. Write it like --column recipient_id=ig_id.')
        if name in given:
            raise UsageError(f"--column names {name} twice. Give each column once.")
        given[name] = header
    return given


def _refuse_target(target: Path, source: Path) -> None:
    if target.suffix.lower() not in {".csv", ".parquet"}:
        raise UsageError(f"--rejects {target} is neither .csv nor .parquet. Give it one of these endings.")
    if target.exists() and source.exists() and target.samefile(source):
        raise UsageError(f"--rejects {target} is the list itself. Name another file.")


def _write(unusable: pl.DataFrame, target: Path, scratch: Path) -> None:
    """Write the unusable lines whole or not at all; the CSV holds no cell that a spreadsheet would run."""
    exact = scratch / "rejects.parquet"
    unusable.write_parquet(exact)
    draft = target.with_name(f".{target.name}.draft")
    try:
        if target.suffix.lower() == ".csv":
            write_csv(exact, draft)
        else:
            draft.write_bytes(exact.read_bytes())
        draft.replace(target)
    except OSError as error:
        raise InputError(
            f"Cannot write {target}: {error.strerror or error}. Name a file in a folder that exists."
        ) from error
    finally:
        draft.unlink(missing_ok=True)
    output.note(f"Wrote {unusable.height:,} lines to {target}.")


def _document(reading: Reading) -> dict[str, object]:
    return {
        "rows": reading.rows,
        "usable": reading.usable,
        "rejected": reading.rejected,
        "duplicates": reading.duplicates,
        "columns": reading.mapping,
        "warnings": reading.warnings,
    }


def _show(reading: Reading, stored: Path, unusable: pl.DataFrame) -> None:
    output.say(
        f"{reading.rows:,} rows = {reading.usable:,} usable + {reading.rejected:,} rejected "
        f"+ {reading.duplicates:,} duplicates"
    )
    output.say()
    for name, header in reading.mapping.items():
        output.say(f'{name} is in "{_plain(header)}"')
    variables = [header for header in reading.columns if header not in reading.mapping.values()]
    if variables:
        output.say(f"Variables: {_plain(', '.join(variables))}")
    _show_blanks(reading, stored)
    _show_first(reading, stored)
    if reading.warnings:
        output.say()
    for warning in reading.warnings:
        output.say(f"Warning: {_plain(warning)}")
    _show_unusable(unusable)


def _show_blanks(reading: Reading, stored: Path) -> None:
    blanks = audience.blanks(stored, reading.columns)
    if blanks:
        output.say("Blank cells: " + ", ".join(f"{_plain(name)} {count:,}" for name, count in blanks.items()))


def _show_first(reading: Reading, stored: Path) -> None:
    rows = pl.scan_parquet(stored, glob=False).select(LINE, *reading.columns).head(_FIRST).collect()
    output.say()
    for line, *cells in rows.rows():
        pairs = zip(reading.columns, cells, strict=True)
        output.say(f"line {line}: " + ", ".join(f"{_plain(name)} = {_plain(cell or '')}" for name, cell in pairs))


def _show_unusable(unusable: pl.DataFrame) -> None:
    if unusable.height:
        output.say()
    first = [pl.col(name).first() for name in ("line", "column", "value")]
    # A rule may have more than one sentence: of ids in decimal notation no digit is lost.
    for rule, sentence, n, line, column, value in (
        unusable.group_by("rule", "sentence", maintain_order=True).agg(pl.len(), *first).rows()
    ):
        where = f'column "{column}", "{value or ""}"' if column else f'"{value or ""}"'
        output.say(_plain(f"{n:,} {rule}: {sentence} First in line {line}, {where}."))


def _plain(text: str) -> str:
    """Return a list's text without what could steer a terminal."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
