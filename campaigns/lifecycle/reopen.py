"""People come back to pending, slice by slice, and an ended campaign goes on when the last one is back.

Until then it is paused: nobody is sent to meanwhile, and a retry that is killed leaves a campaign that says so.
"""

import time
from collections.abc import Iterator, Mapping, Sequence

import polars as pl
from sqlalchemy import Connection, text

from campaigns import events, locks
from campaigns.errors import StateError
from campaigns.ledger import chunks, revival
from campaigns.ledger.revival import Return
from campaigns.plan.division import chunk_size
from campaigns.runtime import Runtime, now_of
from schemas.campaign import Campaign, CampaignState
from schemas.campaign_state import OVER
from schemas.delivery import DeliveryState
from schemas.message import Message

_SLICE = 5_000
_PAUSE = 0.001
_BROKE_OFF = "Bringing people back broke off: say it again, or resume with those who are back."
_OPEN = (*OVER, CampaignState.SENDING, CampaignState.PAUSED)

_NOW = text("SELECT state, not_after, revision FROM campaign WHERE id = :id")
_HOLD = text("UPDATE campaign SET state = 'paused', sentence = :sentence, finished_at = NULL WHERE id = :id")
_GO_ON = text("""
    UPDATE campaign SET state = 'sending', sentence = '' WHERE id = :id AND state = 'paused' AND sentence = :sentence
""")


def refuse_closed(runtime: Runtime, campaign: Campaign, verb: str) -> None:
    """Raise StateError where nobody of a campaign can be sent to any more, or not yet."""
    with runtime.reading() as conn:
        _refuse(conn, campaign, verb)


def bring_back(
    runtime: Runtime,
    campaign: Campaign,
    state: DeliveryState,
    people: pl.DataFrame,
    rates: Mapping[int, float],
    *,
    verb: str,
    sentence: str,
    actor: str,
) -> tuple[CampaignState, int]:
    """Return `people` (as `rescreen` gives them) from `state` to pending.

    `rates` are the pages' messages per second. Returns the campaign's state then, and how many came back. Raises
    StateError.
    """
    slices = _slices(campaign, people, rates)
    with runtime.writing() as conn:
        # Until the people are back, the clock must not find nobody open and call it the end.
        locks.campaign(conn, campaign.id or 0)
        before = _refuse(conn, campaign, verb)
        done = revival.revive(conn, campaign.id or 0, state, next(slices, []))
        if not done:
            return before, 0
        after = CampaignState.SENDING if before in OVER else before
        said = f"{sentence} The campaign was {before} and is {after}."
        events.record(conn, now_of(conn), f"campaign.{verb}", actor, said, campaign_id=campaign.id)
        if before in OVER:
            conn.execute(_HOLD, {"sentence": _BROKE_OFF, "id": campaign.id})
    for part in slices:
        time.sleep(_PAUSE)
        with runtime.writing() as conn:
            locks.campaign(conn, campaign.id or 0)
            _refuse(conn, campaign, verb)
            done += revival.revive(conn, campaign.id or 0, state, part)
    with runtime.writing() as conn:
        if before in OVER and conn.execute(_GO_ON, {"sentence": _BROKE_OFF, "id": campaign.id}).rowcount:
            chunks.restart(conn, campaign.id or 0)
    return after, done


def _refuse(conn: Connection, campaign: Campaign, verb: str) -> CampaignState:
    row = conn.execute(_NOW, {"id": campaign.id}).one()
    state = CampaignState(row.state)
    if state not in _OPEN:
        way = "Launch it first." if state is not CampaignState.SCHEDULED else "Wait for its start."
        raise StateError(f"{campaign.name} is {state}; there is nothing to {verb} yet. {way}")
    if row.revision != campaign.revision:
        # The rows would come back with the variables of the old text.
        raise StateError(f"The message of {campaign.name} was corrected meanwhile. Look at it and say it again.")
    if row.not_after is not None and row.not_after <= now_of(conn):
        raise StateError(
            f"The not_after of {campaign.name} has passed, so nobody can be sent to any more. "
            f"`pagecast remainder {campaign.ref} --out FILE` makes them the list of another campaign."
        )
    return state


def _slices(campaign: Campaign, people: pl.DataFrame, rates: Mapping[int, float]) -> Iterator[Sequence[Return]]:
    """Yield the rows that have a chunk, then those that need one, a chunk's worth of one page at a time."""
    placed = people.filter(pl.col("chunk_id").is_not_null())
    for offset in range(0, placed.height, _SLICE):
        yield _returns(placed.slice(offset, _SLICE))
    parts = len(Message.model_validate_json(campaign.message).parts)
    loose = people.filter(pl.col("chunk_id").is_null()).sort("page_id", "closes_at", nulls_last=True)
    for (page_id,), rows in loose.group_by("page_id", maintain_order=True):
        size = chunk_size(rates[int(str(page_id))] / parts)
        for offset in range(0, rows.height, size):
            yield _returns(rows.slice(offset, size))


def _returns(rows: pl.DataFrame) -> Sequence[Return]:
    return [Return(*row) for row in rows.select("id", "variables", "closes_at").iter_rows()]
