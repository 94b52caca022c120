"""What can be done with a page, and the questions before it."""

from collections.abc import Awaitable, Callable
from enum import StrEnum

from campaigns import pages as stored
from campaigns.errors import StoppedError
from campaigns.inbound.visit import visit
from campaigns.lifecycle.probe import probe
from campaigns.moments import people
from campaigns.runtime import changing
from campaigns.web.dashboard import ask
from campaigns.web.dashboard.page.health import Health, health
from campaigns.web.dashboard.session import Session
from schemas.api.pages import Pulled, TokenCheck
from schemas.page import Page, ProviderName
from schemas.right import Right


class Deed(StrEnum):
    """The value is the word on the button."""

    CHECK = "Check the token"
    PULL = "Read conversations"
    PAUSE = "Pause"
    RESUME = "Resume"
    REMOVE = "Remove"


ICONS = {
    Deed.CHECK: "verified_user",
    Deed.PULL: "sync",
    Deed.PAUSE: "pause",
    Deed.RESUME: "play_arrow",
    Deed.REMOVE: "delete_outline",
}
_RIGHTS = {
    Deed.CHECK: Right.CHECK_PAGES,
    Deed.PULL: Right.PULL_PAGES,
    Deed.PAUSE: Right.STOP_PAGES,
    Deed.RESUME: Right.STOP_PAGES,
    Deed.REMOVE: Right.CHANGE_PAGES,
}


def offered(found: Health, may: Callable[[Right], bool]) -> list[Deed]:
    """Return what somebody may do with a page as it is."""
    stands = found.since is not None
    possible = {
        Deed.CHECK: True,
        Deed.PULL: found.account.provider is ProviderName.META,
        Deed.PAUSE: not stands,
        Deed.RESUME: stands or found.until is not None,
        Deed.REMOVE: not found.uses,
    }
    return [deed for deed in Deed if possible[deed] and may(_RIGHTS[deed])]


async def do(session: Session, deed: Deed, name: str) -> object:
    """Do it, after a question where it has consequences; return what came of it, None for nothing."""
    return await _DONE[deed](session, name)


def consequence(found: Health) -> str:
    """Return what a pause of a page means to its campaigns."""
    if not found.uses:
        return "No unfinished campaign uses it. Those to come wait until it is resumed."
    n = len(found.uses)
    campaigns = f"{n:,} campaign{'s' if n > 1 else ''}"
    return (
        f"It stops in {campaigns}: {people(found.people)} wait until it is resumed, and their windows go on closing. "
        "Other pages go on."
    )


async def _check(session: Session, name: str) -> object:
    def check() -> TokenCheck:
        return probe(session.runtime, _page(session, name), session.environment, session.actor)

    return await ask.done_by(check, right=Right.CHECK_PAGES, done=lambda found: f"Page {name}: {found.sentence}")


async def _pull(session: Session, name: str) -> object:
    def pull() -> Pulled:
        found = visit(session.runtime, _page(session, name), session.environment, session.actor)
        if not found.complete:
            raise StoppedError(found.sentence)
        return found

    def told(found: Pulled) -> str:
        if not found.messages:
            return f"Page {name}: nothing new in its conversations."
        return f"Page {name}: {found.messages:,} messages, {found.windows:,} windows, {found.opted_out:,} opt-outs."

    ask.tell(f"Reading the conversations of {name}; it takes as long as there is much that is new.")
    return await ask.done_by(pull, right=Right.PULL_PAGES, done=told)


async def _pause(session: Session, name: str) -> object:
    found = await ask.aside(lambda: health(session, name))

    def pause() -> Page:
        with changing(session.runtime, dry_run=False) as (conn, now):
            return stored.pause(conn, stored.named(conn, name), now, session.actor)

    return await ask.confirmed(
        f"Pause page {name}?",
        consequence(found),
        "Pause the page",
        pause,
        right=Right.STOP_PAGES,
        done=f"Page {name} is paused.",
    )


async def _resume(session: Session, name: str) -> object:
    found = await ask.aside(lambda: health(session, name))

    def resume() -> bool:
        with changing(session.runtime, dry_run=False) as (conn, now):
            stored.resume(conn, stored.named(conn, name), now, session.actor)
        return True

    mended = f" Do that first: {found.next_step}" if found.next_step else ""
    whom = f"{people(found.people)} of {len(found.uses):,} campaigns wait for it." if found.uses else "Nobody waits."
    return await ask.confirmed(
        f"Resume page {name}?",
        f"It sends again at once. {whom}{mended}",
        "Resume the page",
        resume,
        right=Right.STOP_PAGES,
        done=f"Page {name} may send again.",
    )


async def _remove(session: Session, name: str) -> object:
    def remove() -> bool:
        with changing(session.runtime, dry_run=False) as (conn, now):
            stored.remove(conn, stored.named(conn, name), now, session.actor)
        return True

    return await ask.confirmed(
        f"Remove page {name}?",
        "No campaign can send from it any more. What it sent stays in the reports, and its opt-outs hold if the "
        "account is added again.",
        "Remove the page",
        remove,
        right=Right.CHANGE_PAGES,
        done=f"Page {name} is removed.",
        grave=True,
    )


def _page(session: Session, name: str) -> Page:
    with session.runtime.reading() as conn:
        return stored.named(conn, name)


_DONE: dict[Deed, Callable[[Session, str], Awaitable[object]]] = {
    Deed.CHECK: _check,
    Deed.PULL: _pull,
    Deed.PAUSE: _pause,
    Deed.RESUME: _resume,
    Deed.REMOVE: _remove,
}
