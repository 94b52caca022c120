"""Who looks at a screen, as what, and what the screen works with."""

from collections.abc import Mapping
from dataclasses import dataclass

from anyio import CapacityLimiter
from nicegui import ui

from campaigns.access import holds
from campaigns.errors import StateError
from campaigns.runtime import Runtime, now_of
from campaigns.web.api.desk import Desk
from campaigns.web.dashboard.standings import Standings
from campaigns.web.passes import Pass, Passes
from campaigns.web.pulse import Pulse
from schemas.api_key import ApiKey
from schemas.right import Right


@dataclass(frozen=True)
class House:
    """What one application's screens share: `environment` is where secrets are looked up.

    `pulse` watches one campaign for a screen of its own, `standings` tells how those of a list stand. Work that
    takes a core waits for `heavy`, outside of the threads that everything else needs.
    """

    runtime: Runtime
    environment: Mapping[str, str]
    passes: Passes
    pulse: Pulse
    standings: Standings
    heavy: CapacityLimiter


@dataclass(frozen=True)
class Session:
    """One person on one screen; `current()` gives it while the screen is built and in its events."""

    house: House
    key: ApiKey
    shown: Pass

    @property
    def runtime(self) -> Runtime:
        """The opened resources."""
        return self.house.runtime

    @property
    def environment(self) -> Mapping[str, str]:
        """Where secrets are looked up."""
        return self.house.environment

    @property
    def actor(self) -> str:
        """Who it is, for the timeline and the audit."""
        return f"key:{self.key.name}"

    @property
    def desk(self) -> Desk:
        """The same person as the API knows them, for work that both do."""
        return Desk(self.runtime, self.environment, self.key, self.house.heavy)

    def may(self, right: Right) -> bool:
        """Whether the key's role has a right; what somebody may not do is not shown to them."""
        return holds(self.key, right)

    def need(self, right: Right) -> None:
        """Raise StateError unless the role has the right and the key still lives; asks the database."""
        if not self.may(right):
            raise StateError(f"Your key {self.key.name} has the role {self.key.role}, which lacks the right {right}.")
        if not self.house.passes.holds(self.shown):
            raise StateError("Your session has ended. Log in again.")

    def now(self) -> int:
        """Return the database's time in epoch milliseconds; asks the database."""
        with self.runtime.reading() as conn:
            return now_of(conn)


def current() -> Session:
    """Return the session of the page that is being built, or whose event is being answered."""
    found = ui.context.client.request.scope["state"]["session"]
    assert isinstance(found, Session), "the guard puts it there"
    return found
