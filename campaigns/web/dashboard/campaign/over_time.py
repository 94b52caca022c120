"""The whole campaign over time: how many were accepted in each interval, and all together."""

from itertools import accumulate
from typing import Any

from nicegui import ui

from campaigns.moments import lasting
from campaigns.report.paces import Paces, paces
from campaigns.web.dashboard import ask, frame
from campaigns.web.dashboard.attributes import having
from campaigns.web.dashboard.campaign import chart
from campaigns.web.dashboard.campaign.watching import Watching

_SECOND = 1000
_EXACT = "Every message is counted where it was accepted."
_CLOSE = "Drawn from the parts of the list: each bar is close, and the sum is exact. The report counts each message."


async def build(watching: Watching) -> None:
    """Build the tab."""
    told = await ask.aside(lambda: read(watching))
    if told is None:
        ui.label("Nothing was accepted yet.").classes("soft")
        return
    every = "Accepted each second" if told.step == _SECOND else f"Accepted in every {lasting(told.step)}"
    with frame.section(every), ui.element("div").classes("panel"):
        name = "Messages accepted in each interval, and all together"
        having(ui.echart(_options(told), renderer="svg").classes("pace"), role="img", aria_label=name)
    exactly = _EXACT if told.exact else _CLOSE
    ui.label(exactly).classes("small soft")


def read(watching: Watching) -> Paces | None:
    """Return how fast it went; asks the database."""
    with watching.session.runtime.reading() as conn:
        return paces(conn, watching.seen.campaign)


def _options(told: Paces) -> dict[str, Any]:
    moments = [told.start + (i + 0.5) * told.step for i in range(len(told.accepted))]
    whole = list(accumulate(told.accepted))
    base = chart.frame_of(("In each", "All together"))
    base["yAxis"] = [base["yAxis"], base["yAxis"] | {"splitLine": {"show": False}}]
    accent, good = "var(--accent)", "var(--good)"
    base["series"] = [
        {
            "name": "In each",
            "type": "bar",
            "barMaxWidth": 24,
            "itemStyle": {"color": accent},
            "data": [[at, round(n, 1)] for at, n in zip(moments, told.accepted, strict=True)],
        },
        {
            "name": "All together",
            "type": "line",
            "yAxisIndex": 1,
            "showSymbol": False,
            "itemStyle": {"color": good},
            "lineStyle": {"color": good, "width": 2},
            "data": [[at, round(n)] for at, n in zip(moments, whole, strict=True)],
        },
    ]
    return base
