"""A list none of whose headers says that it holds the ids: its first rows, and the question which column does."""

from nicegui import ui

from campaigns.audience import Beginning
from campaigns.errors import PagecastError
from campaigns.web.dashboard import ask, frame
from campaigns.web.dashboard.wizard import arrival, listing
from campaigns.web.dashboard.wizard.visit import Refresh, Visit

WANTED = "Choose the column that holds the ids."


def build(visit: Visit, begins: Beginning, refresh: Refresh) -> None:
    """Ask for the column; once it is known the list is read, and `refresh` shows it."""

    async def take(header: str) -> None:
        visit.put("columns.recipient_id", header)
        try:
            await arrival.read_again(visit)
        except PagecastError as error:
            visit.put("columns.recipient_id", None)
            ask.fail(str(error))
        else:
            visit.fields.pop("list", None)
        await refresh()

    with frame.section("Which column holds the ids?"):
        ui.label(
            "No header says it. It is the number that Instagram or Messenger knows the person by for your page."
        ).classes("soft")
        chosen = ui.select(begins.columns, label="Column of the ids", with_input=True).props("outlined")
        chosen.classes("narrow").on_value_change(lambda event: take(event.value))
        visit.fields["list"] = chosen
        listing.sheet(begins.columns, begins.rows)
