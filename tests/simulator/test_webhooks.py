"""Meta's webhooks over real connections: what comes, when, how often, and how it is signed."""

import hashlib
import hmac
import json

import pytest

from campaigns.errors import InputError
from campaigns.simulator import Scenario
from campaigns.simulator.scenario import from_fields

INSTAGRAM = "17841400000000000"


def seal(letter, secret="app"):
    return "sha256=" + hmac.new(secret.encode(), letter.body, hashlib.sha256).hexdigest()


def test_an_echo_on_messenger_says_who_wrote_what_and_whose_it_is(account, mailbox):
    [answer] = account.meta("9001", metadata="ours:7", text="hé")
    account.posted()
    [letter] = mailbox.letters
    document = letter.read()
    [item] = letter.items()
    assert (document["object"], document["entry"][0]["id"]) == ("page", "1234")
    assert (item["sender"]["id"], item["recipient"]["id"]) == ("1234", "9001")
    assert item["message"] == {
        "mid": answer.json()["message_id"],
        "is_echo": True,
        "text": "hé",
        "app_id": 1_234_567,
        "metadata": "ours:7",
    }


def test_an_echo_on_instagram_carries_no_metadata(account, mailbox):
    [answer] = account.meta("9001", account=INSTAGRAM, metadata="ours:7")
    account.posted()
    [letter] = mailbox.letters
    assert letter.read()["object"] == "instagram"
    assert letter.items()[0]["message"] == {"mid": answer.json()["message_id"], "is_echo": True, "text": "hi"}


def test_the_signature_is_over_the_bytes_that_came_in_their_escaped_form(account, mailbox):
    account.meta("9001", text="zwölf/zwei 🙂")
    account.posted()
    [letter] = mailbox.letters
    assert letter.headers["X-Hub-Signature-256"] == seal(letter)
    assert rb"zw\u00f6lf\/zwei \ud83d\ude42" in letter.body
    assert letter.body.isascii()


@pytest.mark.parametrize(("order", "sent"), [("500-after", 1), ("1-after", 1), ("no-id", 1), ("613", 0), ("500", 0)])
def test_an_echo_comes_for_what_was_accepted_whatever_the_answer_said(account, mailbox, order, sent):
    account.platform.change(codes={"9001": order})
    account.meta("9001")
    account.posted()
    assert [item["recipient"]["id"] for item in mailbox.items("message")] == ["9001"] * sent


def test_receipts_are_of_each_channels_kind(account, mailbox):
    account.hook(delivered=1, read=1, echo=0, delivered_delay=0.02, read_delay=0.06)
    [on_page] = account.meta("9001")
    [on_instagram] = account.meta("9002", account=INSTAGRAM)
    account.posted()
    delivery, *reads = sorted(mailbox.items("delivery", "read"), key=lambda item: "read" in item)
    assert delivery["sender"]["id"] == "9001"
    assert delivery["delivery"]["mids"] == [on_page.json()["message_id"]]
    accepted = next(row["at_ms"] for row in account.platform.accepted("1234"))
    by_person = {item["sender"]["id"]: item["read"] for item in reads}
    assert by_person["9001"]["watermark"] >= int(accepted)
    assert by_person["9002"] == {"mid": on_instagram.json()["message_id"]}


def test_shares_of_people_hold_and_do_not_depend_on_order(account, mailbox):
    account.hook(echo=0.5)
    people = [str(9000 + n) for n in range(60)]
    account.meta(*people)
    account.posted()
    echoed = {item["recipient"]["id"] for item in mailbox.items()}
    assert 15 < len(echoed) < 45
    mailbox.letters.clear()
    account.meta(*reversed(people))
    account.posted()
    assert {item["recipient"]["id"] for item in mailbox.items()} == echoed
    account.platform.change(seed=2)
    mailbox.letters.clear()
    account.meta(*people)
    account.posted()
    assert {item["recipient"]["id"] for item in mailbox.items()} != echoed


def test_people_answer_tap_and_stop_one_thing_each(account, mailbox):
    account.hook(echo=0, reply=0.4, quick_reply=0.3, stop=0.3)
    buttons = [{"content_type": "text", "title": name, "payload": name.upper()} for name in ("Yes", "No")]
    account.meta(*(str(person) for person in range(60)), quick_replies=buttons)
    account.posted()
    said = [item["message"] for item in mailbox.items("message")]
    assert len({item["sender"]["id"] for item in mailbox.items()}) == len(said) == 60
    taps = [message for message in said if "quick_reply" in message]
    assert {(tap["text"], tap["quick_reply"]["payload"]) for tap in taps} == {("Yes", "YES")}
    stops = [message for message in said if message["text"] == "STOP"]
    assert min(len(taps), len(stops), 60 - len(taps) - len(stops)) > 5


