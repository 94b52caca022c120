"""Who is believed: signatures over the raw bytes, by any of several secrets, and the handshake."""

import hmac
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from campaigns.providers.meta import webhook as meta
from campaigns.providers.orbit import webhook as orbit

META_SECRET = "app_secret_123"
META_BODY = (
    rb'{"object":"instagram","entry":[{"id":"1","time":1,"messaging":[{"message":{"text":"\u00e4\u00f6\u00e5"}}]}]}'
)
META_DIGEST = "32384e997817a7938cddcd81a3d0179ed0579a1aacf2a44a883cdb1a1fae75d8"
OTHER_LETTERS = "cb2d9b25e6b1d3e895210e2396073222430bee964861ab48c6f658ca9823e832"
"""Of the same JSON with its letters as UTF-8."""

AT = 1715357600
ORBIT_BODY = (
    b'{"id":"evt_1","type":"message.delivered","created_at":"2026-05-24T12:00:00Z","data":{"message_id":"msg_1"}}'
)
NEW = "6bfee57fd58894b20978f48b277acd4daf4108350c3fa2a58ad0f038de16aa9c"
PREVIOUS = "ec2e7e67b16e0b8d1f30e5dc5c1c0d6e76a094f5e8da5d0092b83a14543cc380"
BARE = "f98a7c511a4f1b16afffae08cb5e14487a4d20bd32871f43fa1ee79cbc8a88b7"

STANDARD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
STANDARD_AT = 1614265330
STANDARD_BODY = b'{"test": 2432232314}'
STANDARD = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": str(STANDARD_AT),
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}


def secrets(*values):
    return [SecretStr(value) for value in values]


def hmac_of(key, signed):
    return hmac.digest(key, signed, "sha256").hex()


def by_meta(signature, body=META_BODY, *keys, name="X-Hub-Signature-256"):
    return meta.verified({name: signature}, body, secrets(*(keys or (META_SECRET,))))


def test_meta_signs_the_bytes_as_they_are_sent():
    assert len(META_BODY) == 108
    assert by_meta(f"sha256={META_DIGEST}")
    assert by_meta(f" sha256={META_DIGEST} ", name="x-hub-signature-256")
    written = META_BODY.decode("unicode_escape").encode()
    assert not by_meta(f"sha256={META_DIGEST}", written)
    assert by_meta(f"sha256={OTHER_LETTERS}", written)


def test_any_of_several_app_secrets_is_enough():
    assert by_meta(f"sha256={META_DIGEST}", META_BODY, "the_instagram_app", META_SECRET)
    assert by_meta(f"sha256={META_DIGEST}", META_BODY, META_SECRET, "the_next_one")
    assert not by_meta(f"sha256={META_DIGEST}", META_BODY, "the_instagram_app", "the_next_one")
    assert not meta.verified({"X-Hub-Signature-256": f"sha256={META_DIGEST}"}, META_BODY, [])


ODD = ["", "sha256=", "sha256", META_DIGEST, f"sha1={META_DIGEST}", f"sha256={META_DIGEST[:-1]}",
       f"sha256={META_DIGEST}0", "sha256=\xff\u20ac", "sha256=\ud800", "t=,v1=", "v1,", "=,=,="]  # fmt: skip


@pytest.mark.parametrize("signature", ODD)
def test_an_odd_header_is_no_proof_and_no_error(signature):
    assert not by_meta(signature)
    assert not meta.verified({}, META_BODY, secrets(META_SECRET))
    for scheme in ("timestamped", "bare", "standard"):
        headers = {"X-Devotel-Signature": signature, **STANDARD, "webhook-signature": signature}
        assert not orbit.verified(headers, ORBIT_BODY, secrets("whsec_new", "not base64"), scheme=scheme, now=AT)


def test_an_empty_secret_proves_nothing():
    by_nobody = "sha256=" + hmac_of(b"", META_BODY)
    assert not by_meta(by_nobody, META_BODY, "")
    stamped = f"t={AT},v1=" + hmac_of(b"", f"{AT}.".encode() + ORBIT_BODY)
    assert not timestamped(stamped, "")
    assert not bare(hmac_of(b"", ORBIT_BODY), "")
    signed = f"{STANDARD['webhook-id']}.{STANDARD_AT}.".encode() + STANDARD_BODY
    for empty in ("whsec_", ""):
        by_nobody = STANDARD | {"webhook-signature": "v1," + b64encode(bytes.fromhex(hmac_of(b"", signed))).decode()}
        assert not standard(by_nobody, secret=empty)


def test_the_handshake_gives_the_challenge_back_as_it_came():
    asked = {"hub.mode": "subscribe", "hub.verify_token": "TOK", "hub.challenge": "1158201444"}
    assert meta.challenge(asked, SecretStr("TOK")) == "1158201444"
    assert meta.challenge(asked | {"hub.challenge": "yarchallenge"}, SecretStr("TOK")) == "yarchallenge"


@pytest.mark.parametrize(
    ("changed", "token"),
    [
        ({"hub.verify_token": "tok"}, "TOK"),
        ({"hub.verify_token": "\ud800\xe4"}, "TOK"),
        ({"hub.mode": "unsubscribe"}, "TOK"),
        ({"hub.challenge": ""}, "TOK"),
        ({"hub.verify_token": ""}, ""),
        ({}, None),
    ],
)
def test_the_handshake_of_a_stranger_gets_nothing(changed, token):
    asked = {"hub.mode": "subscribe", "hub.verify_token": "TOK", "hub.challenge": "1"} | changed
    assert meta.challenge(asked, None if token is None else SecretStr(token)) is None
    assert meta.challenge({}, SecretStr("TOK")) is None


