"""Who did it, to whom and when: what every messaging item of Meta's has, whatever it is about."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from campaigns.providers.fields import Fields
from schemas.inbound import Inbound, InboundKind


@dataclass(frozen=True, slots=True)
class Item:
    """The fields as in `Inbound`. `name` is the key that says what the item is; `ours`: our account acted itself."""

    channel: str
    account_id: str
    person: str
    at: int
    name: str
    ours: bool = False
    standby: bool = False

    def event(self, kind: InboundKind, *, name: str = "", **facts: Any) -> Inbound:
        """Return the event with what else is known of it; one that came by standby is named so."""
        shown = "standby" if self.standby else name
        return Inbound(kind, self.channel, self.account_id, self.person, self.at, name=shown, **facts)

    def other(self, status: str = "") -> Inbound:
        """Return the event that is counted and left alone."""
        return Inbound(
            InboundKind.OTHER, self.channel, self.account_id, self.person, self.at, name=self.name, status=status
        )


Reader = Callable[[Item, Fields], Inbound]
"""From an item and the object under its name to an event; never raises, whatever the object holds."""
