"""A body on its way: the events in it, its bytes, and how it is to be posted."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random

from campaigns.simulator import meta_events, orbit_events, signature
from campaigns.simulator.event import Event
from campaigns.simulator.webhooks import Webhooks

_SHAPES = tuple(meta_events.SHAPES)


@dataclass(frozen=True, slots=True)
class Parcel:
    """`first` stands for all of its `size` events; it goes out `copies` times, and once falsely signed if `forged`."""

    number: int
    first: Event
    size: int
    body: bytes
    copies: int = 1
    forged: bool = False

    def headers(self, webhooks: Webhooks, now: float, *, forged: bool = False) -> dict[str, str]:
        """Return the headers at a moment, in epoch seconds; a forged signature is one over other bytes."""
        signed = self.body + b" " if forged else self.body
        if self.first.platform == "meta":
            seal = signature.meta(webhooks.app_secret, signed)
            return {"Content-Type": "application/json", "User-Agent": "facebookexternalua", **seal}
        return {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Devotel-Webhooks/1.0",
            "X-Devotel-Event-Id": self.first.id,
            "X-Devotel-Event-Type": self.first.kind,
            "X-Devotel-Delivery-Id": f"dlv_{self.number}",
            **signature.orbit(webhooks.orbit_secret, webhooks.orbit_scheme, signed, self.first.id, now),
        }


class Packing:
    """Puts events into bodies by a scenario; what befalls a body follows the seed and the order of bodies."""

    def __init__(self, webhooks: Webhooks, seed: int) -> None:
        self._webhooks = webhooks
        self._random = Random(seed)  # noqa: S311 - faults, not secrets
        self._number = 0

    def pack(self, events: Iterable[Event], now: float) -> Iterator[Parcel]:
        """Yield bodies: Meta's by object, up to `batch` events each, Orbit's with one; `now` in epoch seconds."""
        by_kind: dict[str, list[Event]] = {}
        for event in events:
            by_kind.setdefault(event.kind if event.platform == "meta" else event.id, []).append(event)
        for alike in by_kind.values():
            rest = iter(alike)
            while some := list(islice(rest, self._webhooks.batch if alike[0].platform == "meta" else 1)):
                yield self._parcel(some, now)

    def _parcel(self, events: list[Event], now: float) -> Parcel:
        webhooks, dice = self._webhooks, self._random
        self._number += 1
        shape = dice.choice(_SHAPES) if self._falls(webhooks.odd) else ""
        first = events[0]
        made = meta_events.body(events, int(now * 1000), shape) if first.platform == "meta" else None
        return Parcel(
            self._number,
            first,
            len(events),
            made or orbit_events.body(first, shape),
            copies=1 + self._falls(webhooks.duplicate),
            forged=self._falls(webhooks.bad_signature),
        )

    def _falls(self, share: float) -> bool:
        return bool(share) and self._random.random() < share
