"""Webhooks: whoever signs rightly is kept durably and then told so; everybody else is refused and counted.

    GET  /webhooks/meta     the handshake by which Meta learns that the address is ours
    POST /webhooks/meta     200 kept · 403 wrong signature, or no secret to check it by · 413 too large
    POST /webhooks/orbit    · 503 not kept: the platform sends it again

Nothing is read out of a body here. No answer and no log line holds a secret, or anything of a body.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import PlainTextResponse, Response
from sqlalchemy.exc import SQLAlchemyError

from campaigns.inbox import Inbox, Raw, Refusal
from campaigns.providers.meta import webhook as meta
from campaigns.providers.orbit import webhook as orbit
from campaigns.settings import Keys, Settings, key, keys
from campaigns.web.intake import Intake
from campaigns.web.refusals import Refusals
from campaigns.web.room import Room, TooLargeError
from schemas.page import ProviderName

_KEEPING = 10.0
"""Seconds until a platform is told to come again; it may be kept after all, and twice does no harm."""
_LONG = 64 * 1024
"""Bytes of a body whose hash would hold everybody else up."""

logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Door:
    """Where one provider comes in: `verified` says of headers and body whether one of `keys` signed them."""

    provider: ProviderName
    keys: Keys
    verified: Callable[[Mapping[str, str], bytes], bool]


def doors(settings: Settings, environment: Mapping[str, str]) -> list[Door]:
    """Return the doors that the settings name; what a secret refers to is read now."""
    app = keys(settings.meta_app_secret, settings, environment)
    hook = keys(settings.orbit_webhook_secret, settings, environment)
    scheme = settings.orbit_webhook_scheme
    return [
        Door(ProviderName.META, app, lambda headers, body: meta.verified(headers, body, app.values)),
        Door(
            ProviderName.ORBIT,
            hook,
            lambda headers, body: orbit.verified(headers, body, hook.values, scheme=scheme, now=time.time()),
        ),
    ]


class Webhooks:
    """The routes, and what they share."""

    def __init__(self, inbox: Inbox, settings: Settings, environment: Mapping[str, str]) -> None:
        self.refusals = Refusals(inbox)
        self._intake = Intake(inbox.keep)
        self._room = Room()
        self._word = key(settings.meta_verify_token, settings, environment)
        self.router = APIRouter()
        self.router.add_route("/webhooks/meta", self._shake_hands, methods=["GET"])
        for door in doors(settings, environment):
            _tell_missing(door)
            self.router.add_route(f"/webhooks/{door.provider}", self._receiver(door), methods=["POST"])

    async def _shake_hands(self, request: Request) -> Response:
        """Answer the platform's question in its own words, where it knows the verify token."""
        answer = meta.challenge(request.query_params, self._word)
        if answer is None:
            raise self._refuse(ProviderName.META, Refusal.HANDSHAKE if self._word else Refusal.NO_HANDSHAKE)
        return PlainTextResponse(answer, headers={"X-Content-Type-Options": "nosniff"})

    def _receiver(self, door: Door) -> Callable[[Request], Awaitable[Response]]:
        async def receive(request: Request) -> Response:
            """Keep a body that is signed rightly."""
            if not door.keys.values:
                raise self._refuse(door.provider, Refusal.NO_SECRET)
            try:
                async with self._room.body(request) as body:
                    await self._admit(door, request.headers, body)
            except TooLargeError:
                self._refuse(door.provider, Refusal.TOO_LARGE)
                raise
            return Response()

        return receive

    async def _admit(self, door: Door, headers: Mapping[str, str], body: bytes) -> None:
        heavy = len(body) > _LONG
        right = await asyncio.to_thread(door.verified, headers, body) if heavy else door.verified(headers, body)
        if not right:
            raise self._refuse(door.provider, Refusal.WRONG_SIGNATURE)
        try:
            async with asyncio.timeout(_KEEPING):
                await self._intake.keep(Raw(door.provider, int(time.time() * 1000), body))
        except (SQLAlchemyError, TimeoutError) as error:
            # The class alone: a driver's sentence may quote the row.
            logger.error("webhooks.not_kept", provider=door.provider.value, error=type(error).__name__)  # noqa: TRY400
            raise HTTPException(503, headers={"Retry-After": "1"}) from None

    def _refuse(self, provider: ProviderName, reason: Refusal) -> HTTPException:
        self.refusals.count(provider, reason)
        return HTTPException(403)


def _tell_missing(door: Door) -> None:
    for name in door.keys.missing:
        said = f"{name} is not set, and the webhooks that it signs are refused. `pagecast doctor` says more."
        logger.error("webhooks.key_missing", provider=door.provider.value, sentence=said)
