"""How Meta proves that it is Meta: a token once, when the address is registered, and a signature on every body.

Source: Messenger Platform, Webhooks, as of May 2026.
"""

import hmac
from collections.abc import Mapping, Sequence

from pydantic import SecretStr

from campaigns.providers.fields import header

_SCHEME = "sha256="


def verified(headers: Mapping[str, str], body: bytes, secrets: Sequence[SecretStr]) -> bool:
    """Whether one of the app secrets signed exactly these bytes.

    Meta signs the body as it sends it, with letters beyond ASCII as lower-case escapes, so a body that was decoded and
    written again does not pass. An empty secret signs nothing: anybody could have used it.
    """
    given = header(headers, "x-hub-signature-256").encode(errors="replace")
    keys = [key for secret in secrets if (key := secret.get_secret_value().encode())]
    return any(hmac.compare_digest(given, _signature(key, body)) for key in keys)


def _signature(key: bytes, body: bytes) -> bytes:
    return (_SCHEME + hmac.digest(key, body, "sha256").hex()).encode()


def challenge(query: Mapping[str, str], token: SecretStr | None) -> str | None:
    """Return the text to answer the handshake with; None where the caller does not know the token, or none is set."""
    if query.get("hub.mode") != "subscribe" or token is None or not token.get_secret_value():
        return None
    given = query.get("hub.verify_token", "").encode(errors="replace")
    if not hmac.compare_digest(given, token.get_secret_value().encode()):
        return None
    return query.get("hub.challenge") or None
