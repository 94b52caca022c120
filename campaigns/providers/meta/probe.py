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
    """Understand Graph's answer: a Messenger page's token must be its own."""
    answer = Answer.of(response)
    account_id, name = identifier(answer.body.get("id")), answer.body.get("name")
    if not (response.is_success and account_id):
        return Standing.refused(Meta().outcome(response, received_at, sender.account_id))
    whose = f"{name} ({account_id})" if isinstance(name, str) and name else account_id
    if account_id != sender.account_id and sender.channel is Channel.MESSENGER:
        said = f"This token belongs to account {whose}, but the page's account is {sender.account_id}."
        return Standing(False, f"{said} Use the token of this page.", "other-account", account_id)
    said = f"Meta accepts the token of {whose}.{_unlike(sender, account_id)}"
    return Standing(True, said, "", account_id, name if isinstance(name, str) else None)


def _unlike(sender: Sender, account_id: str) -> str:
    """Say that an id is not that of an Instagram account, which alone is nothing wrong.

    The account sends by the token of the Page it is linked to, or by one whose id is for its own login alone. Which
    account a Page is linked to is told only to tokens that may read it, so a page that works would look broken.
    """
    if account_id == sender.account_id:
        return ""
    right = "its id for this login" if sender.login == "instagram" else "the Page linked to it"
    return (
        f" Whether it sends for account {sender.account_id} cannot be told from that: {account_id} must be {right}. "
        "A test message to yourself settles it."
    )
