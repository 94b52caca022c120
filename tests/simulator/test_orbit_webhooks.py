"""Orbit's webhooks over real connections: envelopes, masks, and the three ways to sign."""

import base64
import hashlib
import hmac
import re
import time

import pytest

SECRET = "whsec_b3JiaXQ="  # base64 of "orbit" behind the prefix


def digest(key, signed):
    return hmac.new(key, signed, hashlib.sha256)


def timestamped(letter):
    stamp, v1 = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", letter.headers["X-Devotel-Signature"]).groups()
    assert abs(int(stamp) - time.time()) < 60
    return v1 == digest(SECRET.encode(), stamp.encode() + b"." + letter.body).hexdigest()


def bare(letter):
    return letter.headers["X-Devotel-Signature"] == digest(SECRET.encode(), letter.body).hexdigest()


def standard(letter):
    signed = f"{letter.headers['webhook-id']}.{letter.headers['webhook-timestamp']}.".encode() + letter.body
    return letter.headers["webhook-signature"] == "v1," + base64.b64encode(digest(b"orbit", signed).digest()).decode()


@pytest.mark.parametrize("scheme", [timestamped, bare, standard])
def test_each_scheme_signs_what_came_and_a_forgery_does_not(account, mailbox, scheme):
    account.hook(orbit_scheme=scheme.__name__, bad_signature=1)
    mailbox.statuses.append(401)
    account.orbit("90010000", text="é🙂")
    account.posted()
    assert [scheme(letter) for letter in mailbox.letters] == [False, True]


def test_a_message_is_known_by_its_id_alone(account, mailbox):
    account.hook(delivered=1, delivered_delay=0.1)
    [answer] = account.orbit("90010000")
    account.posted()
    sent, delivered = mailbox.envelopes()
    assert [sent["type"], delivered["type"]] == ["message.sent", "message.delivered"]
    for envelope in (sent, delivered):
        assert envelope["data"]["message_id"] == answer.json()["data"]["message_id"]
        assert envelope["data"]["to"] == "9001****"
    assert sent["data"]["external_id"]
    assert sent["id"] != delivered["id"]
    letter = mailbox.letters[0]
    assert letter.headers["X-Devotel-Event-Id"] == sent["id"]
    assert letter.headers["X-Devotel-Event-Type"] == "message.sent"


def test_what_failed_in_the_end_was_neither_sent_nor_delivered(account, mailbox):
    account.hook(failed=1, delivered=1, read=1)
    account.orbit("90010000")
    account.posted()
    [envelope] = mailbox.envelopes()
    assert (envelope["type"], envelope["data"]["status"]) == ("message.failed", "failed")
    assert envelope["data"]["error_code"] == "IG_OUTSIDE_MESSAGING_WINDOW"


def test_a_stop_is_a_message_and_an_opt_out(account, mailbox):
    account.hook(echo=0, stop=1)
    account.orbit("90010000")
    account.posted()
    by_type = {envelope["type"]: envelope["data"] for envelope in mailbox.envelopes()}
    assert by_type.keys() == {"message.received", "contact.opted_out"}
    assert (by_type["message.received"]["from"], by_type["message.received"]["text"]) == ("90010000", "STOP")
    assert by_type["contact.opted_out"]["from"] == "90010000"


def test_a_tap_carries_its_payload(account, mailbox):
    account.hook(echo=0, quick_reply=1)
    account.orbit("90010000", quick_replies=[{"content_type": "text", "title": "Yes", "payload": "Y"}])
    account.posted()
    [envelope] = mailbox.envelopes()
    assert envelope["data"]["quick_reply"] == {"title": "Yes", "payload": "Y"}


def test_an_odd_envelope_has_neither_id_nor_time(account, mailbox):
    account.hook(odd=1)
    account.orbit("90010000")
    account.posted()
    assert mailbox.envelopes()[0].keys() == {"type", "data"}


def test_people_and_events_on_order(account, mailbox):
    mid = account.platform.say("17841", "90010000", text="hello", platform="orbit")
    account.posted()
    account.platform.say("17841", "90010000", platform="orbit", event={"type": "contact.opted_in"})
    account.posted()
    said, opted = mailbox.envelopes()
    assert (said["type"], said["data"]["message_id"], said["data"]["text"]) == ("message.received", mid, "hello")
    assert (opted["type"], opted["data"]["from"]) == ("contact.opted_in", "90010000")
