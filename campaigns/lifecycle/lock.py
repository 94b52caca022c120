"""One process at a time launches a draft, replaces it or cancels it."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from campaigns import locks
from campaigns.ledger import leftovers
from campaigns.runtime import Runtime
from schemas.campaign import Campaign, CampaignState

_STATE = text("SELECT state FROM campaign WHERE id = :id")


@contextmanager
def alone(runtime: Runtime, campaign: Campaign) -> Iterator[Path]:
    """Hold a campaign's lock and yield its folder; the lock ends with the process, however that ends."""
    folder = runtime.storage / "campaigns" / campaign.ref
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "launch.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with locks.held(runtime.engine, f"campaign {campaign.ref}"):
            yield folder


@contextmanager
def swept(runtime: Runtime, campaign: Campaign) -> Iterator[None]:
    """Hold a campaign's lock; where it is a draft, without the rows that an interrupted launch left behind.

    They would be found by the next campaign with its id. A folder goes when its campaign does.
    """
    assert campaign.id is not None
    with alone(runtime, campaign) as folder:
        if _state(runtime, campaign) == CampaignState.DRAFT:
            leftovers.sweep(runtime.writing, campaign.id)
        yield
        if _state(runtime, campaign) is None:
            shutil.rmtree(folder)


def _state(runtime: Runtime, campaign: Campaign) -> str | None:
    with runtime.reading() as conn:
        state = conn.execute(_STATE, {"id": campaign.id}).scalar_one_or_none()
    return None if state is None else str(state)
