from typing import Any, NamedTuple

import httpx
import pytest
from pydantic import SecretStr

from campaigns.errors import InputError
from campaigns.providers import PROVIDERS
from campaigns.providers.orbit import Orbit
from campaigns.providers.orbit.body import Fields
from campaigns.providers.protocol import Sender
from schemas.page import Channel, ProviderName

ORBIT_HEAD = '{"to":"6789012345678901","from":"17841400000000001","type":"text",'
TO = '{"recipient":{"id":"6789012345678901"},'
REPLIES = (("Yes", "YES"), ("No", ""))
REPLIED = (
    '"quick_replies":[{"content_type":"text","title":"Yes","payload":"YES"},'
    '{"content_type":"text","title":"No","payload":"No"}]'
)


class Case(NamedTuple):
    label: str
    provider: str
    channel: str
    url: str
    body: str
    of: dict[str, Any] | None = None
    by: dict[str, Any] | None = None


META, ORBIT = "https://api.example/v1/me/messages", "https://api.example/v1/messages"
CASES = [
    Case(
        "meta messenger text",
        "meta",
        "messenger",
        META,
        TO + '"messaging_type":"UPDATE","message":{"text":"Hi","metadata":"c1.42.0"}}',
    ),
    Case(
        "meta instagram by facebook login",
        "meta",
        "instagram",
        META,
        TO + '"messaging_type":"UPDATE","message":{"text":"Hi"}}',
    ),
    Case(
        "meta instagram by instagram login",
        "meta",
        "instagram",
        META,
        TO + '"message":{"text":"Hi"}}',
        by={"login": "instagram"},
    ),
    Case(
        "meta messenger ignores the instagram login",
        "meta",
        "messenger",
        META,
        TO + '"messaging_type":"UPDATE","message":{"text":"Hi","metadata":"c1.42.0"}}',
        by={"login": "instagram"},
    ),
    Case(
        "meta tag",
        "meta",
        "instagram",
        META,
        TO + '"messaging_type":"MESSAGE_TAG","tag":"HUMAN_AGENT","message":{"text":"Hi"}}',
        of={"tag": "HUMAN_AGENT"},
        by={"login": "instagram"},
    ),
    Case(
        "meta quick replies",
        "meta",
        "instagram",
        META,
        TO + '"messaging_type":"UPDATE","message":{"text":"Pick",' + REPLIED + "}}",
        of={"text": "Pick", "replies": REPLIES},
    ),
    Case(
        "meta emoji, quotation marks and line breaks",
        "meta",
        "instagram",
        META,
        TO + '"messaging_type":"UPDATE","message":{"text":"👋🏽 \\"é\\"\\nجمعة"}}',
        of={"text": '👋🏽 "é"\nجمعة'},
    ),
    Case(
        "meta half a surrogate pair",
        "meta",
        "instagram",
        META,
        TO + '"messaging_type":"UPDATE","message":{"text":"a?"}}',
        of={"text": "a\ud83d"},
    ),
    Case(
        "meta trailing slash",
        "meta",
        "instagram",
        "http://127.0.0.1:8099/graph/v26.0/me/messages",
        TO + '"messaging_type":"UPDATE","message":{"text":"Hi"}}',
        by={"base_url": "http://127.0.0.1:8099/graph/v26.0/"},
    ),
    Case("orbit instagram text", "orbit", "instagram", f"{ORBIT}/instagram", ORBIT_HEAD + '"text":"Hi"}'),
    Case("orbit messenger text", "orbit", "messenger", f"{ORBIT}/messenger", ORBIT_HEAD + '"text":"Hi"}'),
    Case(
        "orbit quick replies",
        "orbit",
        "instagram",
        f"{ORBIT}/instagram",
        ORBIT_HEAD + '"text":"Pick",' + REPLIED + "}",
        of={"text": "Pick", "replies": REPLIES},
    ),
    Case(
        "orbit tag",
        "orbit",
        "instagram",
        f"{ORBIT}/instagram",
        ORBIT_HEAD + '"text":"Hi","tag":"HUMAN_AGENT"}',
        of={"tag": "HUMAN_AGENT"},
    ),
    Case(
        "orbit emoji",
        "orbit",
        "instagram",
        f"{ORBIT}/instagram",
        ORBIT_HEAD + '"text":"👋🏽 é"}',
        of={"text": "👋🏽 é"},
    ),
    Case(
        "orbit trailing slash",
        "orbit",
        "instagram",
        "http://localhost:1/api/v1/messages/instagram",
        ORBIT_HEAD + '"text":"Hi"}',
        by={"base_url": "http://localhost:1/api/v1/"},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_request(case, requested):
    request = requested(case.provider, case.channel, case.of, case.by)
    assert str(request.url) == case.url
    assert request.headers["host"] == httpx.URL(case.url).netloc.decode()
    assert request.content.decode() == case.body


def test_meta_carries_the_token_as_bearer_and_no_idempotency_key(requested, token):
    headers = requested("meta", "instagram").headers
    assert headers["authorization"] == f"Bearer {token}"
    assert "idempotency-key" not in headers


def test_orbit_carries_the_key_in_its_own_header_with_an_idempotency_key(requested, token):
    headers = requested("orbit", "instagram").headers
    assert headers["x-api-key"] == token
    assert headers["idempotency-key"] == "key-1"
    assert "authorization" not in headers


def test_orbit_as_bearer(requested, token):
    headers = requested("orbit", "instagram", by={"auth": "bearer"}).headers
    assert headers["authorization"] == f"Bearer {token}"
    assert "x-api-key" not in headers


def test_two_senders_never_share_a_token(sender, call):
    meta = PROVIDERS[ProviderName.META]
    tokens = [meta.request(sender("messenger", token=t), call()).headers["authorization"] for t in ("a", "b", "a")]
    assert tokens == ["Bearer a", "Bearer b", "Bearer a"]


def test_orbits_undocumented_names_can_be_replaced(sender, call):
    orbit = Orbit(fields=Fields(quick_replies="buttons", content_type="", title="label", metadata="metadata"))
    request = orbit.request(sender("instagram"), call("Hi", (("Yes", "Y"),)))
    assert request.content.decode() == (
        ORBIT_HEAD + '"text":"Hi","buttons":[{"label":"Yes","payload":"Y"}],"metadata":{"pagecast":"c1.42.0"}}'
    )


@pytest.mark.parametrize(
    ("provider", "channel", "login", "expected"),
    [
        ("meta", "messenger", "facebook", "https://graph.facebook.com/v26.0"),
        ("meta", "instagram", "facebook", "https://graph.facebook.com/v26.0"),
        ("meta", "instagram", "instagram", "https://graph.instagram.com/v26.0"),
        ("meta", "messenger", "instagram", "https://graph.facebook.com/v26.0"),
        ("orbit", "instagram", "facebook", "https://orbit-api.devotel.io/api/v1"),
        ("orbit", "messenger", "facebook", "https://orbit-api.devotel.io/api/v1"),
    ],
)
def test_default_base_url(provider, channel, login, expected):
    assert PROVIDERS[ProviderName(provider)].default_base_url(Channel(channel), login) == expected


@pytest.mark.parametrize("secret", ["", "with blank", "line\nbreak", "tökén", "tab\t", "trailing\n"])
def test_a_token_that_no_header_can_carry_is_refused_without_being_shown(secret, sender):
    with pytest.raises(InputError) as refused:
        sender("instagram", token=secret)
    assert not secret or secret not in str(refused.value)


@pytest.mark.parametrize(
    "base_url",
    ["", "graph.facebook.com", "ftp://a/b", "https://", "https://a?access_token=1", "https://a#b", "https://u:p@a/v1"],
)
def test_a_base_url_without_a_host_or_with_a_secret_in_it_is_refused(base_url, sender):
    with pytest.raises(InputError, match="base_url"):
        sender("instagram", base_url)


@pytest.mark.parametrize("wrong", [{"login": "google"}, {"auth": "basic"}])
def test_unknown_flavours_are_refused(wrong):
    with pytest.raises(InputError, match="not known"):
        Sender(Channel.INSTAGRAM, "1", "https://a", SecretStr("t"), **wrong)


def test_every_provider_is_listed_under_its_own_name():
    assert {name: provider.name for name, provider in PROVIDERS.items()} == {name: name for name in ProviderName}
