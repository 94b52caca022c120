"""The second step: the text with its variables and quick replies, beside what real people of the list would see."""

from nicegui import events, ui

from campaigns.lifecycle.glance import Listed
from campaigns.policy import limits
from campaigns.web.dashboard import buttons, frame
from campaigns.web.dashboard.attributes import having
from campaigns.web.dashboard.wizard import content as contents
from campaigns.web.dashboard.wizard.reading import Reading
from campaigns.web.dashboard.wizard.visit import Visit

_ROWS = 6


async def build(visit: Visit) -> None:
    """Build the step."""
    if visit.listed is None:
        await visit.find_list()
    listed = visit.listed
    if listed is None:
        ui.label("Choose the recipients first.").classes("soft")
        return
    if visit.get("message.parts"):
        _several_parts(visit)
    with ui.element("div").classes("halves"):
        with ui.element("div").classes("half"):
            writer = _Writer(visit, listed)
        with ui.element("div").classes("half"):
            reading = Reading(visit, listed)
    writer.reading = reading
    await reading.refresh()


def _several_parts(visit: Visit) -> None:
    n = len(visit.get("message.parts"))
    with ui.element("div").classes("alert warn"):
        ui.label(f"This message has {n} parts, as its campaign file says. They stay as they are.")


class _Writer:
    """The fields of the message; `reading` shows at once what comes of them."""

    def __init__(self, visit: Visit, listed: Listed) -> None:
        self._visit = visit
        self.reading: Reading | None = None
        self._place = len(visit.get("message.text", ""))
        self._text = ui.textarea("Message", value=visit.get("message.text", ""))
        having(self._text.props("outlined autogrow debounce=250"), rows=_ROWS).classes("writing")
        self._text.on_value_change(self._typed)
        visit.fields["message.text"] = self._text
        if visit.get("message.parts"):
            self._text.disable()
            return
        self._picker(listed)
        with frame.section("Quick replies"):
            ui.label(
                f"Buttons under the message, at most {limits.QUICK_REPLIES}, of at most {limits.TITLE} characters each."
            ).classes("soft")
            self._replies = ui.element("div").classes("replies")
            self._more = buttons.outlined("Add a quick reply", self._add, icon="add")
        self._draw_replies()

    def _typed(self, event: events.ValueChangeEventArguments[str | None]) -> None:
        after = event.value or ""
        self._place = contents.edited(self._visit.get("message.text", ""), after)
        self._visit.put("message.text", after)
        self._again()

    def _again(self) -> None:
        if self.reading:
            self.reading.soon()

    def _picker(self, listed: Listed) -> None:
        usable = {header: header for header in listed.columns if contents.variable_of(header)}
        with ui.element("div").classes("picker"):
            column = ui.select(usable, label="Variable", with_input=True).props("outlined dense options-dense")
            default = ui.input("If it is blank, write").props("outlined dense")

            def insert() -> None:
                if not column.value:
                    column.error = "Choose a column of the list."
                    return
                column.error = None
                self._insert(contents.insertion(column.value, default.value or ""))
                default.set_value("")

            buttons.outlined("Insert", insert, icon="add")

    def _insert(self, piece: str) -> None:
        text, place = contents.inserted(self._visit.get("message.text", ""), piece, self._place)
        self._text.set_value(text)
        self._place = place
        self._text.run_method("focus")

    def _titles(self) -> list[dict[str, str]]:
        return list(self._visit.get("message.quick_replies", []))

    def _draw_replies(self) -> None:
        visit = self._visit
        for path in [path for path in visit.fields if path.startswith("message.quick_replies")]:
            del visit.fields[path]
        self._replies.clear()
        replies = self._titles()
        with self._replies:
            for number, reply in enumerate(replies):
                self._draw_reply(number, reply)
        self._more.set_enabled(len(replies) < limits.QUICK_REPLIES)

    def _draw_reply(self, number: int, reply: dict[str, str]) -> None:
        with ui.element("div").classes("reply"):
            title = ui.input(f"Quick reply {number + 1}", value=reply["title"])
            having(title.props("outlined dense counter debounce=250"), maxlength=limits.TITLE)
            title.on_value_change(lambda event: self._change(number, event.value or ""))
            self._visit.fields[f"message.quick_replies.{number}"] = title
            buttons.icon_only("close", f"Remove quick reply {number + 1}", lambda: self._remove(number))

    def _add(self) -> None:
        self._put([*self._titles(), {"title": "", "payload": ""}])
        self._draw_replies()
        self._visit.fields[f"message.quick_replies.{len(self._titles()) - 1}"].run_method("focus")

    def _change(self, number: int, title: str) -> None:
        replies = self._titles()
        replies[number] = {"title": title, "payload": replies[number].get("payload") or title}
        if replies[number]["payload"] == self._titles()[number]["title"]:
            replies[number]["payload"] = title
        self._put(replies)
        self._visit.fields[f"message.quick_replies.{number}"].error = contents.title_fault(title) or None

    def _remove(self, number: int) -> None:
        replies = self._titles()
        del replies[number]
        self._put(replies)
        self._draw_replies()

    def _put(self, replies: list[dict[str, str]]) -> None:
        self._visit.put("message.quick_replies", replies)
        self._again()
