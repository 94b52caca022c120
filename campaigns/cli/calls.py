"""What can be asked of a server: `calls.campaigns.pause(ref)`, imported when it is first asked for.

The client brings httpx, and the verbs of this machine start without it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from campaigns.client.calls import (
        audit,
        campaigns,
        contacts,
        events,
        jobs,
        keys,
        lists,
        me,
        pages,
        people,
        reports,
        suppressions,
        testers,
        webhooks,
    )

__all__ = [
    "audit",
    "campaigns",
    "contacts",
    "events",
    "jobs",
    "keys",
    "lists",
    "me",
    "pages",
    "people",
    "reports",
    "suppressions",
    "testers",
    "webhooks",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(name)
    return import_module(f"campaigns.client.calls.{name}")
