"""A campaign that is watched: one look a second for everybody who does, and what listens to it on this screen."""

import time
from collections.abc import Callable
from dataclasses import replace

from campaigns.errors import PagecastError
from campaigns.web.dashboard import ask
from campaigns.web.dashboard.campaign.seen import Seen, look
from campaigns.web.dashboard.session import Session
from schemas.api.campaigns import Standing

_WAIT = 1.0
_ANEW = 10.0
"""Seconds between looks at the campaign's own row, which hours and deadlines stand in."""


class Watching:
    """`seen` is the latest; each of `listeners` is called with every change, and each second for the clocks."""

    def __init__(self, session: Session, seen: Seen) -> None:
        self.session = session
        self.seen = seen
        self.listeners: list[Callable[[Seen], object]] = []
        self._skew = seen.now - _here()
        self._looked = time.monotonic()

    def listen(self, listener: Callable[[Seen], object]) -> None:
        """Call a listener now, and with everything that is seen from now on."""
        self.listeners.append(listener)
        listener(self.seen)

    async def again(self) -> None:
        """Look at once: something was done."""
        seen = await ask.aside(lambda: look(self.session, self.seen.ref))
        self._skew, self._looked = seen.now - _here(), time.monotonic()
        self._show(seen)

    async def follow(self) -> None:
        """Show what the shared look sees, until nobody looks at this screen; for a timer that ends with it."""
        async with self.session.house.pulse.of(self.seen.campaign.id or 0) as watch:
            while not watch.over:
                try:
                    standing = await watch.changed(within=_WAIT)
                except PagecastError as error:
                    ask.fail(str(error))
                    return
                await self._take(standing or self.seen.standing)

    async def _take(self, standing: Standing) -> None:
        moved = standing.state is not self.seen.standing.state
        if moved or time.monotonic() - self._looked > _ANEW:
            await self.again()
        else:
            self._show(replace(self.seen, standing=standing, now=_here() + self._skew))

    def _show(self, seen: Seen) -> None:
        self.seen = seen
        for listener in list(self.listeners):
            listener(seen)


def _here() -> int:
    return round(time.time() * 1000)
