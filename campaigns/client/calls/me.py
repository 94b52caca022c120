"""Who asks."""

from campaigns.client.call import Call, at, get
from schemas.api.me import Me


def me() -> Call[Me]:
    """Say which key this is, its role, and the rights that come with it."""
    return get(at("me"), Me)
