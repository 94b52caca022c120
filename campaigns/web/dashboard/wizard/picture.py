"""One curve with the present choice marked, and a slider under it that makes the choice."""

import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any

from nicegui import ui

from campaigns.web.dashboard.attributes import having

_INK, _SOFT, _LINE = "var(--ink)", "var(--soft)", "var(--line)"
_ACCENT = "var(--accent)"
_FONT = "inherit"
_RESTS = 1.0
"""Seconds after which a knob counts as let go."""
_ENDS = {"hideOverlap": True, "alignMinLabel": "left", "alignMaxLabel": "right"}


class Picture:
    """Built empty; `draw` fills it. `on_slide` gets the place of the point that was chosen."""

    def __init__(self, title: str, on_slide: Callable[[int], object]) -> None:
        self._title, self._on_slide = title, on_slide
        self._drawing, self._slid_at = False, 0.0
        with ui.element("figure").classes("picture"):
            with ui.element("figcaption").classes("caption"):
                ui.label(title).classes("strong small")
                self._chosen = ui.label().classes("small figures")
            self._chart = ui.echart(_options([], 0, 0), renderer="svg").classes("chart")
            self._chart.props("role=img")
            self._slider = having(ui.slider(min=0, max=1, value=0), aria_label=f"{title}: choose")
        # Sent back to whoever slides quickly, each value would undo the next.
        self._slider.LOOPBACK = False
        self._slider.props["loopback"] = False
        self._slider.on_value_change(self._slid)

    def draw(self, points: Sequence[tuple[str, int]], place: int, said: str) -> None:
        """Show points as (label, people lost), the chosen one, and what it is in words."""
        lost = points[place][1]
        self._chosen.set_text(f"{said}: {lost:,} lost")
        self._chart.props["aria-label"] = f"{self._title}. {said}: {lost:,} lost."
        self._chart.options.clear()
        self._chart.options.update(_options(points, place, lost))
        self._chart.update()
        if self._slider.props["max"] != len(points) - 1:
            self._slider.props["max"] = len(points) - 1
        # What somebody is moving is not moved for them: this draws where the knob was a moment ago.
        if time.monotonic() - self._slid_at > _RESTS:
            self._drawing = True
            self._slider.set_value(place)
            self._drawing = False

    def _slid(self, event: Any) -> None:
        if not self._drawing and event.value is not None:
            self._slid_at = time.monotonic()
            self._on_slide(int(event.value))


def nearest(grid: Sequence[float], value: float) -> int:
    """Return the place of the point of a sorted grid that is next to a value."""
    place = bisect_left(grid, value)
    around = [each for each in (place - 1, place) if 0 <= each < len(grid)]
    return min(around, key=lambda each: abs(grid[each] - value))


def _options(points: Sequence[tuple[str, int]], place: int, lost: int) -> dict[str, Any]:
    labels, values = [label for label, _ in points], [value for _, value in points]
    axis = {"axisLine": {"lineStyle": {"color": _LINE}}, "axisTick": {"show": False}}
    text = {"color": _SOFT, "fontFamily": _FONT, "fontSize": 11}
    mark = {"symbol": "none", "silent": True, "lineStyle": {"color": _INK, "width": 1}, "label": {"show": False}}
    dot = {"symbol": "circle", "symbolSize": 9, "silent": True, "itemStyle": {"color": _INK}, "label": {"show": False}}
    return {
        "animation": False,
        "grid": {"left": 8, "right": 14, "top": 12, "bottom": 4, "containLabel": True},
        "tooltip": {"trigger": "axis", "confine": True},
        "xAxis": axis | {"type": "category", "data": labels, "boundaryGap": False, "axisLabel": text | _ENDS},
        "yAxis": {
            "type": "value",
            "min": 0,
            "minInterval": 1,
            "splitNumber": 3,
            "axisLabel": text,
            "splitLine": {"lineStyle": {"color": _LINE}},
        },
        "series": [
            {
                "type": "line",
                "name": "People lost",
                "data": values,
                "symbol": "none",
                "lineStyle": {"color": _ACCENT, "width": 2},
                "itemStyle": {"color": _ACCENT},
                "areaStyle": {"color": _ACCENT, "opacity": 0.14},
                "emphasis": {"disabled": True},
                "markLine": mark | {"data": [{"xAxis": place}]},
                "markPoint": dot | {"data": [{"coord": [place, lost]}]},
            }
        ],
    }