def test_nobody_taps_what_was_not_offered(account):
    account.hook(echo=0, quick_reply=1)
    account.meta("9001")
    assert account.posted()["events"] == 0


def test_an_echo_takes_its_time(account, mailbox):
    account.hook(echo_delay=0.3)
    [answer] = account.meta("9001")
    assert account.platform.webhooks()["queued"] == 1
    account.posted()
    sent = answer.json()["message_id"]
    [item] = mailbox.items()
    accepted = next(account.platform.accepted())
    assert (item["message"]["mid"], item["timestamp"]) == (sent, int(accepted["at_ms"]))
    assert item["timestamp"] + 290 <= mailbox.letters[0].read()["entry"][0]["time"]


def test_those_reordered_are_overtaken(account, mailbox):
    account.hook(reorder=0.3, reorder_seconds=0.5)
    people = [str(person) for person in range(30)]
    account.meta(*people)
    account.posted()
    came = {int(letter.items()[0]["recipient"]["id"]): letter.at for letter in mailbox.letters}
    assert sorted(came) == list(range(30))
    late = [person for person, at in came.items() if at > mailbox.letters[0].at + 0.4]
    assert 2 <= len(late) <= 20
    assert min(late) < max(came.keys() - set(late))


def test_duplicates_are_the_same_bytes_again(account, mailbox):
    account.hook(duplicate=1)
    account.meta("1", "2", "3")
    counts = account.posted()
    bodies = [letter.body for letter in mailbox.letters]
    assert (len(bodies), len(set(bodies))) == (6, 3)
    assert (counts["delivered"], counts["duplicates"]) == (6, 3)


def test_a_bad_signature_comes_first_and_the_good_one_after_it(account, mailbox):
    account.hook(bad_signature=1)
    mailbox.statuses.append(403)
    account.meta("9001")
    counts = account.posted()
    bad, good = mailbox.letters
    assert bad.headers["X-Hub-Signature-256"] != seal(bad)
    assert good.headers["X-Hub-Signature-256"] == seal(good)
    assert bad.body == good.body
    assert (counts["forged"], counts["forged_taken"], counts["delivered"]) == (1, 0, 1)
    assert counts["statuses"] == {"403": 1, "200": 1}


def test_an_ill_server_is_tried_again_a_healthy_refusal_is_final(account, mailbox):
    mailbox.statuses.extend([503, 502])
    account.meta("9001")
    counts = account.posted()
    assert (counts["retried"], counts["delivered"], len(mailbox.letters)) == (2, 1, 3)
    mailbox.statuses.append(404)
    account.meta("9002")
    counts = account.posted()
    assert (counts["refused"], counts["delivered"], len(mailbox.letters)) == (1, 1, 4)


def test_a_server_that_is_not_there_is_given_up_and_sends_are_answered_meanwhile(account):
    account.hook(meta_url="http://127.0.0.1:9")
    answers = account.meta("1", "2")
    assert [answer.status_code for answer in answers] == [200, 200]
    counts = account.posted()
    assert (counts["failed"], counts["retried"], counts["delivered"]) == (2, 6, 0)


def test_a_body_holds_many_events_of_one_kind_of_account(account, mailbox):
    account.hook(batch=7, gather=0.3)
    account.meta(*(str(person) for person in range(10)))
    account.meta("10", "11", account="4321")
    account.meta("12", account=INSTAGRAM)
    assert account.posted()["events"] == 13
    sizes = [len(letter.items()) for letter in mailbox.letters]
    assert (max(sizes), sum(sizes)) == (7, 13)
    assert len(sizes) == 3
    for letter in mailbox.letters:
        document = letter.read()
        assert (document["object"] == "instagram") == (document["entry"][0]["id"] == INSTAGRAM)
        assert len({entry["id"] for entry in document["entry"]}) == len(document["entry"])


def test_odd_bodies_are_of_many_shapes_and_never_lose_a_message(account, mailbox):
    account.hook(odd=1, delivered=1)
    account.meta(*(str(person) for person in range(60)), metadata="m")
    account.posted()
    documents = [letter.read() for letter in mailbox.letters]
    items = mailbox.items()
    assert any(isinstance(document, list) for document in documents)
    assert any(len(document["entry"]) == 2 for document in documents if isinstance(document, dict))
    assert {type(item["timestamp"]) for item in items} == {int, str}
    assert any(isinstance(item["timestamp"], int) and item["timestamp"] < 10**11 for item in items)
    assert any("mids" not in item["delivery"] for item in items if "delivery" in item)
    assert {type(item["message"]["app_id"]) for item in items if "message" in item} == {int, str}
    assert {item["recipient"]["id"] for item in items if "message" in item} == {str(n) for n in range(60)}


