"""Conversations at Meta: what is asked, what an answer says, and what a refusal leads to."""

import json
from datetime import UTC, datetime

import httpx
import pytest
from pydantic import SecretStr

from campaigns.providers.meta import conversations
from campaigns.providers.meta.conversations import Excerpt, Refusal, Talk
from campaigns.providers.protocol import Sender
from schemas.inbound import Inbound, InboundKind
from schemas.page import Channel

OURS, PERSON = "17841400000000001", "9001"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
AT, AT_MS = "2026-11-21T10:00:00+0000", 1_795_255_200_000
SENDER = Sender(Channel.INSTAGRAM, OURS, "https://graph.facebook.com/v26.0/", SecretStr("very-secret"))


def said(mid, author, text="hi", **changes):
    to = PERSON if author == OURS else OURS
    message = {"id": mid, "created_time": AT, "from": {"id": author}, "to": {"data": [{"id": to}]}, "message": text}
    return message | changes


def talk(*messages, **changes):
    return {"id": "t_1", "updated_time": AT, "messages": {"data": list(messages)}} | changes


def read(*talks, status=200, **more):
    return conversations.excerpt(SENDER, httpx.Response(status, json={"data": list(talks)} | more), NOW)


def refused(status=400, headers=None, **error):
    return conversations.excerpt(SENDER, httpx.Response(status, headers=headers, json={"error": error}), NOW)


class TestRequests:
    @pytest.mark.parametrize(
        ("asked", "depth", "own"),
        [
            ({}, 5, {"limit": "50"}),
            ({"after": "c1"}, 5, {"limit": "50", "after": "c1"}),
            ({"person": PERSON}, 20, {"limit": "1", "user_id": PERSON}),
        ],
    )
    def test_conversations(self, asked, depth, own):
        request = conversations.listing(SENDER, **asked)
        assert (request.method, request.url.copy_with(query=None)) == (
            "GET",
            "https://graph.facebook.com/v26.0/me/conversations",
        )
        fields = f"updated_time,messages.limit({depth}){{id,created_time,from,to,message}}"
        assert dict(request.url.params) == {"platform": "instagram", "fields": fields} | own
        assert request.headers["authorization"] == "Bearer very-secret"
        assert "very-secret" not in str(request.url)

    def test_all_messages_of_one(self):
        request = conversations.messages(SENDER, Talk("a/b?c=", 0, (), more=True))
        assert request.url.raw_path.startswith(b"/v26.0/a%2Fb%3Fc%3D/messages?")
        assert dict(request.url.params) == {"fields": "id,created_time,from,to,message", "limit": "20"}


class TestAnswers:
    def test_both_sides_of_a_conversation(self):
        told = {"name": "conversation"}
        theirs = Inbound(InboundKind.MESSAGE, "instagram", OURS, PERSON, AT_MS, mid="m2", text="Hé", **told)
        ours = Inbound(InboundKind.ECHO, "instagram", OURS, PERSON, AT_MS, mid="m1", text="hi", **told)
        found = read(talk(said("m2", PERSON, "Hé"), said("m1", OURS)))
        assert found == Excerpt((Talk("t_1", AT_MS, (theirs, ours), more=False),))

    @pytest.mark.parametrize(
        "odd",
        [
            {"to": {"data": [{"id": "someone"}]}},
            {"to": None},
            {"from": {}},
            {"created_time": "yesterday"},
            {"id": None},
        ],
    )
    def test_who_cannot_be_told_apart_is_no_person(self, odd):
        (found,) = read(talk(said("m1", PERSON, **odd))).talks
        assert (found.messages, found.unclear) == ((), 1)

    def test_an_attachment_is_a_message_without_words(self):
        ((message,),) = [each.messages for each in read(talk(said("m1", PERSON, None))).talks]
        assert (message.kind, message.text) == (InboundKind.MESSAGE, "")

    def test_the_next_page_has_a_cursor_and_its_address_is_not_kept(self):
        paging = {"cursors": {"after": "c1"}, "next": "https://graph.facebook.com/x?access_token=very-secret"}
        more = talk(said("m1", PERSON), messages={"data": [], "paging": paging})
        found = read(more, paging=paging)
        assert (found.after, found.talks[0].more) == ("c1", True)
        assert "very-secret" not in repr(found)
        assert read(paging={"cursors": {"after": "c1"}}).after == ""

    def test_the_messages_of_one(self):
        known = Talk("t_1", AT_MS, (), more=True)
        found = conversations.said(SENDER, known, httpx.Response(200, json={"data": [said("m1", PERSON)]}), NOW)
        assert (found.id, found.updated_at, [each.mid for each in found.messages]) == ("t_1", AT_MS, ["m1"])

    @pytest.mark.parametrize("body", [[], {}, {"data": {}}, {"data": [1, None, {"id": None}]}, "x"])
    def test_anything_may_stand_there(self, body):
        found = conversations.excerpt(SENDER, httpx.Response(200, content=json.dumps(body)), NOW)
        assert isinstance(found, Refusal) or found == Excerpt(())


class TestRefusals:
    @pytest.mark.parametrize("error", [{"code": 190, "error_subcode": 460}, {"code": 102}])
    def test_a_token_that_is_refused(self, error):
        found = refused(**error, message="very-secret")
        assert "token" in found.sentence
        assert "very-secret" not in found.sentence

    @pytest.mark.parametrize("code", [3, 10, 200, 230, 298])
    def test_what_is_not_permitted_names_the_permissions(self, code):
        found = refused(403, code=code)
        assert "does not let the app read the conversations of account 17841400000000001" in found.sentence
        assert "Advanced Access" in found.sentence

    @pytest.mark.parametrize("code", [4, 613, 80002])
    def test_a_throttle_says_how_long(self, code):
        found = refused(code=code, headers={"Retry-After": "30"})
        assert (found.wait, found.cursor) == (30.0, False)
        assert "limits" in found.sentence

    def test_a_cursor_may_be_too_old(self):
        assert refused(code=100).cursor
        assert not refused(code=2).cursor
        assert "code 2" in refused(code=2).sentence

    def test_what_is_no_platform(self):
        found = conversations.excerpt(SENDER, httpx.Response(200, text="<html>"), NOW)
        assert "base_url" in found.sentence
