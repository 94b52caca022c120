"""Whether Graph accepts a page's token, asked without sending anything."""

from datetime import datetime

import httpx

from campaigns.providers.answer import Answer, Standing, identifier
from campaigns.providers.meta.provider import Meta
from campaigns.providers.protocol import Sender
from schemas.page import Channel


def probe(sender: Sender) -> httpx.Request:
    """Build `GET {base_url}/me?fields=id,name`."""
    headers = {
        "Authorization": f"Bearer {sender.token.get_secret_value()}",
        "Accept": "application/json",
        "User-Agent": "pagecast",
    }
    return httpx.Request("GET", f"{sender.base_url.rstrip('/')}/me", params={"fields": "id,name"}, headers=headers)


def standing(sender: Sender, response: httpx.Response, received_at: datetime) -> Standing:
    """Understand Graph's answer.

    A Page's token must be that of the page. An Instagram account sends by the token of its Page, or has an id for this
    login alone, so there nothing can be compared.
    """
    answer = Answer.of(response)
    account_id, name = identifier(answer.body.get("id")), answer.body.get("name")
    if not (response.is_success and account_id):
        return Standing.refused(Meta().outcome(response, received_at, sender.account_id))
    whose = f"{name} ({account_id})" if isinstance(name, str) and name else account_id
    if sender.channel is Channel.MESSENGER and account_id != sender.account_id:
        said = f"The token is that of {whose}, not of account {sender.account_id}. Use the token of this page."
        return Standing(False, said, "other-account", account_id)
    return Standing(
        True, f"Meta accepts the token of {whose}.", "", account_id, name if isinstance(name, str) else None
    )
