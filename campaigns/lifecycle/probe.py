"""Whether the platform accepts a page's token: one question, which sends no message."""

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime

import httpx

from campaigns.briefing import speaker
from campaigns.errors import StoppedError
from campaigns.providers import PROBES
from campaigns.providers.answer import Standing
from campaigns.runtime import Runtime
from schemas.page import Page, ProviderName

_SECONDS = 20.0
_MOST = 1024 * 1024
"""Bytes of an answer that are read; an identity is far smaller."""


def probe(runtime: Runtime, page: Page, environment: Mapping[str, str]) -> Standing:
    """Ask the platform about a page's token; raises InputError without its secret, StoppedError without an answer."""
    sender = speaker(page, runtime.settings, environment)
    request, understand = PROBES[ProviderName(page.provider)]
    return understand(sender, _fetched(request(sender)), datetime.now(UTC))


def _fetched(request: httpx.Request) -> httpx.Response:
    """Send one request: no redirects, no proxies from the environment, nothing kept; raises StoppedError."""
    try:
        with (
            httpx.Client(timeout=_SECONDS, follow_redirects=False, trust_env=False) as client,
            contextlib.closing(client.send(request, stream=True)) as response,
        ):
            content = b""
            for part in response.iter_bytes():
                content += part
                if len(content) > _MOST:
                    break
            return httpx.Response(response.status_code, headers=_plain(response.headers), content=content)
    except httpx.HTTPError as error:
        # Its text may quote headers.
        host = request.url.netloc.decode()
        raise StoppedError(f"{host} cannot be asked ({type(error).__name__}). Check the page's base_url.") from None


def _plain(headers: httpx.Headers) -> dict[str, str]:
    """Return the headers of a body that is decoded already."""
    return {name: value for name, value in headers.items() if name not in {"content-encoding", "content-length"}}
