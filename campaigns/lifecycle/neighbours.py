"""Other campaigns beside one: whom they have reached, and whom they still have in hand."""

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl
from sqlalchemy import Connection, Row, TextClause, text

from campaigns.errors import InputError
from campaigns.plan.division import Division
from schemas.campaign import Campaign
from schemas.delivery import DeliveryState

NOT_STORED = 2**63 - 1
"""Stands for the id of a campaign that has none yet: it is newer than all others."""

_BATCH = 50_000
_COLUMNS = ["recipient_id", "sender_id"]
_SCHEMA = {"recipient_id": pl.String, "sender_id": pl.Int64}

# A name stands for every run of its campaign file, and for every campaign of a series.
_NAMED = text("""
    SELECT id, first_id, last_id FROM campaign
    WHERE id <> :own AND (ref = :word OR name = :word OR title = :word OR id IN (
        SELECT occurrence.campaign_id FROM occurrence JOIN campaign AS series ON series.id = occurrence.series_id
        WHERE series.ref = :word OR series.name = :word OR series.title = :word))
    ORDER BY id
""")
_PREFIXED = text("""
    SELECT id, first_id, last_id FROM campaign WHERE id <> :own AND substr(ref, 1, length(:word)) = :word ORDER BY id
""")
_LAST = text("""
    SELECT id, first_id, last_id FROM campaign WHERE id < :own AND launched_at IS NOT NULL ORDER BY id DESC LIMIT 1
""")
_REACHED = text("""
    SELECT recipient_id, sender_id FROM delivery WHERE id BETWEEN :low AND :high AND campaign_id = :id
    AND state IN ('accepted', 'delivered', 'read', 'assumed_sent', 'unknown', 'pending', 'sending')
""")
_BESIDE = text("""
    SELECT id, name, state, first_id, last_id FROM campaign
    WHERE id <> :own AND state IN ('scheduled', 'sending', 'paused') AND first_id IS NOT NULL AND EXISTS (
        SELECT 1 FROM lane JOIN page ON page.id = lane.page_id
        WHERE lane.campaign_id = campaign.id AND page.sender_id IN (
            SELECT own.sender_id FROM lane AS mine JOIN page AS own ON own.id = mine.page_id
            WHERE mine.campaign_id = :own))
    AND EXISTS (SELECT 1 FROM tally WHERE tally.campaign_id = campaign.id AND tally.n > 0
        AND tally.state IN ('pending', 'sending'))
    ORDER BY id
""")
_OPEN = text("""
    SELECT recipient_id, sender_id FROM delivery WHERE id BETWEEN :low AND :high AND campaign_id = :id
    AND state IN ('pending', 'sending')
""")

_Found = Row[tuple[int, int | None, int | None]]


def reached(conn: Connection, words: Sequence[str], own: int, title: str) -> pl.LazyFrame | None:
    """Return whom the campaigns of these names have reached or have in hand: recipient_id, sender_id; None without any.

    `own` is the id of the campaign that asks, `title` its name in the campaign file. Raises InputError.
    """
    found = {row.id: row for word in words for row in named(conn, word, own, title)}
    parts = [_people(conn, _REACHED, row) for row in found.values() if row.first_id is not None]
    return pl.concat(parts).lazy() if parts else None


def named(conn: Connection, word: str, own: int, title: str) -> Sequence[_Found]:
    """Return the campaigns that a word of `audience.exclude` means; raises InputError where there are none.

    A campaign's own title means its earlier runs, of which there may be none; `last` is the last one launched before.
    """
    facts = {"own": own, "word": word}
    if word == "last":
        found = conn.execute(_LAST, facts).all()
    else:
        found = conn.execute(_NAMED, facts).all() or _by_prefix(conn, facts)
    if not found and word != title:
        raise InputError(
            f'audience.exclude names "{word}", and there is no such campaign. `pagecast status` lists those there are.'
        )
    return found


def overlaps(conn: Connection, campaign: Campaign, division: Division) -> list[str]:
    """Return a sentence for each campaign that still has people in hand whom this plan would send to as well."""
    beside = conn.execute(_BESIDE, {"own": campaign.id}).all()
    if not beside:
        return []
    eligible = division.rows.lazy().filter(pl.col("state") == str(DeliveryState.PENDING)).select(_COLUMNS)
    said = []
    for row in beside:
        both = eligible.join(_people(conn, _OPEN, row).lazy(), on=_COLUMNS, how="semi").select(pl.len())
        if n := int(both.collect().item()):
            who = "1 of these people is" if n == 1 else f"{n:,} of these people are"
            said.append(f"{who} also in {row.name}, which is {row.state}.")
    return said


def _by_prefix(conn: Connection, facts: dict[str, object]) -> Sequence[_Found]:
    found = conn.execute(_PREFIXED, facts).all()
    return found if len(found) == 1 else []


def _people(conn: Connection, query: TextClause, row: Row[Any]) -> pl.DataFrame:
    """Return recipient_id and sender_id of a campaign's rows, read a batch at a time."""
    batches = list(_batches(conn, query, row))
    return pl.concat(batches) if batches else pl.DataFrame(schema=_SCHEMA)


def _batches(conn: Connection, query: TextClause, row: Row[Any]) -> Iterator[pl.DataFrame]:
    facts = {"low": row.first_id, "high": row.last_id, "id": row.id}
    found = conn.execute(query, facts, execution_options={"yield_per": _BATCH})
    for part in found.partitions(_BATCH):
        yield pl.DataFrame([list(column) for column in zip(*part, strict=True)], schema=_SCHEMA)
