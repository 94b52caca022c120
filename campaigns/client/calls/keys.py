"""Keys to the API."""

from campaigns.client.call import Call, at, delete, get, post
from schemas.api.keys import Created, Key, NewKey


def listed() -> Call[list[Key]]:
    """List every key there ever was, oldest first."""
    return get(at("keys"), list[Key])


def create(key: NewKey) -> Call[Created]:
    """Make a key; the first answer alone shows it."""
    return post(at("keys"), Created, key)


def revoke(name: str, *, dry_run: bool = False) -> Call[Key]:
    """End a key at once."""
    return delete(at("keys", name), Key, dry_run=dry_run)