def timestamped(signature, *keys, body=ORBIT_BODY, now=AT):
    return orbit.verified(
        {"x-devotel-signature": signature}, body, secrets(*(keys or ("whsec_new",))), scheme="timestamped", now=now
    )


def test_a_timestamped_signature():
    assert timestamped(f"t={AT},v1={NEW}")
    assert timestamped(f"t={AT}, v1={NEW}, v2=other")
    assert timestamped(f"t={AT},v1={PREVIOUS}", "whsec_prev")
    assert not timestamped(f"t={AT},v1={NEW}", "new")
    assert not timestamped(f"t={AT},v1={NEW}", body=ORBIT_BODY.replace(b"msg_1", b"msg_2"))
    assert not timestamped(f"t={AT + 1},v1={NEW}")
    assert not timestamped(f"v1={NEW}")
    assert not timestamped(f"t={AT},v2={NEW}")


@pytest.mark.parametrize("keys", [["whsec_new"], ["whsec_prev"], ["whsec_prev", "whsec_new"], ["other", "whsec_new"]])
@pytest.mark.parametrize("signatures", [(NEW, PREVIOUS), (PREVIOUS, NEW)])
def test_any_signature_by_any_secret_is_enough_while_one_is_renewed(keys, signatures):
    assert timestamped(f"t={AT},v1={signatures[0]},v1={signatures[1]}", *keys)


@pytest.mark.parametrize(("late", "believed"), [(-301, False), (-300, True), (299.5, True), (300, True), (301, False)])
def test_a_signature_holds_five_minutes_both_ways(late, believed):
    assert timestamped(f"t={AT},v1={NEW}", now=AT + late) is believed
    assert standard(STANDARD, now=STANDARD_AT + late) is believed


IN_OTHER_FIGURES = str(AT).translate({ord("0") + n: 0x660 + n for n in range(10)})


@pytest.mark.parametrize("stamp", ["", "soon", "-1", "1e9", IN_OTHER_FIGURES, "9" * 5000, f"{AT}.0", f"{AT}_0"])
def test_a_time_that_is_none_is_never_recent(stamp):
    signed = f"{stamp}.".encode() + ORBIT_BODY
    assert not timestamped(f"t={stamp},v1={hmac_of(b'whsec_new', signed)}")


def bare(signature, *keys, body=ORBIT_BODY):
    return orbit.verified({"X-Devotel-Signature": signature}, body, secrets(*keys), scheme="bare", now=0)


def test_a_bare_signature():
    assert bare(BARE, "whsec_new")
    assert bare(BARE, "whsec_prev", "whsec_new")
    assert not bare(BARE, "whsec_prev")
    assert not bare(BARE, "whsec_new", body=ORBIT_BODY + b" ")
    assert not bare(f"t={AT},v1={NEW}", "whsec_new")
    assert not timestamped(BARE)


def standard(headers, *, secret=STANDARD_SECRET, body=STANDARD_BODY, now=STANDARD_AT):
    return orbit.verified(headers, body, secrets("?", secret), scheme="standard", now=now)


def test_a_standard_signature():
    assert standard(STANDARD)
    assert standard(STANDARD, secret=STANDARD_SECRET.removeprefix("whsec_"))
    assert standard(STANDARD | {"webhook-signature": f"v1a,x v1,AAAA {STANDARD['webhook-signature']}"})
    assert not standard(STANDARD, body=STANDARD_BODY + b" ")
    assert not standard(STANDARD, secret="whsec_" + "A" * 32)
    assert not standard(STANDARD | {"webhook-id": "msg_other"})
    assert not standard(STANDARD | {"webhook-signature": STANDARD["webhook-signature"].replace("v1,", "v1a,")})
    for missing in STANDARD:
        assert not standard({name: value for name, value in STANDARD.items() if name != missing})


@given(st.integers(0, len(META_BODY) - 1), st.integers(1, 255))
def test_a_changed_byte_fails(place, flip):
    def changed(body):
        where = place % len(body)
        return body[:where] + bytes([body[where] ^ flip]) + body[where + 1 :]

    assert not by_meta(f"sha256={META_DIGEST}", changed(META_BODY))
    assert not timestamped(f"t={AT},v1={NEW}", body=changed(ORBIT_BODY))
    assert not bare(BARE, "whsec_new", body=changed(ORBIT_BODY))
    assert not standard(STANDARD, body=changed(STANDARD_BODY))


@given(st.text(), st.text(), st.text(), st.binary(max_size=40), st.floats(allow_nan=True))
def test_no_header_and_no_secret_ever_raises(value, stamp, secret, body, now):
    headers = {
        "X-Hub-Signature-256": value,
        "X-Devotel-Signature": f"t={stamp},v1={value}",
        "webhook-id": value,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{value}",
    }
    assert not meta.verified(headers, body, secrets(secret))
    for scheme in ("timestamped", "bare", "standard"):
        assert not orbit.verified(headers, body, secrets(secret), scheme=scheme, now=now)
