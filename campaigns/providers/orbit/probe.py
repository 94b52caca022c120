"""Whether Orbit accepts a key, asked without sending anything."""

from datetime import datetime

import httpx

from campaigns.providers.answer import Answer, Standing
from campaigns.providers.orbit.provider import Orbit
from campaigns.providers.protocol import Sender


def probe(sender: Sender) -> httpx.Request:
    """Build `GET {base_url}/messages?limit=1`."""
    token = sender.token.get_secret_value()
    key = {"Authorization": f"Bearer {token}"} if sender.auth == "bearer" else {"X-API-Key": token}
    headers = key | {"Accept": "application/json", "User-Agent": "pagecast"}
    return httpx.Request("GET", f"{sender.base_url.rstrip('/')}/messages", params={"limit": "1"}, headers=headers)


def standing(sender: Sender, response: httpx.Response, received_at: datetime) -> Standing:
    """Understand Orbit's answer: a key is one for all accounts, so it says nothing about this one."""
    if response.is_success and "data" in Answer.of(response).body:
        return Standing(accepted=True, sentence="Orbit accepts the key.")
    return Standing.refused(Orbit().outcome(response, received_at, sender.account_id))
