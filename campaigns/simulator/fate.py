"""What a person or a request meets: dice thrown by hash, so that nothing depends on order, time or concurrency."""

import struct
from dataclasses import dataclass
from hashlib import blake2b

from campaigns.errors import InputError
from campaigns.simulator.scenario import Scenario

# Named fates: each platform has its own code for them. The order is the precedence where a person draws several,
# and part of what a seed means: add new ones at the end.
PERSON_FATES = (
    "no_such_person",
    "blocked",
    "owned_elsewhere",
    "unavailable",
    "window_closed",
    "try_later",
    "unknown_error",
)
AMBIGUOUS = ("try_later", "unknown_error")
REQUEST_FATES = ("drop_request", "error_before", "drop_reply", "cut_reply", "error_after", "slow")

LINE_FAULTS = ("drop-request", "drop-reply", "reset-reply", "cut-reply", "hang")
GATEWAY_FAULTS = ("408", "500", "502", "503", "504", "html", "redirect")
ODD_ANSWERS = ("slow", "no-id")

_AFTER_BY_NATURE = {"drop-reply", "reset-reply", "cut-reply", "hang", "slow", "no-id", "1-1357046"}
_SERVER_ERRORS = ("500", "502", "503", "504")
_WORDS = struct.Struct("<8I")
WHOLE = 2**32


@dataclass(frozen=True, slots=True)
class Order:
    """What to answer one request with; the empty code means to accept it.

    `after`: the message is accepted although the answer does not say so. `wait`: Retry-After, in seconds.
    """

    code: str = ""
    after: bool = False
    wait: float | None = None

    @classmethod
    def parse(cls, text: str) -> "Order":
        """Read one order: `CODE[-before|-after][@SECONDS]`.

        CODE is `ok`, a named fate (`blocked`), a platform's code (`10-2534022`, `IG_RECIPIENT_OPTED_OUT`), or a fault:
        `drop-request` (connection reset, nothing accepted), `drop-reply` (accepted, closed without a word),
        `reset-reply` (accepted, reset), `cut-reply` (accepted, closed in mid-answer), `hang` (accepted, never
        answered), `slow`, `no-id` (2xx without a message id), `html` (200 with a page), `redirect` (302), `408`,
        `500`, `502`, `503`, `504`.
        """
        code, _, wait = text.strip().partition("@")
        after = code in _AFTER_BY_NATURE
        for suffix, meaning in (("-after", True), ("-before", False)):
            if code.endswith(suffix):
                code, after = code.removesuffix(suffix), meaning
        if not code:
            raise InputError(
                f"The order {text!r} names no code. Write for example '613@2', '500-after' or 'drop-reply'."
            )
        try:
            return cls("" if code == "ok" else code, after, float(wait) if wait else None)
        except ValueError as wrong:
            raise InputError(f"The order {text!r} must end in seconds after the @.") from wrong

    @property
    def early(self) -> bool:
        """Whether it strikes before the platform proper has seen the request."""
        return not self.after and (self.code in GATEWAY_FAULTS or self.code in LINE_FAULTS)

    @property
    def name(self) -> str:
        """How the stats call it."""
        return f"{self.code}-after" if self.after and self.code not in _AFTER_BY_NATURE else self.code


ACCEPT = Order()


def orders_of(text: str) -> tuple[Order, ...]:
    """Read orders separated by commas: one a try, the last for all later tries."""
    return tuple(Order.parse(part) for part in text.split(","))


class Fates:
    """Decides every request of a scenario.

    An explicit order beats everything, a fault of the request beats the person's own fate.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._seed = scenario.seed
        self._orders = {recipient: orders_of(text) for recipient, text in scenario.codes.items()}
        self._people = _thresholds(scenario, PERSON_FATES)
        self._requests = _thresholds(scenario, REQUEST_FATES)

    @property
    def counts_tries(self) -> bool:
        """Whether the decision depends on how often a person was tried."""
        return bool(self._requests or self._orders)

    def of(self, recipient: str, attempt: int = 1) -> Order:
        """Decide the n-th request for a person, counted from 1."""
        ordered = self._orders.get(recipient)
        if ordered:
            return ordered[min(attempt, len(ordered)) - 1]
        return self._request(recipient, attempt) or self.person(recipient)

    def person(self, recipient: str) -> Order:
        """Decide what the person meets on a faultless line, by the shares alone."""
        if not self._people:
            return ACCEPT
        dice = throw(self._seed, recipient)
        for place, fate, threshold in self._people:
            if dice[place] < threshold:
                return Order(fate, after=fate in AMBIGUOUS and bool(dice[7] & 1))
        return ACCEPT

    def _request(self, recipient: str, attempt: int) -> Order | None:
        if not self._requests:
            return None
        dice = throw(self._seed, f"{recipient}#{attempt}")
        for place, fate, threshold in self._requests:
            if dice[place] < threshold:
                return _fault(fate, dice[7])
        return None


def throw(seed: int, text: str) -> tuple[int, ...]:
    """Return eight dice of 32 bits, the same for the same seed and text."""
    return _WORDS.unpack(blake2b(f"{seed}:{text}".encode(errors="surrogatepass"), digest_size=32).digest())


def _thresholds(scenario: Scenario, fates: tuple[str, ...]) -> tuple[tuple[int, str, int], ...]:
    shares = ((place, fate, getattr(scenario, fate)) for place, fate in enumerate(fates))
    return tuple((place, fate, round(share * WHOLE)) for place, fate, share in shares if share > 0)


def _fault(fate: str, die: int) -> Order:
    if fate in {"error_before", "error_after"}:
        return Order(_SERVER_ERRORS[die % len(_SERVER_ERRORS)], after=fate == "error_after")
    return Order.parse(fate.replace("_", "-"))
