"""A draft: its message, and on a click what a launch would do."""

from nicegui import ui

from campaigns.web.dashboard import buttons, frame
from campaigns.web.dashboard.campaign import launching
from campaigns.web.dashboard.campaign.revising import texts
from campaigns.web.dashboard.campaign.seen import Seen
from campaigns.web.dashboard.session import Session
from schemas.campaign import CampaignState
from schemas.right import Right


def build(session: Session, seen: Seen) -> None:
    """Build it; the plan is made when somebody asks, because it reads the whole list."""
    with frame.section("The message"), ui.element("div").classes("panel sample"):
        for text in texts(seen.file):
            ui.label(text).classes("bubble")
        for part in seen.file.message.message.parts:
            for reply in part.quick_replies:
                ui.label(reply.title).classes("quick")
    if seen.state is not CampaignState.DRAFT or not session.may(Right.PLAN):
        return
    with frame.section("What a launch would do"):
        shown = ui.column().classes("panel planned")

        async def plan() -> None:
            foreseen = await launching.foreseen(session, seen)
            if foreseen is None or shown.is_deleted:
                return
            shown.clear()
            with shown:
                launching.show(seen, foreseen)

        with shown:
            ui.label("The plan says who gets it, who does not and why, and when it is done.").classes("soft")
            buttons.outlined("Show the plan", plan, icon="fact_check")
