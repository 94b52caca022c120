"""Whom a campaign may still send to, which a list of those who were not reached has to say."""

from collections.abc import Mapping

from campaigns.moments import people
from schemas.campaign_state import CampaignState
from schemas.delivery import OPEN
from schemas.reason import RESCUABLE

ONGOING = frozenset({CampaignState.SENDING, CampaignState.PAUSED})
"""Who was too late gets it when they write, while the campaign is in one of these."""


def outstanding(state: CampaignState, counts: Mapping[str, int], reasons: Mapping[str, int]) -> int:
    """Return how many people a campaign that is not finished may still send to, from its counts."""
    ahead = sum(counts.get(str(each), 0) for each in OPEN)
    late = sum(reasons.get(str(each), 0) for each in RESCUABLE) if state in ONGOING else 0
    return ahead + late


def warning(n: int) -> str:
    """Say what to do before those who were not reached get another campaign; '' where nobody can get it twice."""
    return f"The campaign may still send to {people(n)}: cancel it before you use this list." if n else ""
