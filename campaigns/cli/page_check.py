"""`pagecast pages check`: whether the platform accepts a page's token."""

import contextlib
from datetime import UTC, datetime
from typing import Annotated, Any

import httpx
import typer

from campaigns import pages
from campaigns.briefing import sender_of
from campaigns.cli import output
from campaigns.cli.output import AsJson
from campaigns.errors import InputError, StoppedError
from campaigns.providers import PROBES
from campaigns.providers.answer import Standing
from campaigns.runtime import Runtime
from campaigns.settings import MissingSecretError
from schemas.page import Page, ProviderName, Route

Name = Annotated[str, typer.Argument(metavar="NAME", help="The page's name.")]

_SECONDS = 20.0
_MOST = 1024 * 1024
"""Bytes of an answer that are read; an identity is far smaller."""


def check(name: Name, as_json: AsJson = False) -> None:
    """Ask the platform whether it accepts a page's token; sends no message."""
    with output.opened() as runtime:
        with runtime.reading() as conn:
            page = pages.named(conn, name)
        standing = _asked(runtime, page)
    way = f"The page is parked; `pagecast pages resume {name}` lets it send." if page.parked_at else ""
    if as_json:
        output.emit(_document(page, standing))
    if not standing.accepted:
        raise StoppedError(f"Page {name}: {standing.sentence}")
    if not as_json:
        output.say(f"Page {name}: {standing.sentence} {way}".rstrip())


def _asked(runtime: Runtime, page: Page) -> Standing:
    route = Route.model_validate_json(page.route)
    try:
        sender = sender_of(page.channel, page.account_id, route, runtime.settings, output.environment())
    except MissingSecretError as error:
        raise InputError(f"The secret {error.args[0]} of page {page.name} is not set here. Set it first.") from error
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


def _document(page: Page, standing: Standing) -> dict[str, Any]:
    return {
        "name": page.name,
        "accepted": standing.accepted,
        "sentence": standing.sentence,
        "code": standing.code,
        "account_id": standing.account_id,
        "token_name": standing.name,
        "parked": page.parked_at is not None,
    }
