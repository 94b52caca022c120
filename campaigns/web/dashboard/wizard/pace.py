"""How fast: a rate or a profile, its share beside others, the margin, a canary."""

from typing import Any

from nicegui import ui

from campaigns.campaign_file import milliseconds
from campaigns.errors import InputError
from campaigns.web.dashboard import frame
from campaigns.web.dashboard.wizard.curves import Curves
from campaigns.web.dashboard.wizard.visit import Visit
from schemas.campaign_file import PROFILES

_OWN, _PAGE = "own", "page"
_PROFILES = {
    _PAGE: "As fast as the page allows",
    "cautious": "Cautious: 200 an hour",
    "steady": "Steady: 10 a second",
    "fast": "Fast: 36 a second",
    _OWN: "A rate of your own",
}
_MARGIN = "limits.margin"
_USUAL_MARGIN = 5.0
_MINUTE_MS = 60_000


class Pace:
    """The fields; `show` sets the rate that was chosen in the picture."""

    def __init__(self, visit: Visit, curves: Curves) -> None:
        self._visit, self._curves = visit, curves
        rate = visit.get("limits.rate")
        with frame.section("Pace"):
            with ui.element("div").classes("grid3"):
                chosen = _OWN if rate else visit.get("limits.profile", _PAGE)
                self._profile = ui.select(_PROFILES, value=chosen, label="Rate").props("outlined dense options-dense")
                self._rate = ui.number("Messages a second, each page", value=rate, min=0.001, format="%.4g")
                self._rate.props("outlined dense debounce=300")
            visit.fields["limits.rate"] = self._rate
            with ui.expansion("Margin, canary, share").classes("more"), ui.element("div").classes("grid3"):
                self._text(_MARGIN, "Margin before a window closes (minutes)", _USUAL_MARGIN, again=True)
                self._text("limits.canary", "Pause after the first so many", None, whole=True)
                self._text("limits.weight", "Share beside other campaigns", 1.0)
        self._profile.on_value_change(self._typed)
        self._rate.on_value_change(self._typed)
        self._draw()

    def show(self, rate: float | None) -> None:
        """Show a rate in messages per second; None for the page's own."""
        self._visit.put("limits.profile", None)
        self._visit.put("limits.rate", rate)
        self._rate.set_value(rate)
        self._profile.set_value(_OWN if rate else _PAGE)
        self._draw()

    def _typed(self) -> None:
        wanted = self._profile.value
        if wanted == _OWN and not self._rate.value:
            self._rate.set_value(PROFILES["steady"])
        self._visit.put("limits.rate", self._rate.value if wanted == _OWN else None)
        self._visit.put("limits.profile", wanted if wanted in PROFILES else None)
        self._draw()
        self._curves.moved()

    def _draw(self) -> None:
        self._rate.set_visibility(self._profile.value == _OWN)

    def _text(self, path: str, label: str, usual: float | None, *, whole: bool = False, again: bool = False) -> None:
        kept = self._visit.get(path, usual)
        field = ui.number(label, value=minutes(kept) if path == _MARGIN else kept, min=0, format="%.4g")
        field.props("outlined dense debounce=400")
        self._visit.fields[path] = field

        def take(value: float | None) -> None:
            kept: Any = None if value is None or value == usual else int(value) if whole else value
            self._visit.put(path, kept)
            if again:
                self._curves.again()

        field.on_value_change(lambda event: take(event.value))


def minutes(margin: str | float) -> float:
    """Return a margin in minutes, however the campaign file writes it; the usual one where nobody can read it."""
    try:
        return milliseconds(margin, _MARGIN) / _MINUTE_MS
    except InputError:
        return _USUAL_MARGIN
