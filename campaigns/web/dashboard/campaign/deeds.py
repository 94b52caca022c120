"""The buttons of a campaign's screen, and what each begins."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from campaigns.web.dashboard import ask, buttons
from campaigns.web.dashboard.campaign import again, changing, launching, revising, stopping, trying
from campaigns.web.dashboard.campaign.offers import SCOPES, Deed, Offer
from campaigns.web.dashboard.campaign.seen import Seen, look
from campaigns.web.dashboard.session import Session

Begun = Callable[[Session, Seen], Awaitable[object]]

_BEGUN: dict[Deed, Begun] = {
    Deed.LAUNCH: launching.launch,
    Deed.RESUME: stopping.resume,
    Deed.PAUSE: stopping.pause,
    Deed.REVISE: revising.revise,
    Deed.CHANGE: changing.alter,
    Deed.TEST: trying.test,
    Deed.RESOLVE: again.resolve,
    Deed.CANCEL: stopping.cancel,
    Deed.DISCARD: stopping.discard,
}


class Row:
    """The row of buttons; `after` is called when something was done."""

    def __init__(self, session: Session, ref: str, after: Callable[[], Awaitable[None]]) -> None:
        self._session = session
        self._ref = ref
        self._after = after

    def build(self, offers: tuple[Offer, ...]) -> None:
        """Build the buttons, the spare ones in a menu."""
        for offer in offers:
            if not offer.spare:
                make = buttons.primary if offer.first else buttons.outlined
                make(offer.word, self._click(offer), icon=offer.icon)
        spare = [offer for offer in offers if offer.spare]
        if spare:
            self._menu(spare)

    def _menu(self, offers: list[Offer]) -> None:
        with buttons.icon_only("more_vert", "More actions"), ui.menu().props("auto-close role=menu"):
            for offer in offers:
                item = ui.menu_item(on_click=buttons.in_page(self._click(offer))).classes("choice")
                with item.props("role=menuitem"):
                    ui.icon(offer.icon)
                    ui.label(offer.word)

    def _click(self, offer: Offer) -> Callable[[], Awaitable[None]]:
        async def clicked() -> None:
            if offer.deed is Deed.CLONE:
                ui.navigate.to(f"/new?from={self._ref}")
                return
            # As it stands at this moment, not as it was drawn.
            seen = await ask.aside(lambda: look(self._session, self._ref))
            if await self._begin(offer.deed, seen) is None:
                return
            if offer.deed is Deed.DISCARD:
                ui.navigate.to("/campaigns")
            else:
                await self._after()

        return clicked

    async def _begin(self, deed: Deed, seen: Seen) -> object:
        if deed in SCOPES:
            return await again.retry(self._session, seen, SCOPES[deed])
        return await _BEGUN[deed](self._session, seen)
