"""The third step: when it goes out, how fast, and to whom of the list; beside it what that costs in people."""

from nicegui import ui

from campaigns.campaign_file import moment
from campaigns.errors import InputError
from campaigns.web.dashboard import ask, frame, moments
from campaigns.web.dashboard.attributes import having
from campaigns.web.dashboard.wizard import choosing, pace, zones
from campaigns.web.dashboard.wizard import content as contents
from campaigns.web.dashboard.wizard.curves import Curves
from campaigns.web.dashboard.wizard.visit import Visit

_HOUR = 3_600_000
_NOW, _LATER = "now", "later"
_LATE = {
    "ask": "Pause, and ask somebody",
    "send": "Send all the same",
    "skip": "Send to nobody",
}
_DAYS = {"mon": "Mon", "tue": "Tue", "wed": "Wed", "thu": "Thu", "fri": "Fri", "sat": "Sat", "sun": "Sun"}
_CLOCKS = {"page": "The page's clocks", "recipient": "Each person's own clocks"}


async def build(visit: Visit) -> None:
    """Build the step."""
    if visit.listed is None:
        await visit.find_list()
    if visit.listed is None:
        ui.label("Choose the recipients first.").classes("soft")
        return
    now = await ask.aside(visit.session.now)
    known = await ask.aside(lambda: choosing.campaigns(visit))
    with ui.element("div").classes("halves"):
        left, right = ui.element("div").classes("half"), ui.element("div").classes("half stuck")
    with right:
        curves = Curves(visit, visit.listed, now)
    with left:
        when = _When(visit, curves, now)
        _hours(visit, curves)
        fields = pace.Pace(visit, curves)
        choosing.build(visit, curves, known)
    curves.on_start, curves.on_rate = when.show, fields.show
    await curves.load()


class _When:
    """Now or at a moment, in a zone that always shows; and the moments at which it ends."""

    def __init__(self, visit: Visit, curves: Curves, now: int) -> None:
        self._visit, self._curves, self._now = visit, curves, now
        self._filling = False
        date, time, zone = contents.written(visit.get("schedule.start"))
        self._zone_name = zone or visit.get("schedule.zone") or _zone_of_others(visit) or "UTC"
        with frame.section("When"):
            self._way = ui.radio({_NOW: "Right after the launch", _LATER: "At a date and time"}).props("inline")
            self._way.value = _LATER if date else _NOW
            with ui.element("div").classes("grid3") as self._moment:
                self._date = _native("Date", "date", date)
                self._time = _native("Time", "time", time)
                self._zone = zones.field("Time zone", self._zone_name, self._zone_changed)
            visit.fields["schedule.start"] = self._date
            visit.fields["schedule.zone"] = self._zone
            self._utc = ui.label().classes("small soft").props("role=status")
            late = ui.select(_LATE, value=visit.get("schedule.late_start", "ask"), label="If the start was missed")
            late.props("outlined dense options-dense").classes("narrow")
            late.on_value_change(
                lambda event: visit.put("schedule.late_start", None if event.value == "ask" else event.value)
            )
            self._late = late
            with ui.expansion("When it ends").classes("more"):
                self._not_after = _Moment(visit, self, "schedule.not_after", "Nothing is sent after")
                self._open_until = _Moment(
                    visit,
                    self,
                    "schedule.keep_open_until",
                    "Keep it open until",
                    "Whoever's window is closed now gets it when they write until then.",
                )
        self._way.on_value_change(self._typed)
        self._date.on_value_change(self._typed)
        self._time.on_value_change(self._typed)
        self._draw()

    @property
    def zone(self) -> str:
        """The zone that moments are written in."""
        return self._zone_name

    def show(self, start: int | None) -> None:
        """Show a start that was chosen in the picture, in epoch milliseconds; None for now."""
        if start is None:
            self._way.value = _NOW
        else:
            date, time, _ = contents.written(contents.spoken(start, self._zone_name))
            self._fill(date, time)
            self._way.value = _LATER
        self._typed()

    def changed(self) -> None:
        """Work out anew what depends on the moments."""
        self._curves.again()

    def _fill(self, date: str, time: str) -> None:
        self._filling = True
        self._date.set_value(date)
        self._time.set_value(time)
        self._filling = False

    def _typed(self) -> None:
        if self._filling:
            return
        later = self._way.value == _LATER
        if later and not (self._date.value or self._time.value):
            date, time, _ = contents.written(contents.spoken(_next_hour(self._now), self._zone_name))
            self._fill(date, time)
        written = contents.at(self._date.value or "", self._time.value or "", self._zone_name) if later else ""
        self._visit.put("schedule.start", written)
        self._visit.doubt("schedule.start", "Choose a date and a time." if later and not written else "")
        self._draw()
        self._curves.moved()

    def _zone_changed(self, zone: str) -> None:
        self._zone_name = zone
        self._typed()
        for each in (self._not_after, self._open_until):
            each.typed()
        if self._visit.get("schedule.hours") or self._visit.get("schedule.quiet"):
            self._visit.put("schedule.zone", zone)
            self._curves.again()

    def _draw(self) -> None:
        later = self._way.value == _LATER
        for shown in (self._date, self._time, self._late):
            shown.set_visibility(later)
        self._utc.set_text(_in_utc(self._visit.get("schedule.start"), self._now) if later else "")


