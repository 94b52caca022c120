"""What happened, and what is happening: one set of functions feeds CLI, API, dashboard and the exported files.

Every function takes an open transaction (`Runtime.reading()`); none changes anything in the database. Each module is
imported when it is asked for: who only wants to know how a campaign stands does without polars.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from campaigns.report.conservation import equation
    from campaigns.report.dossier import person
    from campaigns.report.ending import exit_code
    from campaigns.report.explanation import explain
    from campaigns.report.folder import Written, write
    from campaigns.report.standing import status
    from campaigns.report.unreached import Remainder, remainder

__all__ = [
    "Remainder",
    "Written",
    "equation",
    "exit_code",
    "explain",
    "person",
    "remainder",
    "status",
    "write",
]

_MODULES = {
    "Remainder": "unreached",
    "Written": "folder",
    "equation": "conservation",
    "exit_code": "ending",
    "explain": "explanation",
    "person": "dossier",
    "remainder": "unreached",
    "status": "standing",
    "write": "folder",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
