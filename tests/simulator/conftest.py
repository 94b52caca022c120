"""A simulated platform in this process, on a clock that only the test moves, and one in a process of its own."""

import asyncio
import json
from collections.abc import Callable, Iterator

import httpx
import pytest

from campaigns.simulator import Scenario, Simulator, application, start
from tests.simulator.mailbox import Mailbox, opened

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


@pytest.fixture(scope="module")
def post_office() -> Iterator[Mailbox]:
    with opened() as mailbox:
        yield mailbox


@pytest.fixture
def mailbox(post_office: Mailbox) -> Mailbox:
    post_office.empty()
    return post_office


@pytest.fixture(scope="module")
def platform() -> Iterator[Simulator]:
    with start() as simulator:
        yield simulator


class Account:
    """A customer over real HTTP, whose webhooks go to the mailbox: a Page, or an Instagram account."""

    def __init__(self, platform: Simulator, mailbox: Mailbox) -> None:
        self.platform = platform
        self.mailbox = mailbox
        self._client = httpx.Client(timeout=5, trust_env=False)

    def hook(self, **webhooks: object) -> None:
        """Begin anew by a scenario that posts both platforms' events at once, but for what is given."""
        urls = {"meta_url": self.mailbox.url, "app_secret": "app", "orbit_url": self.mailbox.url}
        at_once = {
            "echo_delay": 0,
            "delivered_delay": 0,
            "read_delay": 0,
            "answer_delay": 0,
            "jitter": 0,
            "batch": 1,
            "gather": 0,
        }
        hooks = {**urls, "orbit_secret": "whsec_b3JiaXQ=", **at_once, **webhooks}
        self.platform.change(**json.loads(Scenario().model_dump_json()) | {"webhooks": hooks, "cap": 1000})
        self.platform.reset()

    def meta(self, *people: str, account: str = "1234", **message: object) -> list[httpx.Response]:
        bearer = {"Authorization": f"Bearer sim-{account}"}
        url = f"{self.platform.meta_url}/me/messages"
        bodies = ({"recipient": {"id": person}, "message": {"text": "hi", **message}} for person in people)
        return [self._client.post(url, json=body, headers=bearer) for body in bodies]

    def orbit(self, *people: str, **message: object) -> list[httpx.Response]:
        url = f"{self.platform.orbit_url}/messages/instagram"
        bodies = ({"to": person, "from": "17841", "type": "text", "text": "hi", **message} for person in people)
        return [self._client.post(url, json=body, headers={"X-API-Key": "sim-k"}) for body in bodies]

    def ask(self, path: str, account: str = "1234", **query: object) -> httpx.Response:
        bearer = {"Authorization": f"Bearer sim-{account}"}
        return self._client.get(f"{self.platform.meta_url}/{path}", params=query, headers=bearer)

    def posted(self) -> dict:
        """Wait until everything is posted, and return the counts."""
        counts = self.platform.webhooks(idle=10)
        assert counts["idle"], counts
        return counts

    def close(self) -> None:
        self._client.close()


@pytest.fixture
def account(platform: Simulator, mailbox: Mailbox) -> Iterator[Account]:
    customer = Account(platform, mailbox)
    customer.hook()
    yield customer
    customer.close()