class _Moment:
    """A moment that may be left out, in the zone of the start."""

    def __init__(self, visit: Visit, when: _When, path: str, label: str, hint: str = "") -> None:
        self._visit, self._when, self._path = visit, when, path
        date, time, _ = contents.written(visit.get(path))
        ui.label(label).classes("strong")
        if hint:
            ui.label(hint).classes("small soft")
        with ui.element("div").classes("grid3"):
            self._date = _native(f"{label}: date", "date", date).props("clearable")
            self._time = _native(f"{label}: time", "time", time).props("clearable")
        visit.fields[path] = self._date
        self._date.on_value_change(self.typed)
        self._time.on_value_change(self.typed)

    def typed(self) -> None:
        """Take what the fields hold."""
        written = contents.at(self._date.value or "", self._time.value or "", self._when.zone)
        half = bool(self._date.value or self._time.value) and not written
        self._visit.doubt(self._path, "Choose a date and a time, or clear both." if half else "")
        if written != self._visit.get(self._path, ""):
            self._visit.put(self._path, written)
            self._when.changed()


def _hours(visit: Visit, curves: Curves) -> None:
    with ui.expansion("Hours and quiet time").classes("more"):
        ui.label("Sent only in these hours, by the clocks of the time zone above.").classes("small soft")
        with ui.element("div").classes("days"):
            chosen = visit.get("schedule.hours.days", list(_DAYS))
            boxes = {day: ui.checkbox(word, value=day in chosen) for day, word in _DAYS.items()}
        with ui.element("div").classes("grid3"):
            begin = _native("From", "time", visit.get("schedule.hours.from", ""))
            end = _native("To", "time", visit.get("schedule.hours.to", ""))
        visit.fields["schedule.hours"] = begin
        ui.label("Quiet time, in which nobody gets anything.").classes("small soft")
        with ui.element("div").classes("grid3"):
            quiet_begin = _native("Quiet from", "time", visit.get("schedule.quiet.from", ""))
            quiet_end = _native("Quiet to", "time", visit.get("schedule.quiet.to", ""))
            clock = ui.select(_CLOCKS, value=visit.get("schedule.quiet.zone", "page"), label="By").props("outlined")
        visit.fields["schedule.quiet"] = quiet_begin

    def typed() -> None:
        on = [day for day, box in boxes.items() if box.value]
        hours = {"from": begin.value, "to": end.value, "days": on if len(on) < len(_DAYS) else None}
        visit.put("schedule.hours", {key: value for key, value in hours.items() if value})
        whole = quiet_begin.value and quiet_end.value
        quiet = {"from": quiet_begin.value, "to": quiet_end.value, "zone": clock.value}
        visit.put("schedule.quiet", quiet if whole else None)
        half = bool(quiet_begin.value or quiet_end.value) and not whole
        visit.doubt("schedule.quiet", "Give both ends of the quiet time, or clear both." if half else "")
        zone = curves.zone if visit.get("schedule.hours") or whole else None
        visit.put("schedule.zone", zone)
        curves.again()

    for box in boxes.values():
        box.on_value_change(typed)
    for field in (begin, end, quiet_begin, quiet_end):
        field.on_value_change(typed)
    clock.on_value_change(typed)


def _next_hour(now: int) -> int:
    return (now // _HOUR + 2) * _HOUR


def _native(label: str, kind: str, value: str) -> ui.input:
    return having(ui.input(label, value=value).props("outlined dense stack-label debounce=300"), type=kind)


def _in_utc(written: str | None, now: int) -> str:
    if not written:
        return "Choose a date and a time."
    try:
        at = moment(written, "start")
    except InputError as error:
        return str(error)
    return f"{moments.stamp(at)}, {moments.away(at, now)}"


def _zone_of_others(visit: Visit) -> str:
    for path in ("schedule.not_after", "schedule.keep_open_until"):
        if zone := contents.written(visit.get(path))[2]:
            return zone
    return ""
