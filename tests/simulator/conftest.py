"""A simulated platform in this process, on a clock that only the test moves."""

import asyncio
from collections.abc import Callable

import httpx
import pytest

from campaigns.simulator import Scenario, application

START = 1_800_000_000.0


class Desk:
    """A customer of the platform: sends as one page or one Instagram account, and reads the counts."""

    def __init__(self, scenario: Scenario) -> None:
        self.now = START
        self.app = application(scenario, clock=lambda: self.now)

    def request(self, method: str, path: str, **what: object) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://simulated") as client:
                return await client.request(method, path, **what)

        return asyncio.run(ask())

    def meta(self, to: object = "9001", text: str = "hi", *, account: str = "1234", **body: object) -> httpx.Response:
        document = {"recipient": {"id": to}, "messaging_type": "UPDATE", "message": {"text": text}, **body}
        bearer = {"Authorization": f"Bearer sim-{account}"}
        return self.request("POST", "/v26.0/me/messages", json=document, headers=bearer)

    def orbit(
        self, to: object = "9001", text: str = "hi", *, channel: str = "instagram", key: str = "", **body: object
    ) -> httpx.Response:
        document = {"to": to, "from": "17841", "type": "text", "text": text, **body}
        headers = {"X-API-Key": "sim-key"} | ({"Idempotency-Key": key} if key else {})
        return self.request("POST", f"/api/v1/messages/{channel}", json=document, headers=headers)

    def stats(self) -> dict:
        return self.request("GET", "/stats").json()


@pytest.fixture
def open_desk() -> Callable[..., Desk]:
    return lambda **fields: Desk(Scenario(**fields))
