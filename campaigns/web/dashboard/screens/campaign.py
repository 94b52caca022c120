"""One campaign: how it stands this second, what waits for a person, and everything that can be done about it."""

from nicegui import ui

from campaigns.web.dashboard import ask, frame
from campaigns.web.dashboard.campaign import answers, over_time, ways
from campaigns.web.dashboard.campaign.deeds import Row
from campaigns.web.dashboard.campaign.exports import Exports
from campaigns.web.dashboard.campaign.history import History
from campaigns.web.dashboard.campaign.offers import offers
from campaigns.web.dashboard.campaign.overview import Overview
from campaigns.web.dashboard.campaign.people import People
from campaigns.web.dashboard.campaign.piece import Piece
from campaigns.web.dashboard.campaign.seen import Seen, look
from campaigns.web.dashboard.campaign.standing import Panel
from campaigns.web.dashboard.campaign.tabs import Tabs
from campaigns.web.dashboard.campaign.watching import Watching
from campaigns.web.dashboard.screen import screen
from campaigns.web.dashboard.session import current
from schemas.right import Right


@screen("/campaigns/{ref}", "Campaign", "campaign", right=Right.READ)
async def show(ref: str, tab: str = "") -> None:
    """Build the screen; `tab` is the one that is open first."""
    session = current()
    watching = Watching(session, await ask.aside(lambda: look(session, ref)))
    with frame.heading(watching.seen.campaign.name, about(watching.seen)):
        row = Row(session, ref, watching.again)
        actions = Piece(row.build, "actions")
    watching.listen(lambda seen: actions.show(offers(seen, session.may)))
    watching.listen(Panel().show)
    screen_of = _Views(watching, tab)
    await screen_of.open()
    ui.timer(0, watching.follow, once=True)


class _Views:
    """The tabs, which lead to each other."""

    def __init__(self, watching: Watching, first: str) -> None:
        self._watching = watching
        self._people: People | None = None
        self._history: History | None = None
        self._tabs = Tabs(
            {
                "Overview": self._overview,
                "People": self._everybody,
                "Pages": self._pages,
                "Over time": lambda: over_time.build(watching),
                "Replies": lambda: answers.build(watching),
                "Report": self._report,
                "History": self._past,
            },
            first.replace("-", " ").capitalize(),
            {"History": self._past},
        )

    async def open(self) -> None:
        """Build the tab that is open first."""
        await self._tabs.open(self._tabs.open_one)

    async def _overview(self) -> None:
        await Overview(self._watching, self._choose).load()

    async def _everybody(self) -> None:
        self._people = People(self._watching)
        await self._people.load()

    def _pages(self) -> None:
        cards = ways.cards()
        self._watching.listen(lambda seen: cards.show(ways.lanes(seen)))

    async def _report(self) -> None:
        await Exports(self._watching).load()

    async def _past(self) -> None:
        if self._history:
            await self._history.read()
            return
        self._history = History(self._watching)
        await self._history.load()

    async def _choose(self, reason: str) -> None:
        await self._tabs.open("People")
        if self._people:
            await self._people.only(reason=reason)


def about(seen: Seen) -> str:
    """Return what stands under the name."""
    told = [seen.ref, *(f"{name} on {channel.title()}" for name, channel in seen.channels.items())]
    if seen.campaign.launched_at:
        told.append(f"launched {seen.stamp(seen.campaign.launched_at)}")
    if seen.campaign.revision > 1:
        told.append(f"revision {seen.campaign.revision} of the text")
    return " · ".join(told)
