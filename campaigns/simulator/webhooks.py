"""The part of a scenario that says what the platform posts to whom: events, their shares, and how badly they travel."""

from base64 import b64decode
from ipaddress import ip_address
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = float  # 0 to 1
Scheme = Literal["timestamped", "bare", "standard"]


class Webhooks(BaseModel):
    """Where webhooks go, and how many of which. Without a URL nothing is posted.

    People answer all the same, for the Conversations API shows what they wrote. Shares of people depend on (seed,
    recipient) alone; each person does one of `stop`, `quick_reply`, `reply` at most, to every message they get. Shares
    of bodies follow the seed in the order in which bodies leave. Seconds everywhere, `jitter` is uniform, either way.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    meta_url: str = ""
    orbit_url: str = ""
    anywhere: bool = Field(default=False, description="also post to other machines than this one")
    app_secret: str = Field(default="", repr=False, description="signs what goes to `meta_url`")
    orbit_secret: str = Field(default="", repr=False, description="signs what goes to `orbit_url`")
    orbit_scheme: Scheme = "timestamped"
    app_id: int = 1_234_567

    echo: Share = Field(default=1.0, ge=0, le=1, description="people whose messages echo; Orbit: message.sent")
    failed: Share = Field(default=0.0, ge=0, le=1, description="Orbit: message.failed, and then nothing else")
    delivered: Share = Field(default=0.0, ge=0, le=1, description="Instagram never says so")
    read: Share = Field(default=0.0, ge=0, le=1, description="Orbit never says so for these channels")
    reply: Share = Field(default=0.0, ge=0, le=1, description="answer with words")
    quick_reply: Share = Field(default=0.0, ge=0, le=1, description="tap the first quick reply, where there is one")
    stop: Share = Field(default=0.0, ge=0, le=1, description="answer `stop_word`; Orbit: contact.opted_out as well")
    stop_word: str = Field(default="STOP", min_length=1)

    echo_delay: float = Field(default=0.2, ge=0, description="also of message.sent and message.failed")
    delivered_delay: float = Field(default=0.4, ge=0)
    read_delay: float = Field(default=1.0, ge=0)
    answer_delay: float = Field(default=2.0, ge=0)
    jitter: float = Field(default=0.1, ge=0)

    reorder: Share = Field(default=0.0, ge=0, le=1, description="events that come `reorder_seconds` later still")
    reorder_seconds: float = Field(default=1.0, ge=0)
    duplicate: Share = Field(default=0.0, ge=0, le=1, description="bodies posted twice")
    bad_signature: Share = Field(default=0.0, ge=0, le=1, description="bodies posted with a wrong signature first")
    odd: Share = Field(default=0.0, ge=0, le=1, description="bodies in one of the shapes only real platforms think of")
    batch: int = Field(default=20, ge=1, le=1000, description="events in a body of Meta's at most; Orbit sends one")
    gather: float = Field(default=0.05, ge=0, description="how long a body waits for more events")
    queue: int = Field(default=200_000, ge=1, description="events that wait at most; more are lost, and counted")

    def url(self, platform: str) -> str:
        """Return where a platform's events go, or an empty string."""
        return self.meta_url if platform == "meta" else self.orbit_url

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.stop + self.quick_reply + self.reply > 1:
            raise ValueError("stop, quick_reply and reply are shares of the same people: together at most 1")
        for name, url, secret in (
            ("meta", self.meta_url, self.app_secret),
            ("orbit", self.orbit_url, self.orbit_secret),
        ):
            if url and not secret:
                raise ValueError(f"{name}_url needs a secret to sign with: app_secret for Meta, orbit_secret for Orbit")
            if url and not (self.anywhere or _is_here(url)):
                raise ValueError(f"{name}_url leaves this machine; write a loopback address, or anywhere = true")
        if self.orbit_url and self.orbit_scheme == "standard":
            key_of(self.orbit_secret)
        return self


def key_of(secret: str) -> bytes:
    """Return the key of a Standard Webhooks secret, which is base64 behind `whsec_`; ValueError when it is not."""
    try:
        return b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError as wrong:
        raise ValueError(
            "orbit_secret must be base64, after whsec_ if that is there, for the standard scheme"
        ) from wrong


def _is_here(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
