"""Doing things from a screen: work in a thread, a question before what has consequences, and what came of it."""

from collections.abc import Callable
from typing import Any, TypeVar

from anyio.to_thread import run_sync
from nicegui import ui

from campaigns.errors import PagecastError
from campaigns.web.dashboard import buttons, faults
from campaigns.web.dashboard.attributes import having
from campaigns.web.dashboard.session import current
from schemas.right import Right

Made = TypeVar("Made")

_SHOWN_MS = 6_000
_FADED = 1.0
_OURS = "ours"
"""No colour of Quasar's, so that the style sheet has its say."""
_LOOK: dict[str, Any] = {"position": "bottom", "color": _OURS, "textColor": _OURS}


async def aside(work: Callable[[], Made]) -> Made:
    """Do what asks the database or takes long in a thread; other screens go on."""
    return await run_sync(work)


async def confirmed(
    title: str,
    consequence: str,
    word: str,
    verb: Callable[[], Made],
    *,
    right: Right,
    done: str | Callable[[Made], str] = "",
    grave: bool = False,
) -> Made | None:
    """Ask, and do it on a yes; return what the verb did, None for a no or where it failed.

    `consequence` says in a sentence or two what happens and to how many people; `word` stands on the button, a verb
    with its object. `grave` is for what cannot be taken back.
    """
    with ui.context.client:
        if not await _yes(title, consequence, word, grave=grave):
            return None
        return await done_by(verb, right=right, done=done)


async def done_by(verb: Callable[[], Made], *, right: Right, done: str | Callable[[Made], str] = "") -> Made | None:
    """Do a verb in a thread and say what came of it; None where it was refused, which is told too."""
    session, client = current(), ui.context.client

    def work() -> Made:
        session.need(right)
        return verb()

    made, told, failure = None, "", ""
    try:
        made = await aside(work)
        told = done if isinstance(done, str) else done(made)
    except PagecastError as error:
        failure = str(error)
    except Exception as error:  # noqa: BLE001 - a screen says so, and goes on
        faults.tell(error)
        failure = faults.BROKEN
    # Not where the button was: what a verb changes is built anew, and the button with it.
    with client:
        if failure:
            fail(failure)
        elif told:
            tell(told)
    return made


def opened(title: str, classes: str = "asking", props: str = "") -> tuple[ui.dialog, ui.card]:
    """Build a question with its title; what it says goes into the card, and `closed` asks it."""
    with ui.dialog().props(props) as dialog, ui.card().classes(classes) as card:
        heading = ui.label(title).props("role=heading aria-level=2").classes("subtitle")
    having(dialog, aria_labelledby=heading.html_id)
    return dialog, card


def not_now(dialog: ui.dialog) -> ui.button:
    """Build the button that leaves a question without an answer."""
    return buttons.quiet("Not now", lambda: dialog.submit(None))


async def closed(dialog: ui.dialog) -> Any:
    """Ask; return the answer, None for none. The question goes once it has faded and given the focus back."""
    given = await dialog
    if not dialog.is_deleted:
        with dialog.client:
            ui.timer(_FADED, dialog.delete, once=True)
    return given


def tell(sentence: str) -> None:
    """Say for a moment that something is done; what went wrong before is over."""
    hush()
    ui.notify(sentence, **_LOOK, timeout=_SHOWN_MS, classes="told", attrs={"role": "status"})


def fail(sentence: str) -> None:
    """Say what went wrong, until somebody closes it or something else comes of the next try."""
    hush()
    close = {"label": "Close", "noCaps": True, "color": _OURS}
    ui.notification(
        sentence,
        **_LOOK,
        timeout=None,
        icon="error_outline",
        classes="told failed",
        attrs={"role": "alert"},
        actions=[close],
    )


def hush() -> None:
    """Take away what `fail` said on this page: it is over, and several of them would lie over the buttons."""
    for each in ui.context.client.layout.default_slot.children:
        if isinstance(each, ui.notification):
            each.dismiss()


async def _yes(title: str, consequence: str, word: str, *, grave: bool) -> bool:
    dialog, card = opened(title)
    with card:
        body = ui.label(consequence)
        having(dialog, aria_describedby=body.html_id)
        with ui.row().classes("answers"):
            not_now(dialog).props("autofocus")
            (buttons.grave if grave else buttons.primary)(word, lambda: dialog.submit(True))
    return bool(await closed(dialog))
