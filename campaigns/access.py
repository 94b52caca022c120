"""Who may do what: every verb of the HTTP API has a right, and every right its roles. To write is not to send."""

from collections.abc import Mapping

from schemas.api_key import ApiKey, Role
from schemas.right import Right

_EVERYBODY = frozenset(Role)
_WRITERS = frozenset({Role.AUTHOR, Role.SENDER, Role.ADMIN})
_SENDERS = frozenset({Role.SENDER, Role.ADMIN})
_ADMINS = frozenset({Role.ADMIN})

RIGHTS: Mapping[Right, frozenset[Role]] = {
    Right.ME: _EVERYBODY,
    Right.READ: _EVERYBODY,
    Right.UPLOAD: _WRITERS,
    Right.SUBMIT: _WRITERS,
    Right.PLAN: _WRITERS,
    Right.CLONE: _WRITERS,
    Right.REMAINDER: _WRITERS,
    Right.TEST: _WRITERS,
    Right.APPROVE: frozenset({Role.APPROVER, Role.ADMIN}),
    Right.LAUNCH: _SENDERS,
    Right.PAUSE: _SENDERS,
    Right.RESUME: _SENDERS,
    Right.CANCEL: _SENDERS,
    Right.RETRY: _SENDERS,
    Right.RESOLVE: _SENDERS,
    Right.REVISE: _SENDERS,
    Right.CHANGE: _SENDERS,
    Right.STOP_PAGES: _SENDERS,
    Right.CHANGE_PAGES: _ADMINS,
    Right.CHECK_PAGES: _WRITERS,
    Right.PULL_PAGES: _SENDERS,
    # Whoever could add a tester could send to anybody.
    Right.CHANGE_TESTERS: _SENDERS,
    Right.SUPPRESS: _WRITERS,
    Right.LIFT: _ADMINS,
    Right.ERASE: _ADMINS,
    Right.WEBHOOKS: _ADMINS,
    Right.KEYS: _ADMINS,
}


def allowed(role: Role, right: Right) -> bool:
    """Whether somebody of that role has the right."""
    return role in RIGHTS[right]


def rights_of(role: Role) -> list[Right]:
    """Return every right of a role, in the order of the list."""
    return [right for right in Right if allowed(role, right)]


def granted(key: ApiKey) -> list[Right]:
    """Return every right of a key: those of its role, or the ones among them that its scopes name."""
    scopes = {*key.scopes.split(), Right.ME}
    return [right for right in rights_of(key.role) if not key.scopes or right in scopes]


def holds(key: ApiKey, right: Right) -> bool:
    """Whether a key has the right."""
    return right in granted(key)
