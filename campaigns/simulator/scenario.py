"""What the simulated platform does to whom: one frozen, seeded description, from a file, flags or code."""

import json
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from campaigns.errors import InputError
from campaigns.simulator.webhooks import Share, Webhooks


class Burst(BaseModel):
    """A spell in which everything is refused as too much.

    `every` counts accepted messages of one sender and freezes that sender; `at` is in seconds after the very first
    arrival and freezes everyone, as an application-wide code ("4", "341") does in either case. `codes` are taken in
    turn, one a spell; on Orbit a Graph code is answered as IG_RATE_LIMITED.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    every: int = Field(default=0, ge=0)
    at: tuple[float, ...] = ()
    seconds: float = Field(default=2.0, gt=0)
    codes: tuple[str, ...] = Field(default=("613",), min_length=1)


class Scenario(BaseModel):
    """A platform's temper. The default one accepts everything within the documented limits, at once.

    Shares of recipients depend on (seed, recipient) alone, so a person keeps the same fate over runs and accounts;
    shares of requests depend on (seed, recipient, how often that person was tried). Seconds everywhere; caps count
    messages.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = 1

    cap: float = Field(default=40, gt=0, description="messages a second and sender; more than cap + 1 % + 1 is refused")
    hidden_cap: float | None = Field(default=None, gt=0, description="a lower cap that no header shows")
    penalty: float = Field(
        default=1.0, ge=0, description="seconds of silence a refused sender must keep; each call renews it"
    )
    key_cap: int = Field(default=80, gt=0, description="Orbit: messages per key, channel and `key_seconds`, exactly")
    key_seconds: float = Field(default=60, gt=0)
    quota: int | None = Field(default=None, gt=0, description="messages a sender in all; shown in the usage headers")
    retry_after: Literal["none", "seconds", "date", "alternate"] = "alternate"
    bursts: tuple[Burst, ...] = ()

    latency: float = Field(default=0.0, ge=0, description="mean seconds between arrival and answer")
    jitter: float = Field(default=0.0, ge=0, description="uniform, this much either way")
    slow_seconds: float = Field(default=3.0, ge=0, description="how long a slow answer takes")
    clock_skew: float = Field(default=0.0, description="seconds the platform's clock is ahead of ours")

    no_such_person: Share = Field(default=0.0, ge=0, le=1)
    blocked: Share = Field(default=0.0, ge=0, le=1)
    owned_elsewhere: Share = Field(default=0.0, ge=0, le=1)
    unavailable: Share = Field(default=0.0, ge=0, le=1)
    window_closed: Share = Field(default=0.0, ge=0, le=1)
    try_later: Share = Field(
        default=0.0, ge=0, le=1, description="code 2; for half of these the message goes out all the same"
    )
    unknown_error: Share = Field(
        default=0.0, ge=0, le=1, description="bare 1; for half of these the message goes out all the same"
    )

    drop_request: Share = Field(default=0.0, ge=0, le=1, description="reset before anything was accepted")
    error_before: Share = Field(default=0.0, ge=0, le=1, description="5xx, nothing accepted")
    drop_reply: Share = Field(default=0.0, ge=0, le=1, description="accepted, closed without a word")
    cut_reply: Share = Field(default=0.0, ge=0, le=1, description="accepted, closed in mid-answer")
    error_after: Share = Field(default=0.0, ge=0, le=1, description="accepted, 5xx")
    slow: Share = Field(default=0.0, ge=0, le=1, description="accepted, answered after `slow_seconds`")

    codes: dict[str, str] = Field(default_factory=dict, description="recipient id to orders, see fate.Order.parse")
    revoked: tuple[str, ...] = Field(default=(), description="accounts whose token is no longer good")
    account_codes: dict[str, str] = Field(default_factory=dict, description="account id to the code it always gets")
    instagram: tuple[str, ...] = Field(default=(), description="Instagram accounts besides those starting with 17841")

    honour_idempotency: bool = Field(
        default=False, description="Orbit: a known Idempotency-Key gets its first answer again"
    )
    webhooks: Webhooks = Webhooks()
    conversation_cap: float = Field(
        default=2, gt=0, description="Conversations API: calls a second and account; more than cap + 1 % + 1 is refused"
    )
    remembered: int = Field(default=100_000, ge=1, description="conversations, from a reset on; the longest silent go")
    acceptance_log: Path | None = Field(
        default=None, description="a JSON line per accepted message, appended before the answer"
    )

    def changed(self, **changes: Any) -> "Scenario":
        """Return this scenario with some fields replaced; InputError names what does not fit."""
        return from_fields({**self.model_dump(), **changes})

    def speaks_instagram(self, account: str) -> bool:
        """Tell whether an account is Instagram's: their ids start with 17841, a Page's do not."""
        return account.startswith("17841") or account in self.instagram


def from_fields(fields: dict[str, Any]) -> Scenario:
    """Return the scenario with these fields; InputError says which one is wrong."""
    try:
        return Scenario.model_validate(fields)
    except ValidationError as refused:
        first = refused.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the scenario"
        what = first["msg"].removeprefix("Value error, ")
        raise InputError(f"The scenario's {where} is wrong: {what}. The fields are listed in Scenario.") from refused


def load(path: Path) -> Scenario:
    """Read a scenario from a .toml or .json file; InputError when it is missing or wrong."""
    try:
        text = path.read_text(encoding="utf-8")
        fields = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as missing:
        raise InputError(f"The scenario {path} cannot be read. Give a .toml or .json file, or a name.") from missing
    except ValueError as broken:
        raise InputError(f"The scenario {path} is not well-formed: {broken}.") from broken
    if not isinstance(fields, dict):
        raise InputError(f"The scenario {path} must be a table of fields.")
    return from_fields(fields)
