"""What it will cost, by a rate card that somebody pastes."""

from nicegui import ui

from campaigns import cost
from campaigns.errors import PagecastError
from campaigns.lifecycle import find
from campaigns.lifecycle.plan import plan
from campaigns.lifecycle.pricing import price
from campaigns.web.dashboard import ask, buttons
from campaigns.web.dashboard.attributes import having
from campaigns.web.dashboard.wizard.visit import Visit

_EXAMPLE = 'currency = "USD"\n[[rates]]\nprovider = "meta"\nprice = 0.0065'


def build(visit: Visit, ref: str) -> None:
    """Build the field for a rate card, closed at first."""
    with ui.expansion("What will it cost?").classes("more q-mt-md"):
        ui.label("Paste a rate card: TOML, or CSV with the columns channel, provider, price, currency.").classes("soft")
        card = having(ui.textarea("Rate card").props("outlined autogrow"), placeholder=_EXAMPLE).classes(
            "narrow mono-field"
        )
        said = ui.label().classes("strong").props("role=status")

        async def estimate() -> None:
            card.error = None
            written = card.value or ""
            try:
                said.set_text(await ask.aside(lambda: _sentence(visit, ref, written)))
            except PagecastError as error:
                said.set_text("")
                card.error = str(error).replace(str(visit.folder) + "/", "")

        buttons.outlined("Estimate", estimate)


def _sentence(visit: Visit, ref: str, written: str) -> str:
    session = visit.session
    toml = "[[rates]]" in written or "=" in written.partition("\n")[0]
    file = visit.folder / ("rate card.toml" if toml else "rate card.csv")
    file.write_text(written, encoding="utf-8")
    card = cost.load(file)
    with session.runtime.reading() as conn:
        found = find.exactly(conn, ref)
    planned = plan(session.runtime, found, session.environment, session.now())
    return price(planned, found, card).sentence
