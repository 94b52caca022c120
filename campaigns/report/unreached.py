"""Everyone who was not reached, in the columns of the upload: the list of the next campaign.

Cells are as the list had them: what a spreadsheet might run as a formula is not marked, because it is to be read back.
"""

import secrets
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from sqlalchemy import Connection, text

from campaigns.audience.erasure import GONE
from campaigns.errors import InputError, StateError, UsageError
from campaigns.report.outstanding import ONGOING
from campaigns.report.results import listed_path, unplanned_path
from campaigns.report.standing import campaign
from campaigns.suppression import MARK
from schemas import recipient_list as stored
from schemas.campaign import CampaignState
from schemas.delivery import OPEN, REJECTED, DeliveryState
from schemas.reason import RESCUABLE

_NOT_REACHED = (
    DeliveryState.PENDING,
    DeliveryState.SKIPPED,
    DeliveryState.FAILED,
    DeliveryState.CANCELLED,
)
_ROWS = text("""
    SELECT line, recipient_id, state, reason FROM delivery
    WHERE id BETWEEN :low AND :high AND campaign_id = :campaign_id
""")


@dataclass(frozen=True, slots=True)
class Remainder:
    """How many rows a remainder has.

    `rejected` of them need a correction first, `open` the campaign may still send to. `unknown` people are left out:
    they may have got it.
    """

    rows: int
    rejected: int
    open: int
    unknown: int


def remainder(conn: Connection, storage: Path, campaign_id: int, out: Path | None) -> Remainder:
    """Write the rows of everyone who was not reached to `out` (.csv or .parquet), in the order of the list.

    Erased people are not among them. Without `out` it only counts. Raises StateError before the launch, UsageError for
    another kind of file, InputError where it cannot be written.
    """
    found = campaign(conn, campaign_id)
    if found.launched_at is None:
        raise StateError(f"{found.name} is {found.state} and was never launched: its remainder is its list.")
    bounds = {"low": found.first_id or 0, "high": found.last_id or 0, "campaign_id": campaign_id}
    schema = {"line": pl.Int64, "person": pl.String, "state": pl.String, "reason": pl.String}
    rows = pl.DataFrame([tuple(row) for row in conn.execute(_ROWS, bounds)], schema=schema, orient="row")
    left = pl.col("state").is_in([str(state) for state in _NOT_REACHED]) & ~pl.col("person").str.starts_with(MARK)
    reached = rows.filter(~left).select("person").unique().lazy()
    broken = _rejected(unplanned_path(storage, found)).lazy()
    listed = pl.scan_parquet(listed_path(conn, storage, found))
    # Somebody whose other line was sent must not come back by the line that is broken.
    unusable = (
        listed.filter(~pl.col(stored.VALUE).eq_missing(GONE))
        .join(broken, left_on=stored.LINE, right_on="line", how="semi")
        .join(reached, left_on=stored.RECIPIENT, right_on="person", how="anti")
    )
    lines = pl.concat([rows.filter(left).lazy().select("line"), unusable.select(pl.col(stored.LINE).alias("line"))])
    wanted = listed.join(lines, left_on=stored.LINE, right_on="line", how="semi", maintain_order="left")
    if out:
        _write(wanted.select(pl.exclude(stored.OWN)), out)
    states = dict(rows["state"].value_counts().iter_rows())
    return Remainder(
        rows=int(lines.select(pl.len()).collect().item()),
        rejected=int(unusable.select(pl.len()).collect().item()),
        open=rows.filter(_open(found.state)).height if found.finished_at is None else 0,
        unknown=states.get(str(DeliveryState.UNKNOWN), 0),
    )


def _open(campaign: CampaignState) -> pl.Expr:
    """Whether a row may yet be sent to: who was too late gets it when they write, while the campaign goes on."""
    ahead = pl.col("state").is_in([str(state) for state in OPEN])
    if campaign not in ONGOING:
        return ahead
    return ahead | pl.col("reason").is_in([str(reason) for reason in RESCUABLE])


def _rejected(path: Path) -> pl.DataFrame:
    if not path.exists():
        return pl.DataFrame(schema={"line": pl.Int64})
    return pl.read_parquet(path).filter(pl.col("state") == REJECTED).select(pl.col("line").cast(pl.Int64))


def _write(rows: pl.LazyFrame, out: Path) -> None:
    if out.suffix not in {".csv", ".parquet"}:
        raise UsageError(f"{out.name} is neither .csv nor .parquet. Name the file by what it shall be.")
    part = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    try:
        rows.sink_csv(part) if out.suffix == ".csv" else rows.sink_parquet(part)
        part.replace(out)
    except OSError as error:
        raise InputError(f"Cannot write {out}: {error.strerror or error}. Choose another place.") from error
    finally:
        part.unlink(missing_ok=True)
