"""Who of the list is meant: a condition, other campaigns, one row a customer, a cap, a hold-out."""

from typing import Any

from nicegui import ui

from campaigns.errors import InputError
from campaigns.lifecycle import find, glance
from campaigns.lifecycle.glance import Listed
from campaigns.policy.condition import condition
from campaigns.web.dashboard import ask, frame
from campaigns.web.dashboard.attributes import having
from campaigns.web.dashboard.wizard.curves import Curves
from campaigns.web.dashboard.wizard.visit import Visit

_CAMPAIGNS = 200
_NONE = ""
_PERCENT = 100
_WHERE = "audience.where"
_EXAMPLE = "SQL over the list's columns, such as city = 'Rome' AND CAST(age AS INT) > 30"


def campaigns(visit: Visit) -> list[str]:
    """Return the names of campaigns whose people can be left out; asks the database."""
    with visit.session.runtime.reading() as conn:
        found = find.latest(conn, _CAMPAIGNS)
    return list(dict.fromkeys(each.title for each in found if each.launched_at is not None))


def lacks(visit: Visit) -> dict[str, str]:
    """Return what is wrong with the condition, which only the list's own columns can tell."""
    where, listed = str(visit.get(_WHERE, "")), visit.listed
    if not where or listed is None:
        return {}
    try:
        condition(where, listed.columns)
    except InputError as error:
        return {_WHERE: _spoken(error, where)}
    return {}


def build(visit: Visit, curves: Curves, known: list[str]) -> None:
    """Build the fields."""
    listed = visit.listed
    assert listed is not None
    with frame.section("Who of the list"):
        _where(visit, listed, curves)
        excluded = visit.get("audience.exclude", [])
        options = list(dict.fromkeys([*excluded, *known]))
        exclude = ui.select(options, value=excluded, label="Leave out whom these campaigns reached", multiple=True)
        exclude.props('outlined dense options-dense use-chips hint="Also those they still have in hand"')
        exclude.on_value_change(lambda event: _take(visit, curves, "audience.exclude", list(event.value or [])))
        with ui.expansion("Cap, one a customer, hold-out").classes("more"):
            _cap(visit, curves)
            with ui.element("div").classes("grid3"):
                column = visit.get("audience.one_per", _NONE)
                # The list may be another by now: a column that it lacks is shown, and can be changed.
                words = {_NONE: "Every row"} | {header: header for header in (*listed.columns, column) if header}
                one = ui.select(words, value=column, label="One message for each")
                one.props("outlined dense options-dense")
                one.on_value_change(lambda event: _take(visit, curves, "audience.one_per", event.value))
                _holdout(visit, curves)


def _spoken(error: InputError, where: str) -> str:
    """Return what is wrong with a condition for somebody who has its field, and not the campaign file."""
    return str(error).replace(f"{_WHERE} = {where!r}", "The condition").replace(_WHERE, "The condition")


def _where(visit: Visit, listed: Listed, curves: Curves) -> None:
    field = ui.input("Only rows for which", value=visit.get(_WHERE, ""))
    having(field.props("outlined dense debounce=400").classes("mono-field"), hint=_EXAMPLE)
    told = ui.label().classes("small soft").props("role=status")
    visit.fields[_WHERE] = field

    async def count(where: str) -> None:
        if not where:
            told.set_text("")
            return
        try:
            kept, of = await ask.aside(lambda: glance.left(listed, where))
        except InputError as error:
            field.error = _spoken(error, where)
            told.set_text("")
            return
        field.error = None
        told.set_text(f"This leaves {kept:,} of {of:,} people.")

    async def take(where: str) -> None:
        visit.put(_WHERE, where.strip() or None)
        await count(where.strip())
        if field.error is None:
            curves.again()

    field.on_value_change(lambda event: take(event.value or ""))
    ui.timer(0, lambda: count(field.value or ""), once=True)


def _cap(visit: Visit, curves: Curves) -> None:
    cap = visit.get("limits.per_person", {})
    with ui.element("div").classes("grid3"):
        count = ui.number("At most so many messages", value=cap.get("count"), min=1, format="%d")
        days = ui.number("in so many days", value=cap.get("days"), min=1, format="%.4g")
    visit.fields["limits.per_person"] = count

    def take() -> None:
        whole = count.value and days.value
        _take(visit, curves, "limits.per_person", {"count": int(count.value), "days": days.value} if whole else None)

    for each in (count, days):
        each.props("outlined dense debounce=400 clearable").on_value_change(take)


def _holdout(visit: Visit, curves: Curves) -> None:
    share = visit.get("audience.holdout")
    field = ui.number("Hold out (percent)", value=share and float(share) * _PERCENT, min=0, max=99, format="%.4g")
    field.props("outlined dense debounce=400 clearable")
    visit.fields["audience.holdout"] = field
    field.on_value_change(
        lambda event: _take(visit, curves, "audience.holdout", event.value / _PERCENT if event.value else None)
    )


def _take(visit: Visit, curves: Curves, path: str, value: Any) -> None:
    visit.put(path, value)
    curves.again()
