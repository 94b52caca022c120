"""What a body's authenticity hangs on: the headers each platform signs with. Read in the platforms' documents, 2026."""

import hmac
from base64 import b64encode
from hashlib import sha256

from campaigns.simulator.webhooks import Scheme, key_of

Pairs = dict[str, str]


def meta(secret: str, body: bytes) -> Pairs:
    """Return Meta's signature: HMAC-SHA256 with the app secret over the very bytes that are posted."""
    return {"X-Hub-Signature-256": f"sha256={_hex(secret, body)}"}


def orbit(secret: str, scheme: Scheme, body: bytes, event_id: str, now: float) -> Pairs:
    """Return Orbit's signature in one of the three ways its documents describe; `now` in epoch seconds.

    `timestamped` signs `<epoch>.<body>`, `bare` the body, both with the secret as it stands, `whsec_` included;
    `standard` is Standard Webhooks.
    """
    stamp = f"{int(now)}"
    if scheme == "bare":
        return {"X-Devotel-Signature": _hex(secret, body)}
    if scheme == "timestamped":
        return {"X-Devotel-Signature": f"t={stamp},v1={_hex(secret, stamp.encode() + b'.' + body)}"}
    signed = hmac.digest(key_of(secret), f"{event_id}.{stamp}.".encode() + body, sha256)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{b64encode(signed).decode()}",
    }


def _hex(secret: str, signed: bytes) -> str:
    return hmac.digest(secret.encode(), signed, sha256).hex()
