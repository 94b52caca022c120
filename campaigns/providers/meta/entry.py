"""An entry of a body: the account that its items are about."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """`account_id` is '' where the entry names none; `at` is when Meta put it together, epoch ms, 0 where unsaid."""

    channel: str
    account_id: str
    at: int
