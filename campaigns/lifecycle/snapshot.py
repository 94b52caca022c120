"""An audience that is no file: everyone whose window is open, written down once as a list like any other."""

import json
from collections.abc import Sequence

import polars as pl
from sqlalchemy import Connection, text

from campaigns import contacts
from campaigns.audience import Reading
from campaigns.campaign_file import milliseconds
from campaigns.errors import InputError
from campaigns.lifecycle.stops import Stop
from campaigns.moments import dated, lasting
from schemas.campaign import Campaign
from schemas.campaign_file import CampaignFile

_STORED = text("SELECT * FROM recipient_list WHERE id = :id")
_ISO = "%Y-%m-%dT%H:%M:%S%.3fZ"


def pages(file: CampaignFile) -> list[str | None]:
    """Return the pages whose contacts are meant; raises InputError where the file names none."""
    if file.page is None and not file.pages:
        raise InputError(
            f'No page is named for list = "{file.list}". Write page = "NAME" into the campaign file, or a [pages.NAME].'
        )
    return [file.page] if file.page else [*file.pages]


def draw(conn: Connection, file: CampaignFile, stops: Sequence[Stop], now: int) -> pl.DataFrame:
    """Return the people whose window is open as the rows of a list, the first to close first; `now` in epoch ms.

    Raises InputError where that is nobody.
    """
    least = milliseconds(*_least(file))
    # A second name for an account would send to its people twice.
    accounts = {(stop.entry.channel, stop.entry.account_id): stop.name for stop in reversed(stops)}
    parts = [
        contacts.opened(conn, *account, closes_after=now + least).with_columns(pl.lit(name).alias("page"))
        for account, name in reversed(accounts.items())
    ]
    people = pl.concat(parts)
    if people.is_empty():
        raise InputError(_nobody(sorted(accounts.values()), least))
    return people.select(
        "recipient_id",
        "page",
        _written("opened_at").alias("last_inbound_at"),
        _written("closes_at").alias("window_closes_at"),
    )


def kept(conn: Connection, run: Campaign) -> tuple[Reading, str]:
    """Return the list that a run was given, as if it were read now, and its path."""
    found = conn.execute(_STORED, {"id": run.list_id}).mappings().one()
    columns = json.loads(found["columns"])
    taken = f"The contacts are those of {dated(found['created_at'])}."
    reading = Reading(
        rows=found["rows"],
        usable=found["usable"],
        rejected=found["rejected"],
        duplicates=found["rows"] - found["usable"] - found["rejected"],
        columns=columns,
        mapping={name: name for name in columns},
        warnings=[taken, *json.loads(found["warnings"])],
        digest=found["id"],
    )
    return reading, str(found["path"])


def _least(file: CampaignFile) -> tuple[str | float, str]:
    if file.audience.min_left is None:
        return file.limits.margin, "limits.margin"
    return file.audience.min_left, "audience.min_left"


def _written(column: str) -> pl.Expr:
    return pl.from_epoch(column, time_unit="ms").dt.to_string(_ISO)


def _nobody(names: Sequence[str], least: int) -> str:
    which = f"page {names[0]}" if len(names) == 1 else f"the pages {', '.join(names)}"
    enough = f" for {lasting(least)} more" if least else ""
    return (
        f"No window of {which} is open{enough}, as far as webhooks have told. A window opens when a person writes; "
        "`pagecast contacts list` shows who wrote, `pagecast events` what came in."
    )
