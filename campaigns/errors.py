"""Errors that people see, each with its exit code.

    PagecastError           1  something of ours broke
    ├── UsageError          2  the command line is wrong
    ├── InputError          3  a list, campaign file or page is wrong
    │   ├── NotFoundError   3  there is nothing of that name
    │   └── AmbiguousError  3  there are several things of that name
    ├── StateError          4  not allowed in this state, or nobody confirmed
    │   └── VoidPlanError   4  the plan that was confirmed is not the present one
    └── StoppedError        5  stopped, and needs a person

Every message is one or two plain sentences: what is wrong, and what to do about it. None holds a secret.
"""


class PagecastError(Exception):
    """The root; its message is shown as it is."""

    exit_code = 1


class UsageError(PagecastError):
    """The command line cannot be understood."""

    exit_code = 2


class InputError(PagecastError):
    """A list, campaign file or page cannot be used as it is; nothing was stored."""

    exit_code = 3


class NotFoundError(InputError):
    """Somebody named what is not there."""


class AmbiguousError(InputError):
    """Somebody named what may be several; `candidates` are their ids and names."""

    def __init__(self, message: str, candidates: dict[str, str]) -> None:
        super().__init__(message)
        self.candidates = candidates


class StateError(PagecastError):
    """The verb is not allowed in the present state, or nobody confirmed it."""

    exit_code = 4


class VoidPlanError(StateError):
    """The plan that was confirmed is not the present one; whoever confirmed it has to look again."""


class StoppedError(PagecastError):
    """Work stopped and goes on only after a person did something."""

    exit_code = 5
