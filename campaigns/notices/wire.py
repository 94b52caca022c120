"""One attempt to deliver: a signed POST, or words by way of Apprise. It ends in a sentence, empty where it arrived.

Signatures are those of Standard Webhooks. No sentence quotes a URL or an answer: either may hold a secret.
"""

import asyncio
import binascii
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
from pydantic import SecretStr
from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError

from campaigns.notices.address import GuardedTransport, RefusedAddressError, UnknownHostError
from campaigns.notices.body import words
from campaigns.settings import Keys, MissingSecretError, Settings, keys, secret
from schemas.notice import NoticeTarget, Way

PATIENCE = 15.0
"""Seconds that one attempt may take, from the name's resolution to the answer."""
_AGENT = "Pagecast"
_SEE_OTHER, _BAD = 300, 400
_REFUSED = (
    "Its address is on this machine or in a private network. Set PAGECAST_PRIVATE_RECEIVERS=true where that is meant."
)


class _Hopeless(Exception):  # noqa: N818 - never leaves this module
    """The attempt cannot succeed; its text is the sentence."""


@dataclass(frozen=True, slots=True)
class Wire:
    """The way out of this process; an attempt takes at most `patience` seconds, secrets are found in `environment`."""

    settings: Settings
    environment: Mapping[str, str]
    patience: float = PATIENCE

    async def deliver(self, target: NoticeTarget, key: str, body: str) -> str:
        """Try once; return why it did not arrive, or ''."""
        try:
            async with asyncio.timeout(self.patience):
                if target.kind == Way.APPRISE:
                    return await asyncio.to_thread(_tell, self._url(target), *words(body))
                return await self._post(target, key, body)
        except TimeoutError:
            return f"No answer within {self.patience:g} s."
        except _Hopeless as error:
            return str(error)

    def _url(self, target: NoticeTarget) -> str:
        if not target.url.startswith("@{secret:"):
            return target.url
        try:
            return secret(target.url, self.settings, self.environment).get_secret_value()
        except MissingSecretError as error:
            raise _Hopeless(_missing(error.args[0])) from None

    async def _post(self, target: NoticeTarget, key: str, body: str) -> str:
        signing = keys(SecretStr(target.secret) if target.secret else None, self.settings, self.environment)
        headers = {"content-type": "application/json", "user-agent": _AGENT} | _signed(key, body, signing)
        transport = GuardedTransport(private=self.settings.private_receivers)
        try:
            async with (
                httpx.AsyncClient(transport=transport, timeout=self.patience, trust_env=False) as client,
                client.stream("POST", self._url(target), content=body.encode(), headers=headers) as response,
            ):
                # What it says beside its status is not read: it is nobody's to keep, and may never end.
                return _judged(response.status_code)
        except RefusedAddressError:
            return _REFUSED
        except UnknownHostError:
            return "Its name leads to no address."
        except httpx.TimeoutException:
            return f"No answer within {self.patience:g} s."
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return f"It cannot be reached ({type(error).__name__})."


def _missing(name: str) -> str:
    return f"The secret {name} is not set where notices are sent from."


def _judged(status: int) -> str:
    if status < _SEE_OTHER:
        return ""
    if status < _BAD:
        return f"It answered {status}; redirects are not followed. Give the address that it leads to."
    return f"It answered {status}."


def _signed(key: str, body: str, signing: Keys) -> dict[str, str]:
    """Return the headers of Standard Webhooks: one signature for each secret, none where there is no secret."""
    if signing.missing:
        raise _Hopeless(_missing(signing.missing[0]))
    moment = datetime.now(UTC)
    headers = {"webhook-id": key, "webhook-timestamp": str(int(moment.timestamp()))}
    try:
        signatures = [Webhook(each.get_secret_value()).sign(key, moment, body) for each in signing.values]
    except (binascii.Error, ValueError, EmptyWebhookSecretError):
        raise _Hopeless("Its signing secret is not base64, with or without whsec_ in front.") from None
    return headers | ({"webhook-signature": " ".join(signatures)} if signatures else {})


def _tell(url: str, title: str, text: str) -> str:
    # Imported late: it knows a hundred services, and most installations tell none of them.
    import apprise  # noqa: PLC0415

    # It logs what it sends, and where to.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    way = apprise.Apprise(asset=apprise.AppriseAsset(app_id=_AGENT, app_desc=_AGENT, app_url="", async_mode=False))
    if not way.add(url):
        return "Its URL is none that Apprise knows."
    return "" if way.notify(title=title, body=text) else "It could not be told; the service refused, or is away."
