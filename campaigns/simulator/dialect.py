"""What differs between the platforms, owned by the receiver that needs it."""

from typing import Protocol

from campaigns.simulator.answer import Answer, Call, Moment, Wait


class Dialect(Protocol):
    """Codes, words and headers of one platform."""

    @property
    def name(self) -> str:
        """Whose it is: `meta` or `orbit`."""

    @property
    def limit_code(self) -> str:
        """The code for a sender's own rate limit."""

    @property
    def key_code(self) -> str:
        """The code for an API key's rate limit."""

    @property
    def internal_code(self) -> str:
        """The code a plain 500 carries."""

    @property
    def invalid_code(self) -> str:
        """The code of a body that breaks a rule."""

    def code_of(self, fate: str, call: Call) -> str:
        """Return the platform's code for a named fate or a code."""

    def quota_code(self, call: Call) -> str:
        """Return the code for a used-up quota."""

    def accepted(self, call: Call, message_id: str, moment: Moment) -> Answer:
        """Return the answer to a message taken; without an id when it is empty."""

    def invalid(self, call: Call, moment: Moment) -> Answer:
        """Return the answer to a body that breaks a rule."""

    def error(self, call: Call, code: str, moment: Moment, wait: Wait | None = None) -> Answer:
        """Return the answer with an error code."""
