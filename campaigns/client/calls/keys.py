"""Keys to the API. They are made on the command line alone."""

from campaigns.client.call import Call, at, delete, get
from schemas.api.keys import Key


def listed() -> Call[list[Key]]:
    """List every key there ever was, oldest first."""
    return get(at("keys"), list[Key])


def revoke(name: str) -> Call[Key]:
    """End a key at once."""
    return delete(at("keys", name), Key)
