"""Who is told what happens to campaigns and pages, and whether it arrives."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from schemas.notice_state import NoticeState, Way

_STRICT = ConfigDict(extra="forbid")
_EVENTS = [["campaign.finished", "page.parked"]]
_KEY = ["msg_0123456789abcdef01234567"]


class NewWebhook(BaseModel):
    """Whom to tell what.

    A webhook gets signed JSON (Standard Webhooks). With the kind `apprise` the URL is one of Apprise, and words go to
    chat or e-mail.
    """

    model_config = _STRICT

    name: str = Field(min_length=1, max_length=100, description="Whom you tell, in a word.", examples=["ops"])
    kind: Way = Field(Way.WEBHOOK, examples=["webhook"])
    url: str = Field(
        min_length=1,
        max_length=2_000,
        description="Where to, or `@{secret:NAME}` where the URL is a secret itself.",
        examples=["https://ops.example.com/pagecast"],
    )
    secret: str = Field(
        "",
        max_length=200,
        description="`@{secret:NAME}` of what signs webhooks, never the secret itself: `whsec_` and base64.",
        examples=["@{secret:OPS_SIGNING}"],
    )
    events: list[str] = Field(
        default_factory=list,
        max_length=50,
        description="What of, such as `campaign.finished` or `finished`; `all` is everything, none what is urgent.",
        examples=_EVENTS,
    )
    dry_run: bool = Field(False, description="Say what would happen, and change nothing.")


class Webhook(BaseModel):
    """Somebody who is told: how many notices wait, arrived and were given up.

    `sentence` says what hinders the latest that did not arrive, which is tried again at `next_try`.
    """

    name: str = Field(examples=["ops"])
    kind: Way = Field(examples=["webhook"])
    url: str = Field(examples=["https://ops.example.com/pagecast"])
    secret: str | None = Field(examples=["@{secret:OPS_SIGNING}"])
    events: list[str] = Field(examples=_EVENTS)
    created_at: str = Field(examples=["2026-12-01T08:00:00.000Z"])
    queued: int = Field(examples=[0])
    sent: int = Field(examples=[12])
    dead: int = Field(examples=[0])
    sentence: str = Field(examples=[""])
    next_try: str | None = Field(examples=[None])


class Subscribed(BaseModel):
    """Who is told from now on; `notes` are doubts, such as a secret that is not set."""

    name: str = Field(examples=["ops"])
    kind: Way = Field(examples=["webhook"])
    url: str = Field(examples=["https://ops.example.com/pagecast"])
    secret: str | None = Field(examples=["@{secret:OPS_SIGNING}"])
    events: list[str] = Field(examples=_EVENTS)
    notes: list[str] = Field(examples=[["The secret OPS_SIGNING is not set here. Set it where `pagecast up` runs."]])
    dry_run: bool


class Unsubscribed(BaseModel):
    """Who is told nothing any more."""

    name: str = Field(examples=["ops"])
    removed: bool = Field(examples=[True])
    dry_run: bool


class Delivery(BaseModel):
    """One notice to one target.

    `id` is the `webhook-id` that the receiver sees, the same at every try. `payload` is what is sent, null before the
    first try. `settled_at` is when it arrived or was given up.
    """

    id: str = Field(examples=_KEY)
    type: str = Field(examples=["campaign.finished"])
    campaign: str | None = Field(examples=["k7m2x9qa"])
    state: NoticeState = Field(examples=["sent"])
    tries: int = Field(examples=[1])
    error: str = Field(examples=[""])
    created_at: str = Field(examples=["2026-12-01T08:00:00.000Z"])
    next_try: str | None = Field(examples=[None])
    settled_at: str | None = Field(examples=["2026-12-01T08:00:01.000Z"])
    payload: dict[str, Any] | None = Field(examples=[{"id": _KEY[0], "type": "campaign.finished"}])


class Probe(BaseModel):
    """How a test is meant."""

    model_config = _STRICT

    dry_run: bool = Field(False, description="Say who would be told, and send nothing.")


class Probed(BaseModel):
    """Whether a test arrived; `error` says why not."""

    name: str = Field(examples=["ops"])
    id: str | None = Field(examples=_KEY)
    arrived: bool = Field(examples=[True])
    error: str = Field(examples=[""])
    dry_run: bool


class Replay(BaseModel):
    """What is told again."""

    model_config = _STRICT

    dead: bool = Field(False, description="What was given up too, from the first try on.", examples=[True])
    dry_run: bool = Field(False, description="Say how many it would be, and change nothing.")


class Replayed(BaseModel):
    """How many notices are tried again at once, of one target or of all."""

    name: str | None = Field(examples=["ops"])
    replayed: int = Field(examples=[3])
    dry_run: bool
