"""A screen that keeps itself up to date, and says so when it cannot."""

from collections.abc import Awaitable, Callable

from nicegui import ui
from sqlalchemy.exc import SQLAlchemyError

from campaigns.errors import PagecastError
from campaigns.web.dashboard import faults

EVERY = 1.0
_STALE = "The database does not answer just now. What you see may be old."


def live(refresh: Callable[[], Awaitable[None]], every: float = EVERY) -> None:
    """Call `refresh` every so many seconds for as long as the screen is open; call this where the warning may stand.

    What it is about may go meanwhile: that is said once, and nothing asks for it again.
    """
    warning = ui.label(_STALE).props("role=status").classes("warning")
    warning.visible = False

    async def look() -> None:
        try:
            await refresh()
        except SQLAlchemyError as error:
            if not warning.visible:
                faults.tell(error)
            warning.text, warning.visible = _STALE, True
        except PagecastError as error:
            warning.text, warning.visible = str(error), True
            timer.cancel()
        else:
            warning.visible = False

    timer = ui.timer(every, look, immediate=False)
