"""States as chips: an icon, a word and a colour, so that none of them says anything alone."""

from dataclasses import dataclass

from nicegui import ui

from schemas.campaign import CampaignState
from schemas.delivery import DUPLICATE, REJECTED, DeliveryState
from schemas.lane import LaneState


@dataclass(frozen=True, slots=True)
class Look:
    """`tone` is one of the theme's: calm, info, good, warn, bad."""

    icon: str
    word: str
    tone: str


CAMPAIGN: dict[CampaignState, Look] = {
    CampaignState.DRAFT: Look("edit_note", "Draft", "calm"),
    CampaignState.SCHEDULED: Look("schedule", "Scheduled", "info"),
    CampaignState.AWAITING_APPROVAL: Look("how_to_reg", "Needs approval", "warn"),
    CampaignState.SENDING: Look("send", "Sending", "info"),
    CampaignState.PAUSED: Look("pause", "Paused", "warn"),
    CampaignState.FINISHED: Look("check", "Finished", "good"),
    CampaignState.CANCELLED: Look("block", "Cancelled", "calm"),
}
STUCK = Look("front_hand", "Needs you", "warn")
"""A campaign that is sending, but no page of it goes on without a person."""
DELIVERY: dict[str, Look] = {
    DeliveryState.PENDING: Look("hourglass_empty", "Waiting", "calm"),
    DeliveryState.SENDING: Look("send", "On its way", "info"),
    DeliveryState.ACCEPTED: Look("check", "Accepted", "good"),
    DeliveryState.DELIVERED: Look("done_all", "Delivered", "good"),
    DeliveryState.READ: Look("visibility", "Read", "good"),
    DeliveryState.SKIPPED: Look("redo", "Skipped", "calm"),
    DeliveryState.FAILED: Look("error_outline", "Failed", "bad"),
    DeliveryState.UNKNOWN: Look("help_outline", "Unknown", "warn"),
    DeliveryState.ASSUMED_SENT: Look("done", "Assumed sent", "warn"),
    DeliveryState.CANCELLED: Look("block", "Cancelled", "calm"),
    REJECTED: Look("report_gmailerrorred", "Rejected", "bad"),
    DUPLICATE: Look("content_copy", "Duplicate", "calm"),
}
LANE: dict[LaneState, Look] = {
    LaneState.SENDING: Look("send", "Sending", "info"),
    LaneState.WAITING: Look("hourglass_empty", "Waiting", "warn"),
    LaneState.PARKED: Look("front_hand", "Parked", "bad"),
    LaneState.DONE: Look("check", "Done", "good"),
}


def word(state: str) -> str:
    """Return a recipient's state as the dashboard calls it in a sentence."""
    return DELIVERY[state].word.lower()


def chip(look: Look) -> ui.element:
    """Build a chip."""
    with ui.element("span").classes(f"chip {look.tone}") as built:
        ui.icon(look.icon)
        ui.label(look.word)
    return built


def campaign(state: CampaignState) -> ui.element:
    """Build the chip of a campaign's state."""
    return chip(CAMPAIGN[state])


def delivery(state: str) -> ui.element:
    """Build the chip of a recipient's state, `rejected` and `duplicate` included."""
    return chip(DELIVERY[state])


def lane(state: LaneState) -> ui.element:
    """Build the chip of a page's state in a campaign."""
    return chip(LANE[state])
