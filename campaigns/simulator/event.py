"""One thing that a platform has to tell, before it is put into a body."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """`kind` is Meta's object (`page`, `instagram`), or Orbit's type of event; `content` is what the body says of it.

    `id` is Orbit's event id. `at` is in epoch milliseconds.
    """

    platform: str
    kind: str
    account: str
    at: int
    content: dict[str, Any]
    id: str = ""
