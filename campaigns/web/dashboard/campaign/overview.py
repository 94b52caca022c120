"""What somebody looks at first: the pace, the way from the list to the answers, and why people did not get it."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from campaigns.report.latest import Refusal, refusals
from campaigns.report.paces import Paces, paces
from campaigns.report.replies import answered
from campaigns.web.dashboard import ask, frame
from campaigns.web.dashboard.campaign import draft, reasons, ways
from campaigns.web.dashboard.campaign.chart import Pace, Point
from campaigns.web.dashboard.campaign.piece import Piece
from campaigns.web.dashboard.campaign.watching import Watching

_SELDOM = 10.0
"""Seconds between looks at what costs more than a second's: answers, and the latest refusals."""


class Overview:
    """The tab; `choose` shows the people of a reason."""

    def __init__(self, watching: Watching, choose: Callable[[str], Awaitable[None]]) -> None:
        self._watching = watching
        self._choose = choose
        self._body = Piece(self._build)
        self._before: list[Point] = []
        self._replied = 0

    async def load(self) -> None:
        """Build it, and anew once the draft is launched."""
        if self._watching.seen.standing.total:
            self._before, self._replied = await ask.aside(self._past), (await ask.aside(self._back))[0]
        self._watching.listen(lambda seen: self._body.show(seen.standing.total == 0))

    def _build(self, is_unsent: bool) -> None:
        if is_unsent:
            draft.build(self._watching.session, self._watching.seen)
            return
        watching = self._watching
        with frame.section("Pace, in messages per second"), ui.element("div").classes("panel"):
            watching.listen(Pace(self._before).show)
        with frame.section("From the list to the answers"):
            way = ways.way()
        watching.listen(lambda seen: way.show(ways.steps(seen, self._replied)))
        with frame.section("Why people did not get it"):
            why = reasons.table(self._choose)
        watching.listen(lambda seen: why.show(reasons.whys(seen)))
        self._latest()

    def _latest(self) -> None:
        with ui.element("div") as outside, frame.section("Latest refusals, by the platform's own code"):
            shown = Piece[tuple[Refusal, ...]](lambda rows: reasons.build_refusals(rows, self._watching.seen))
        outside.visible = False

        async def look() -> None:
            self._replied, found = await ask.aside(self._back)
            outside.visible = bool(found)
            shown.show(found)

        ui.timer(_SELDOM, look)

    def _past(self) -> list[Point]:
        with self._watching.session.runtime.reading() as conn:
            before = paces(conn, self._watching.seen.campaign)
        return past(before, self._watching.seen.now) if before else []

    def _back(self) -> tuple[int, tuple[Refusal, ...]]:
        campaign_id = self._watching.seen.campaign.id or 0
        with self._watching.session.runtime.reading() as conn:
            return answered(conn, campaign_id).people, tuple(refusals(conn, campaign_id))


def past(before: Paces, now: int) -> list[Point]:
    """Return what was reached as points; where nothing has come for a while, the line goes down."""
    points: list[Point] = [(at, None, None, rate) for at, rate in before.rates()]
    last = points[-1][0]
    return [*points, (last + 1, None, None, 0.0)] if now - last > 2 * before.step else points
