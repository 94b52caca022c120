from hashlib import sha256

import pytest

from campaigns.providers import PROVIDERS
from schemas.page import ProviderName, Route

SENDER = "sender:instagram:17841400000000001"


def route(**fields):
    return Route(base_url="https://api.example/v1", token="@{secret:T}", **fields)


def rates(provider, sender, **typed):
    return [pace.rate for pace in PROVIDERS[ProviderName(provider)].paces(sender("instagram"), route(**typed))]


@pytest.mark.parametrize(
    ("provider", "typed", "expected"),
    [
        pytest.param("meta", {}, [36.0, None], id="meta by default"),
        pytest.param("meta", {"rate": 20}, [20.0, None], id="meta typed"),
        pytest.param("meta", {"rate": 90}, [90.0, None], id="meta typed above the figure is obeyed"),
        pytest.param("orbit", {}, [36.0, 1.2], id="orbit by default"),
        pytest.param("orbit", {"rate": 20}, [20.0, 20.0], id="orbit's key is not below a typed rate"),
        pytest.param("orbit", {"rate": 0.5}, [0.5, 1.2], id="orbit's key is not lowered by a typed rate"),
        pytest.param("orbit", {"key_rate_per_minute": 600}, [36.0, 10.0], id="orbit's key typed"),
        pytest.param("orbit", {"rate": 20, "key_rate_per_minute": 60}, [20.0, 1.0], id="orbit both typed"),
    ],
)
def test_paces(provider, typed, expected, sender):
    assert rates(provider, sender, **typed) == expected


def test_bucket_names(sender, token):
    meta = PROVIDERS[ProviderName.META].paces(sender("instagram", "https://graph.facebook.com/v26.0"), route())
    assert [pace.key for pace in meta] == [SENDER, "app:meta:graph.facebook.com"]
    orbit = PROVIDERS[ProviderName.ORBIT].paces(sender("instagram"), route())
    digest = sha256(token.encode()).hexdigest()[:16]
    assert [pace.key for pace in orbit] == [SENDER, f"key:orbit:{digest}:instagram"]
    assert token not in repr(meta) + repr(orbit)


def test_pages_on_one_key_share_its_bucket_and_channels_do_not(sender):
    orbit = PROVIDERS[ProviderName.ORBIT]
    keys = {orbit.paces(sender(channel), route())[1].key for channel in ("instagram", "messenger", "instagram")}
    assert len(keys) == 2


@pytest.mark.parametrize(
    ("provider", "typed", "words"),
    [
        pytest.param("meta", {}, [], id="meta by default"),
        pytest.param("meta", {"rate": 40}, [], id="meta at its figure"),
        pytest.param("meta", {"rate": 41}, ["41/s is above 40 messages/s"], id="meta above it"),
        pytest.param("orbit", {}, [], id="orbit by default"),
        pytest.param("orbit", {"key_rate_per_minute": 80}, [], id="orbit at its figure"),
        pytest.param("orbit", {"rate": 80 / 60}, [], id="orbit at its figure a second"),
        pytest.param(
            "orbit", {"key_rate_per_minute": 81}, ["key_rate_per_minute asks for 81/min"], id="orbit key above"
        ),
        pytest.param("orbit", {"rate": 20}, ["rate asks for 1200/min"], id="orbit rate above"),
        pytest.param("orbit", {"rate": 20, "key_rate_per_minute": 60}, [], id="orbit rate above, key below"),
        pytest.param("orbit", {"rate": 50}, ["50/s is above 40", "rate asks for 3000/min"], id="orbit above both"),
    ],
)
def test_rate_warnings(provider, typed, words, sender):
    warnings = PROVIDERS[ProviderName(provider)].rate_warnings(sender("instagram"), route(**typed))
    assert len(warnings) == len(words)
    for warning, part in zip(warnings, words, strict=True):
        assert part in warning
        assert "https://" in warning
        assert "2026" in warning
