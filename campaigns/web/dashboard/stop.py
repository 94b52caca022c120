"""Stop everything: one button on every screen, for whoever may pause."""

from nicegui import ui

from campaigns.lifecycle import control, find
from campaigns.web.dashboard import ask, buttons
from campaigns.web.dashboard.session import Session
from schemas.campaign import CampaignState
from schemas.right import Right

_MOST = 1_000


def button(session: Session) -> None:
    """Build the button where the key has the right."""
    if not session.may(Right.PAUSE):
        return

    async def stop() -> None:
        moving = await ask.aside(lambda: _moving(session))
        if not moving:
            ask.tell("Nothing is sending or scheduled, so there is nothing to stop.")
            return
        these = "1 campaign is" if moving == 1 else f"{moving:,} campaigns are"
        said = (
            f"{these} sending or scheduled. All of them pause within a second; messages that are out already still "
            "arrive. Each goes on when somebody resumes it."
        )
        await ask.confirmed(
            "Stop everything?",
            said,
            "Stop 1 campaign" if moving == 1 else f"Stop {moving:,} campaigns",
            lambda: control.pause_all(session.runtime, session.actor),
            right=Right.PAUSE,
            done=lambda n: "1 campaign is paused." if n == 1 else f"{n:,} campaigns are paused.",
            grave=True,
        )

    props = 'outline no-caps dense aria-label="Stop everything"'
    with ui.button(on_click=buttons.in_page(stop), color=None).props(props).classes("stop"):
        ui.icon("front_hand")
        ui.label("Stop everything").classes("only-wide")


def _moving(session: Session) -> int:
    with session.runtime.reading() as conn:
        states = CampaignState.SENDING, CampaignState.SCHEDULED
        return sum(len(find.latest(conn, _MOST, state=state)) for state in states)