def test_events_beyond_the_queue_are_lost_and_counted(account, mailbox):
    account.hook(queue=2, echo_delay=0.3)
    account.meta("1", "2", "3")
    assert account.posted()["lost"] == 1
    assert len(mailbox.items()) == 2


def test_reset_forgets_what_waits(account, mailbox):
    account.hook(echo_delay=30)
    account.meta("1")
    assert account.platform.webhooks(idle=0.01)["idle"] is False
    account.platform.reset()
    assert account.posted()["queued"] == 0
    assert mailbox.letters == []


@pytest.mark.parametrize(
    ("what", "part"),
    [
        ({"text": "Hallo"}, {"message": {"text": "Hallo"}}),
        ({"text": "Yes", "quick_reply": "Y"}, {"message": {"text": "Yes", "quick_reply": {"payload": "Y"}}}),
        ({"text": "Start", "postback": "GO"}, {"postback": {"title": "Start", "payload": "GO"}}),
        ({"text": "re", "answers": "m_1"}, {"message": {"text": "re", "reply_to": {"mid": "m_1"}}}),
    ],
)
def test_a_person_writes_when_told_to(account, mailbox, what, part):
    mid = account.platform.say("1234", "9001", **what)
    account.posted()
    [item] = mailbox.items()
    assert (item.pop("sender"), item.pop("recipient")) == ({"id": "9001"}, {"id": "1234"})
    [(kind, content)] = [(kind, content) for kind, content in item.items() if kind != "timestamp"]
    assert content.pop("mid") == mid
    assert {kind: content} == part


def test_raw_events_are_told_as_they_are(account, mailbox):
    account.platform.say("1234", "9001", event={"referral": {"source": "ADS"}})
    account.posted()
    change = {"field": "comments", "value": {"id": "c1"}}
    account.platform.say(INSTAGRAM, "9001", event=change)
    account.posted()
    first, second = (letter.read() for letter in mailbox.letters)
    assert first["entry"][0]["messaging"][0]["referral"] == {"source": "ADS"}
    assert (second["object"], second["entry"][0]["changes"]) == ("instagram", [change])


@pytest.mark.parametrize("order", [{}, {"text": "x", "platform": "irc"}, {"text": "x", "channel": "sms"}, {"event": 5}])
def test_an_order_that_makes_no_sense_is_a_sentence(account, order):
    with pytest.raises(InputError, match=r"\.$"):
        account.platform.say("1234", "9001", **order)


def test_who_writes_opens_the_window(account):
    account.platform.change(window_closed=1)
    assert [answer.status_code for answer in account.meta("9001", "9002")] != [200, 200]
    account.platform.say("1234", "9001", text="hello?")
    wrote, silent = account.meta("9001", "9002")
    assert (wrote.status_code, silent.status_code) == (200, silent.status_code)
    assert silent.json()["error"]["error_subcode"] == 2018278


@pytest.mark.parametrize(
    ("webhooks", "word"),
    [
        ({"meta_url": "https://example.com/hook", "app_secret": "s"}, "leaves this machine"),
        ({"orbit_url": "http://10.0.0.1/hook", "orbit_secret": "s"}, "leaves this machine"),
        ({"meta_url": "http://127.0.0.1:1/hook"}, "secret"),
        ({"orbit_url": "http://[::1]/h", "orbit_secret": "whsec_!", "orbit_scheme": "standard"}, "base64"),
        ({"stop": 0.6, "reply": 0.6}, "together at most 1"),
        ({"ehco": 1}, "webhooks.ehco"),
    ],
)
def test_a_wrong_table_is_a_sentence(webhooks, word):
    with pytest.raises(InputError, match=word):
        from_fields({"webhooks": webhooks})


def test_other_machines_are_posted_to_only_on_demand_and_secrets_stay_out_of_sight():
    hooks = {"meta_url": "https://example.com/hook", "app_secret": "under wraps", "anywhere": True}
    scenario = from_fields({"webhooks": hooks})
    assert scenario.webhooks.url("meta") == hooks["meta_url"]
    assert "under wraps" not in repr(scenario)
    assert from_fields(json.loads(scenario.model_dump_json())) == scenario


def test_under_asgi_what_waits_survives_the_end_of_an_event_loop(open_desk, mailbox):
    hooks = {"meta_url": mailbox.url, "app_secret": "app", "echo_delay": 0.5, "jitter": 0}
    desk = open_desk(webhooks=hooks)
    desk.meta("9001")
    assert mailbox.letters == []
    assert desk.request("GET", "/webhooks", params={"idle": 5}).json()["delivered"] == 1
    assert mailbox.items()[0]["timestamp"] == int(desk.now * 1000)
    assert Scenario().webhooks.url("meta") == ""
