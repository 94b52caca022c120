"""What a provider is: pure functions from a send to an `httpx.Request`, and from an `httpx.Response` to an outcome.

No provider opens a connection, waits, retries or logs; one sender does that for all of them.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import httpx
from pydantic import SecretStr

from campaigns.errors import InputError
from schemas.bucket import Pace
from schemas.message import Part
from schemas.outcome import Outcome, Usage
from schemas.page import Channel, ProviderName, Route
from schemas.reason import Reason

AUTH_SCHEMES = frozenset({"x-api-key", "bearer"})
LOGINS = frozenset({"facebook", "instagram"})

_HEADER_SAFE = re.compile(r"[!-~]+")


class UnreadableBody(ValueError):  # noqa: N818 - it names the body, which is kept as it came
    """A webhook's body is no JSON object and no array. Everything inside one is read, or counted as OTHER."""


@dataclass(frozen=True, slots=True)
class Sender:
    """The account that sends, with its secret resolved.

    `base_url` may end in a slash and may carry a path prefix; it holds no query, fragment or user, since those end up
    in logs. `login` is Meta's flavour (`facebook` or `instagram`), `auth` Orbit's header (`x-api-key` or `bearer`); the
    other provider ignores it. Raises InputError where no request could ever be built, so that nothing is claimed first.
    """

    channel: Channel
    account_id: str
    base_url: str
    token: SecretStr
    login: str = "facebook"
    auth: str = "x-api-key"

    def __post_init__(self) -> None:
        check_base_url(self.base_url)
        # An HTTP library that meets a bad character quotes the whole header in its error: the token would be logged.
        if not _HEADER_SAFE.fullmatch(self.token.get_secret_value()):
            raise InputError(
                f"The token of account {self.account_id} is empty or holds blanks or characters that no HTTP header "
                "can carry. Copy it again, without line breaks or quotation marks."
            )
        if self.login not in LOGINS:
            raise InputError(f'login = "{self.login}" is not known. Use "facebook" or "instagram".')
        if self.auth not in AUTH_SCHEMES:
            raise InputError(f'auth = "{self.auth}" is not known. Use "x-api-key" or "bearer".')


def check_base_url(base_url: str) -> None:
    """Raise InputError unless paths can be appended to `base_url` and nothing in it is secret."""
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in {"http", "https"} or not url.host or url.query or url.fragment or url.userinfo:
        raise InputError(
            "A base_url is http or https, a host and perhaps a path, without user, query or fragment. "
            "Write it like https://graph.facebook.com/v26.0."
        )


@dataclass(frozen=True, slots=True)
class Call:
    """One call: a rendered part for one person.

    `metadata` is our correlation id, echoed by platforms that can. `idempotency_key` is sent where the provider
    documents a header for it.
    """

    recipient_id: str
    part: Part
    metadata: str
    idempotency_key: str
    tag: str | None = None


class Provider(Protocol):
    """Who takes the request. Every method is pure, and none ever puts the token anywhere but into a header."""

    @property
    def name(self) -> ProviderName:
        """The provider's name in campaign files and tables."""

    @property
    def try_later(self) -> frozenset[str]:
        """`Outcome.code` of the Unknown answers by which the platform itself asks to try again later."""

    def default_base_url(self, channel: Channel, login: str) -> str:
        """Where requests go when the page does not say."""

    def request(self, sender: Sender, call: Call) -> httpx.Request:
        """Build the whole request: absolute URL, headers, body as UTF-8 bytes."""

    def outcome(self, response: httpx.Response, received_at: datetime, account_id: str = "") -> Outcome:
        """Understand an answer whose body has been read; never raises, whatever the answer holds.

        `received_at` (with a zone) counts where the answer has no Date of its own. With `account_id`, usage headers
        are read for that account alone where they name it.
        """

    def reason(self, code: str) -> Reason | None:
        """Return what an `Outcome.code` is put down to; None where the code is not known, or says nothing of that."""

    def usage(self, response: httpx.Response, account_id: str) -> Usage | None:
        """How much of a quota an answer says is used, None where it says nothing. Asked of every answer, so cheap."""

    def paces(self, sender: Sender, route: Route) -> tuple[Pace, ...]:
        """Every bucket that one text passes, the sender's first."""

    def rate_warnings(self, sender: Sender, route: Route) -> list[str]:
        """One sentence for each typed rate above the platform's own figure; the rate is obeyed all the same."""
