"""One campaign: how it stands this second, what waits for a person, and everything that can be done about it."""

from nicegui import ui

from campaigns.web.dashboard import ask, frame
from campaigns.web.dashboard.campaign import draft, reasons
from campaigns.web.dashboard.campaign.chart import Pace
from campaigns.web.dashboard.campaign.deeds import Row
from campaigns.web.dashboard.campaign.offers import offers
from campaigns.web.dashboard.campaign.piece import Piece
from campaigns.web.dashboard.campaign.seen import Seen, look
from campaigns.web.dashboard.campaign.standing import Panel
from campaigns.web.dashboard.campaign.tabs import Tabs
from campaigns.web.dashboard.campaign.watching import Watching
from campaigns.web.dashboard.screen import screen
from campaigns.web.dashboard.session import current
from schemas.campaign import CampaignState
from schemas.right import Right


@screen("/campaigns/{ref}", "Campaign", "campaign", right=Right.READ)
async def show(ref: str, tab: str = "") -> None:
    """Build the screen; `tab` is the one that is open first."""
    session = current()
    watching = Watching(session, await ask.aside(lambda: look(session, ref)))
    with frame.heading(watching.seen.campaign.name, _about(watching.seen)):
        row = Row(session, ref, watching.again)
        actions = Piece(row.build, "actions")
    watching.listen(lambda seen: actions.show(offers(seen, session.may)))
    panel = Panel()
    watching.listen(panel.show)
    tabs = Tabs({"Overview": lambda: _overview(watching)}, tab)
    await tabs.open(tabs.open_one)
    ui.timer(0, watching.follow, once=True)


def _overview(watching: Watching) -> None:
    body = Piece[bool](lambda is_draft: _drafted(watching) if is_draft else _under_way(watching))
    watching.listen(lambda seen: body.show(seen.state is CampaignState.DRAFT))


def _drafted(watching: Watching) -> None:
    draft.build(watching.session, watching.seen)


def _under_way(watching: Watching) -> None:
    with frame.section("Pace, in messages per second"), ui.element("div").classes("panel"):
        watching.listen(Pace(()).show)
    with frame.section("Why people did not get it"):
        why = Piece[tuple[reasons.Why, ...]](lambda rows: reasons.build(rows, lambda _reason: None))
    watching.listen(lambda seen: why.show(reasons.whys(seen)))


def _about(seen: Seen) -> str:
    told = [seen.ref, *(f"{name} on {channel.title()}" for name, channel in seen.channels.items())]
    if seen.campaign.launched_at:
        told.append(f"launched {seen.stamp(seen.campaign.launched_at)}")
    return " · ".join(told)
