"""Parked pages that have another token than the refused one: a new secret, or a reference to another one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from campaigns import pages
from campaigns.pages import Parked
from campaigns.settings import MissingSecretError, Settings, secret

FIRST_WAIT, LONGEST_WAIT = 4.0, 900.0
"""Seconds until a token is tried again that was not seen refused: another machine may have tried an older one."""


@dataclass(frozen=True, slots=True)
class _Try:
    tokens: tuple[str, ...]
    wait: float
    again: float


class Tokens:
    """Which parked pages may try a message, for one clock. Fingerprints stay in this process, tokens in no variable."""

    def __init__(self, settings: Settings, environment: Mapping[str, str]) -> None:
        self._settings = settings
        self._environment = environment
        self._tries: dict[int, _Try] = {}

    def due(self, parked: Sequence[Parked], now: float) -> list[int]:
        """Return the pages whose token is new, at once and then ever more rarely; `now` in monotonic seconds."""
        return [page.id for page in parked if self._is_due(page, now)]

    def _is_due(self, page: Parked, now: float) -> bool:
        tokens = tuple(token for token in self._present(page) if token != page.refused)
        last = self._tries.get(page.id)
        if not tokens:
            return False
        if last is None or last.tokens != tokens:
            self._tries[page.id] = _Try(tokens, FIRST_WAIT, now + FIRST_WAIT)
            return True
        if now < last.again:
            return False
        wait = min(LONGEST_WAIT, 2 * last.wait)
        self._tries[page.id] = _Try(tokens, wait, now + wait)
        return True

    def _present(self, page: Parked) -> Iterator[str]:
        for reference in page.references:
            try:
                yield pages.fingerprint(page.id, secret(reference, self._settings, self._environment))
            except (MissingSecretError, OSError, ValueError):
                # Not there, or half written; the next tick looks again.
                continue
