"""The pace over time: asked, allowed, and what was reached; drawn on as long as somebody looks."""

from collections.abc import Sequence
from typing import Any

from nicegui import ui

from campaigns.web.dashboard.campaign.seen import Seen
from schemas.campaign_state import OVER

MOST = 240
"""Points that are drawn; when there are more, every second one of them goes, and they are taken half as often."""
_LINES = (
    ("Asked", "var(--soft)", "dashed"),
    ("Allowed", "var(--warn)", "solid"),
    ("Reached", "var(--accent)", "solid"),
)

_FONT = "Inter, Roboto, Helvetica Neue, Arial, sans-serif"
"""By name: how wide a word is, is measured outside of the page."""

Point = tuple[int, float | None, float | None, float]
"""Epoch ms, and asked, allowed and reached in messages per second; None where nobody has written it down."""


class Points:
    """At most MOST points, evenly thinned."""

    def __init__(self, before: Sequence[Point]) -> None:
        self._kept: list[Point] = list(before)[-MOST:]
        self._every = 1
        self._skipped = 0

    def add(self, point: Point) -> bool:
        """Take a point; False where it is left out."""
        self._skipped += 1
        if self._skipped < self._every:
            return False
        self._skipped = 0
        self._kept.append(point)
        if len(self._kept) > MOST:
            self._kept = self._kept[len(self._kept) % 2 :: 2]
            self._every *= 2
        return True

    def line(self, which: int) -> list[list[float | None]]:
        """Return one of the three lines as pairs of moment and rate."""
        return [[point[0], point[which]] for point in self._kept]


class Pace:
    """The chart; `show` adds what is seen now."""

    def __init__(self, before: Sequence[Point]) -> None:
        self._points = Points(before)
        self._chart = ui.echart(_options(), renderer="svg").classes("pace")
        self._chart.props('role=img aria-label="Messages per second: asked, allowed and reached over time"')
        self._draw()

    def show(self, seen: Seen) -> None:
        """Add a point, while there is something to come."""
        if seen.state in OVER:
            return
        rate = seen.standing.rate
        if self._points.add((seen.now, rate.asked, rate.allowed, rate.achieved)):
            self._draw()

    def _draw(self) -> None:
        shown = []
        for which, series in enumerate(self._chart.options["series"], 1):
            series["data"] = self._points.line(which)
            shown += [series["name"]] * any(rate is not None for _, rate in series["data"])
        self._chart.options["legend"]["data"] = shown
        self._chart.update()


def frame_of(names: Sequence[str]) -> dict[str, Any]:
    """Return a chart over time without its lines: axes, legend and tooltip in the theme's colours."""
    text = {"color": "var(--soft)", "fontFamily": _FONT, "fontSize": 12}
    line = {"lineStyle": {"color": "var(--line)"}}
    legend = {"top": 0, "left": 0, "textStyle": text, "itemWidth": 18, "icon": "roundRect", "itemHeight": 3}
    return {
        "animation": False,
        "grid": {"left": 8, "right": 28, "top": 36, "bottom": 8, "containLabel": True},
        "legend": legend | {"data": list(names)},
        "tooltip": {
            "trigger": "axis",
            "backgroundColor": "var(--surface)",
            "borderColor": "var(--line-strong)",
            "textStyle": {"color": "var(--ink)", "fontSize": 12},
        },
        "xAxis": {"type": "time", "axisLabel": text | {"hideOverlap": True}, "axisLine": line, "axisTick": line},
        "yAxis": {"type": "value", "min": 0, "axisLabel": text, "splitLine": line},
        "series": [],
    }


def _options() -> dict[str, Any]:
    return frame_of([name for name, _, _ in _LINES]) | {"series": [_line(*each) for each in _LINES]}


def _line(name: str, colour: str, kind: str) -> dict[str, Any]:
    return {
        "name": name,
        "type": "line",
        "showSymbol": False,
        "step": "end" if name != "Reached" else False,
        "itemStyle": {"color": colour},
        "lineStyle": {"width": 2, "color": colour, "type": kind},
        "areaStyle": {"color": colour, "opacity": 0.12} if name == "Reached" else None,
        "data": [],
    }
