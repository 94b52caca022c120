"""The Conversations API over real connections: what it knows, its pages, and its limit."""

import pytest

INSTAGRAM = "17841400000000000"
NESTED = "id,updated_time,participants,messages{id,created_time,from,to,message}"


@pytest.fixture
def inbox(account):
    """An account whose questions are not limited."""
    account.platform.change(conversation_cap=1000)
    return account


def test_both_sides_are_told_newest_first(inbox):
    [sent] = inbox.meta("9001", text="hi")
    mid = inbox.platform.say("1234", "9001", text="Hé")
    [talk] = inbox.ask("me/conversations", fields=NESTED).json()["data"]
    theirs, ours = talk["messages"]["data"]
    assert [theirs["id"], ours["id"]] == [mid, sent.json()["message_id"]]
    assert (theirs["message"], theirs["from"]["id"], theirs["to"]["data"][0]["id"]) == ("Hé", "9001", "1234")
    assert (ours["message"], ours["from"]["id"], ours["to"]["data"][0]["id"]) == ("hi", "1234", "9001")
    assert [who["id"] for who in talk["participants"]["data"]] == ["9001", "1234"]
    assert talk["updated_time"] == theirs["created_time"]
    assert theirs["created_time"].endswith("+0000")


def test_instagram_names_people_pages_have_names_and_addresses(inbox):
    inbox.meta("9001", account=INSTAGRAM)
    inbox.meta("9001")
    [on_instagram] = inbox.ask("me/conversations", INSTAGRAM, fields="participants").json()["data"]
    [on_page] = inbox.ask("me/conversations", fields="participants").json()["data"]
    assert on_instagram["participants"]["data"][0].keys() == {"username", "id"}
    assert on_page["participants"]["data"][0].keys() == {"name", "email", "id"}


def test_only_id_and_time_unless_asked_and_only_ones_own_platform(inbox):
    inbox.meta("9001")
    [talk] = inbox.ask("1234/conversations", platform="messenger").json()["data"]
    assert talk.keys() == {"id", "updated_time"}
    assert inbox.ask("1234/conversations", platform="instagram").json()["data"] == []
    assert inbox.ask("1234/conversations", account="77").status_code == 400


def test_one_person_can_be_asked_for(inbox):
    inbox.meta("9001", "9002")
    [talk] = inbox.ask("me/conversations", user_id="9001", fields="participants").json()["data"]
    assert talk["participants"]["data"][0]["id"] == "9001"
    assert inbox.ask("me/conversations", user_id="9003").json() == {"data": []}


def test_pages_follow_their_cursors_even_when_someone_writes_meanwhile(inbox):
    people = [str(9000 + n) for n in range(5)]
    inbox.meta(*people)
    seen, after = [], ""
    while after is not None:
        page = inbox.ask("me/conversations", limit=2, after=after, fields="participants").json()
        seen += [talk["participants"]["data"][0]["id"] for talk in page["data"]]
        after = page["paging"]["cursors"]["after"] if "next" in page["paging"] else None
        inbox.platform.say("1234", people[-1], text="still there?")
    assert seen == people[::-1]


def test_a_conversation_and_a_message_have_addresses_of_their_own(inbox):
    inbox.meta("9001", text="one")
    inbox.meta("9001", text="two")
    [talk] = inbox.ask("me/conversations").json()["data"]
    messages = inbox.ask(talk["id"], fields="messages").json()["messages"]["data"]
    assert [message.keys() for message in messages] == [{"id", "created_time"}] * 2
    page = inbox.ask(f"{talk['id']}/messages", fields="message", limit=1).json()
    assert [message["message"] for message in page["data"]] == ["two"]
    after = page["paging"]["cursors"]["after"]
    older = inbox.ask(f"{talk['id']}/messages", fields="message", limit=1, after=after).json()
    assert [message["message"] for message in older["data"]] == ["one"]
    assert "next" not in older["paging"]
    assert inbox.ask(messages[1]["id"], fields="message").json() == {"message": "one", "id": messages[1]["id"]}
    assert inbox.ask(talk["id"], account="77").json()["error"]["error_subcode"] == 33


def test_nested_messages_take_a_limit_and_no_more_than_twenty_are_known(inbox):
    for number in range(22):
        inbox.meta("9001", text=str(number))
    [talk] = inbox.ask("me/conversations", fields="message_count,messages.limit(3){message}").json()["data"]
    assert [message["message"] for message in talk["messages"]["data"]] == ["21", "20", "19"]
    assert talk["message_count"] == 22
    rest = talk["messages"]["paging"]["next"]
    assert "/messages?" in rest
    [talk] = inbox.ask("me/conversations", fields="messages.limit(50){message}").json()["data"]
    assert len(talk["messages"]["data"]) == 20


def test_what_people_answer_is_there_without_any_webhook(inbox):
    inbox.hook(meta_url="", reply=1)
    inbox.meta("9001")
    assert inbox.posted()["events"] == 0
    [talk] = inbox.ask("me/conversations", fields=NESTED).json()["data"]
    assert [message["from"]["id"] for message in talk["messages"]["data"]] == ["9001", "1234"]


@pytest.mark.parametrize(
    "query",
    [
        {"fields": "id,birthday"},
        {"fields": "messages{id"},
        {"fields": "id;x"},
        {"platform": "sms"},
        {"limit": "0"},
        {"limit": "x"},
        {"after": "zz"},
    ],
)
def test_a_question_that_cannot_be_read_is_a_bare_100(inbox, query):
    inbox.meta("9001")
    answer = inbox.ask("me/conversations", **query)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 100)


def test_the_limit_is_an_accounts_own_and_counts(account):
    account.meta("9001")
    answers = [account.ask("me/conversations") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 400, 400]
    assert answers[3].json()["error"]["code"] == 613
    assert int(answers[3].headers["retry-after"]) >= 1
    instagram = [account.ask("me/conversations", INSTAGRAM) for _ in range(4)]
    assert [answer.status_code for answer in instagram] == [200, 200, 200, 400]
    assert instagram[3].json()["error"]["code"] == 80002
    stats = account.platform.stats()
    assert (stats["reads"], stats["reads_refused"]) == (9, 3)
    assert account.meta("9002")[0].status_code == 200


def test_a_token_that_is_no_good_reads_nothing(account):
    account.platform.change(revoked=["1234"])
    assert account.ask("me/conversations").json()["error"]["code"] == 190


def test_the_longest_silent_are_forgotten_first(inbox):
    inbox.platform.change(remembered=2)
    inbox.platform.reset()
    inbox.meta("9001", "9002", "9001", "9003")
    found = inbox.ask("me/conversations", fields="participants").json()["data"]
    assert [talk["participants"]["data"][0]["id"] for talk in found] == ["9003", "9001"]
