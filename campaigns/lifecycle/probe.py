"""Whether the platform accepts a page's token: one question, which sends no message."""

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
from sqlalchemy import Connection, Row

from campaigns import events
from campaigns.briefing import speaker
from campaigns.errors import InputError, StoppedError
from campaigns.providers import PROBES
from campaigns.runtime import Runtime, now_of
from schemas.api.pages import TokenCheck
from schemas.page import Page, ProviderName

CHECKED = "page.checked"
"""The kind of the event that a check leaves, and the group of the others."""
_REFUSED = f"{CHECKED}.refused"
_CHANGED = "page.changed"
_SECONDS = 20.0
_MOST = 1024 * 1024
"""Bytes of an answer that are read; an identity is far smaller."""


def probe(runtime: Runtime, page: Page, environment: Mapping[str, str], actor: str) -> TokenCheck:
    """Ask the platform about a page's token, and write down what it says.

    Raises InputError without the token's secret, which is written down too; StoppedError without an answer.
    """
    try:
        sender = speaker(page, runtime.settings, environment)
    except InputError as error:
        _note(runtime, page, CHECKED, actor, str(error))
        raise
    request, understand = PROBES[ProviderName(page.provider)]
    standing = understand(sender, _fetched(request(sender)), datetime.now(UTC))
    _note(runtime, page, _REFUSED if standing.accepted is False else CHECKED, actor, standing.sentence)
    return TokenCheck(
        name=page.name,
        accepted=standing.accepted,
        sentence=standing.sentence,
        code=standing.code,
        account_id=standing.account_id,
        token_name=standing.name,
        parked=page.parked_at is not None,
    )


def last_check(conn: Connection, page: Page) -> Row[Any] | None:
    """Return the event of the page's latest check that was written down."""
    return next(iter(events.listed(conn, page_id=page.id, kind=CHECKED, most=1)), None)


def is_refused(conn: Connection, page: Page, check: Row[Any] | None) -> bool:
    """Whether the platform refused the token at the latest check, and the page was not changed since."""
    if check is None or check.kind != _REFUSED:
        return False
    changed = next(iter(events.listed(conn, page_id=page.id, kind=_CHANGED, most=1)), None)
    return changed is None or changed.id < check.id


def _note(runtime: Runtime, page: Page, kind: str, actor: str, sentence: str) -> None:
    with runtime.writing() as conn:
        events.record(conn, now_of(conn), kind, actor, sentence, page_id=page.id)


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
