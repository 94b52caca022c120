"""Where a campaign stands: apart from the table, so that who reads an answer needs no database."""

from enum import StrEnum


class CampaignState(StrEnum):
    """Where a campaign stands; the verbs in `campaigns.lifecycle` are the only ways between them."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    AWAITING_APPROVAL = "awaiting_approval"
    SENDING = "sending"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"


OVER = frozenset({CampaignState.FINISHED, CampaignState.CANCELLED})
"""Nothing is sent any more, unless somebody asks for it again."""
