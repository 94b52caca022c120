"""How Orbit proves that it is Orbit: by one of three schemes, since its documents contradict each other.

    timestamped   X-Devotel-Signature: t=<unix>,v1=<hex>[,v1=<hex>]   over `t.body`; the newer site, the official client
    bare          X-Devotel-Signature: <hex>                          over the body; the older site
    standard      webhook-id, webhook-timestamp, webhook-signature    Standard Webhooks; the Instagram page of May 2026

The first two use the secret as it is written, `whsec_` included; the third takes the key out of the base64 behind it.
While a secret is renewed, a header carries a signature by each, and any of ours that made any of them is enough. (The
official client, 0.1.0, looks only at the last one.)
"""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from pydantic import SecretStr

from campaigns.providers.fields import header

Scheme = Literal["timestamped", "bare", "standard"]

TOLERANCE_SECONDS = 300
"""How far a signed time may be from ours, both ways: five minutes (Orbit, Webhook security; Standard Webhooks)."""

_PREFIX = "whsec_"
_MOST_DIGITS = 15


def verified(
    headers: Mapping[str, str], body: bytes, secrets: Sequence[SecretStr], *, scheme: Scheme, now: float
) -> bool:
    """Whether one of the secrets signed exactly these bytes, and not long ago; `now` is epoch seconds.

    `bare` signs no time, so an old request can be repeated to us: harmless only because events are applied once.
    """
    written = [secret.get_secret_value() for secret in secrets]
    match scheme:
        case "timestamped":
            return _timestamped(headers, body, _plain(written), now)
        case "bare":
            return _any_signed([header(headers, "x-devotel-signature")], body, _plain(written))
        case "standard":
            return _standard(headers, body, _decoded(written), now)


def _timestamped(headers: Mapping[str, str], body: bytes, keys: Iterable[bytes], now: float) -> bool:
    pairs = [part.strip().partition("=") for part in header(headers, "x-devotel-signature").split(",")]
    signed_at = next((value for name, _, value in pairs if name == "t"), "")
    given = [value for name, _, value in pairs if name == "v1"]
    return _is_recent(signed_at, now) and _any_signed(given, f"{signed_at}.".encode() + body, keys)


def _standard(headers: Mapping[str, str], body: bytes, keys: Iterable[bytes], now: float) -> bool:
    signed_at = header(headers, "webhook-timestamp")
    versions = [each.partition(",") for each in header(headers, "webhook-signature").split()]
    given = [value.encode(errors="replace") for version, _, value in versions if version == "v1"]
    signed = f"{header(headers, 'webhook-id')}.{signed_at}.".encode(errors="replace") + body
    right = [b64encode(hmac.digest(key, signed, "sha256")) for key in keys]
    return _is_recent(signed_at, now) and _any_equal(given, right)


def _any_signed(given: Iterable[str], signed: bytes, keys: Iterable[bytes]) -> bool:
    right = [hmac.digest(key, signed, "sha256").hex().encode() for key in keys]
    return _any_equal([each.encode(errors="replace") for each in given], right)


def _any_equal(given: Sequence[bytes], right: Sequence[bytes]) -> bool:
    return any(hmac.compare_digest(one, other) for one in given for other in right)


def _is_recent(signed_at: str, now: float) -> bool:
    is_figure = signed_at.isascii() and signed_at.isdecimal() and len(signed_at) <= _MOST_DIGITS
    return is_figure and abs(now - int(signed_at)) <= TOLERANCE_SECONDS


def _plain(secrets: Iterable[str]) -> Iterator[bytes]:
    # An empty key would let anybody sign.
    return (secret.encode() for secret in secrets if secret)


def _decoded(secrets: Iterable[str]) -> Iterator[bytes]:
    for secret in secrets:
        try:
            key = b64decode(secret.removeprefix(_PREFIX), validate=True)
        except ValueError:
            continue
        if key:
            yield key
