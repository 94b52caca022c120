"""What an interrupted load leaves behind, removed before another begins. Workers use it without polars."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlalchemy import Connection, text

Writing = Callable[[], AbstractContextManager[Connection]]

SLICE = 5_000
"""Rows of one transaction while a campaign sends: some 50 ms."""
BOUND = text("UPDATE campaign SET first_id = :first, last_id = :last, total = :total WHERE id = :campaign_id")
"""Says which rows of the ledger are a campaign's."""

_BOUNDS = text("SELECT first_id, last_id FROM campaign WHERE id = :id")
_SWEEP = text("DELETE FROM delivery WHERE id BETWEEN :low AND :high AND campaign_id = :campaign_id")


def sweep(writing: Writing, campaign_id: int) -> None:
    """Remove a campaign's rows, chunks and tallies."""
    with writing() as conn:
        bounds = conn.execute(_BOUNDS, {"id": campaign_id}).one_or_none()
    if bounds is None or bounds.first_id is None:
        return
    for low in range(bounds.first_id, bounds.last_id + 1, SLICE):
        with writing() as conn:
            conn.execute(_SWEEP, {"low": low, "high": low + SLICE - 1, "campaign_id": campaign_id})
    with writing() as conn:
        for table in ("chunk", "tally"):
            conn.execute(text(f"DELETE FROM {table} WHERE campaign_id = :id"), {"id": campaign_id})  # noqa: S608
        conn.execute(BOUND, {"first": None, "last": None, "total": 0, "campaign_id": campaign_id})
