"""What strangers may occupy has an end."""

import asyncio

import pytest
from fastapi import HTTPException, Request

from campaigns.web import room
from campaigns.web.room import LARGEST, Room, TooLargeError


def request(*parts: bytes, headers=(), ends=True, gone=False):
    """Return a request whose body comes in these parts; then it ends, or its sender is gone, or nothing comes."""
    messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    if ends:
        messages.append({"type": "http.request", "body": b"", "more_body": False})
    if gone:
        messages.append({"type": "http.disconnect"})

    async def receive():
        if messages:
            return messages.pop(0)
        return await asyncio.Event().wait()

    return Request({"type": "http", "headers": list(headers)}, receive)


def read(request, place=None):
    async def whole():
        async with (place or Room()).body(request) as body:
            return body

    return asyncio.run(whole())


def refused(request, place=None):
    with pytest.raises(HTTPException) as refusal:
        read(request, place)
    return refusal.value.status_code


def test_a_body_is_put_together():
    assert read(request(b"one", b"", b"two")) == b"onetwo"
    assert read(request()) == b""


def test_a_body_that_says_it_is_too_large_is_not_read():
    with pytest.raises(TooLargeError):
        read(request(ends=False, headers=[(b"content-length", b"%d" % (LARGEST + 1))]))


def test_a_body_that_does_not_say_so_is_counted(monkeypatch):
    monkeypatch.setattr(room, "LARGEST", 5)
    assert read(request(b"123", b"45")) == b"12345"
    assert refused(request(b"123", b"456")) == 413


def test_a_length_that_is_none_is_not_believed():
    assert read(request(b"one", headers=[(b"content-length", b"-1")])) == b"one"


def test_a_sender_who_is_gone_or_slow_holds_nothing(monkeypatch):
    monkeypatch.setattr(room, "_READING", 0.01)
    place = Room(together=3)
    assert refused(request(b"one", ends=False, gone=True), place) == 400
    assert refused(request(b"two", ends=False), place) == 408
    assert read(request(b"six"), place) == b"six"


def test_there_is_room_for_so_much_at_once():
    place = Room(together=5)

    async def two():
        async with place.body(request(b"123")):
            with pytest.raises(HTTPException) as refusal:
                async with place.body(request(b"456")):
                    pass
            return refusal.value.status_code

    assert asyncio.run(two()) == 503
    assert read(request(b"12345"), place) == b"12345"
