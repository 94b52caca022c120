"""What every provider case goes through: one harness for requests, one for answers, redaction in both."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from campaigns.providers import PROVIDERS
from campaigns.providers.protocol import Call, Sender
from schemas.message import Part, QuickReply
from schemas.outcome import Outcome
from schemas.page import Channel, ProviderName

TOKEN = "EAAB-very-secret-0123456789"
NOW = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def sender() -> Callable[..., Sender]:
    """A sender of a channel, with the secret token that no repr may show."""

    def build(channel: str, base_url: str = "https://api.example/v1", **fields: Any) -> Sender:
        return Sender(Channel(channel), "17841400000000001", base_url, SecretStr(fields.pop("token", TOKEN)), **fields)

    return build


@pytest.fixture
def call() -> Callable[..., Call]:
    def build(text: str = "Hi", replies: tuple[tuple[str, str], ...] = (), tag: str | None = None) -> Call:
        quick_replies = tuple(QuickReply(title=title, payload=payload) for title, payload in replies)
        return Call("6789012345678901", Part(text=text, quick_replies=quick_replies), "c1.42.0", "key-1", tag)

    return build


@pytest.fixture
def requested(sender: Callable[..., Sender], call: Callable[..., Call]) -> Callable[..., httpx.Request]:
    """Build a request and hold it to what every provider owes: POST, JSON, the token in one header and nowhere else."""

    def build(
        provider: str, channel: str, of: dict[str, Any] | None = None, by: dict[str, Any] | None = None
    ) -> httpx.Request:
        who = sender(channel, **(by or {}))
        request = PROVIDERS[ProviderName(provider)].request(who, call(**(of or {})))
        assert request.method == "POST"
        assert request.headers["content-type"] == "application/json"
        assert request.headers["content-length"] == str(len(request.content))
        assert json.loads(request.content)
        assert sum(TOKEN in value for value in request.headers.values()) == 1
        for shown in (repr(request), str(request.url), request.content.decode(), repr(who), str(who)):
            assert TOKEN not in shown
        return request

    return build


@pytest.fixture
def understood() -> Callable[..., Outcome]:
    """Have a provider read an answer, and hold the outcome to what every one owes: nothing secret in it."""

    def read(
        provider: str, status: int, body: object = b"", headers: dict[str, str] | None = None, account_id: str = ""
    ) -> Outcome:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"content-type": "application/json", "www-authenticate": f"Bearer {TOKEN}", **(headers or {})}
        response = httpx.Response(status, headers=given, content=content)
        outcome = PROVIDERS[ProviderName(provider)].outcome(response, NOW, account_id)
        assert TOKEN not in repr(outcome)
        return outcome

    return read


@pytest.fixture
def token() -> str:
    return TOKEN
