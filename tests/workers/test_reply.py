"""A reply is the same in however many pieces it comes, and what is not wholly one is never taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.sender.reply import MOST_BODY, MOST_HEAD, BrokenReplyError, Reply

BODY = b'{"recipient_id":"1","message_id":"m_1"}'
SIZED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
CHUNKED = (
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5;x=y\r\n%b\r\n%x\r\n%b\r\n0\r\nX-Trailer: a\r\n\r\n" % (BODY[:5], len(BODY) - 5, BODY[5:])
)
NO_CONTENT = b"HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n"
ENDING = b"HTTP/1.0 502 Bad Gateway\r\n\r\n<html>"


def read(*pieces: bytes) -> Reply:
    reply = Reply()
    for piece in pieces:
        reply.feed(piece)
    return reply


@st.composite
def replies(draw) -> tuple[bytes, int, bytes]:
    status, body = draw(st.integers(200, 599)), draw(st.binary(max_size=200))
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * draw(st.integers(0, 2))
    headers = b"".join(b"X-%d: %b\r\n" % (i, b"v" * i) for i in range(draw(st.integers(0, 3))))
    if status in {204, 304}:
        return interim + b"HTTP/1.1 %d Fine\r\n%b\r\n" % (status, headers), status, b""
    if draw(st.booleans()):
        framed = b"content-length: %d\r\n%b\r\n%b" % (len(body), headers, body)
        return interim + b"HTTP/1.1 %d Fine\r\n%b" % (status, framed), status, body
    cuts = sorted(draw(st.lists(st.integers(0, len(body)), max_size=4)))
    parts = [body[low:high] for low, high in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    chunks = b"".join(b"%X\r\n%b\r\n" % (len(part), part) for part in parts if part)
    framed = b"Transfer-Encoding: Chunked\r\n%b\r\n%b0\r\n\r\n" % (headers, chunks)
    return interim + b"HTTP/1.1 %d Fine\r\n%b" % (status, framed), status, body


@given(replies(), st.lists(st.integers(0, 800), max_size=8))
def test_pieces_make_no_difference(sent, cuts):
    raw, status, body = sent
    places = sorted(min(cut, len(raw)) for cut in cuts)
    reply = read(*(raw[low:high] for low, high in zip([0, *places], [*places, len(raw)], strict=True) if low < high))
    assert (reply.done, reply.status, reply.body, reply.keeps) == (True, status, body, True)


@pytest.mark.parametrize("raw", [SIZED, CHUNKED, NO_CONTENT])
def test_it_is_done_with_its_last_byte_and_not_before(raw):
    reply = Reply()
    for place in range(len(raw)):
        cut = read(raw[:place]) if place else Reply()
        assert not cut.done
        with pytest.raises(BrokenReplyError):
            cut.end()
        assert reply.feed(raw[place : place + 1]) is (place == len(raw) - 1)
    reply.end()


def test_headers_come_as_they_were_sent():
    assert read(SIZED).headers == [(b"Content-Type", b"application/json"), (b"Content-Length", b"39")]


def test_a_body_without_a_length_ends_with_the_connection():
    reply = read(ENDING)
    assert not reply.done
    reply.end()
    assert (reply.done, reply.body, reply.keeps) == (True, b"<html>", False)


@pytest.mark.parametrize(
    ("raw", "keeps"),
    [
        (SIZED, True),
        (SIZED.replace(b"HTTP/1.1", b"HTTP/1.0"), False),
        (SIZED.replace(b"Content-Type: application/json", b"Connection: Close"), False),
        (SIZED.replace(b"Content-Type: application/json", b"Connection: x, close"), False),
        (SIZED + b"H", False),
        (CHUNKED + b"H", False),
    ],
)
def test_only_a_clean_end_keeps_the_connection(raw, keeps):
    reply = read(raw)
    assert (reply.done, reply.body, reply.keeps) == (True, BODY, keeps)


@pytest.mark.parametrize(
    "raw",
    [
        b"garbage\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 99 Low\r\n\r\n",
        b"HTTP/1.1 600 High\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nSpace : before\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\nY: b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: \0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1_0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nno trailer\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (MOST_BODY + 1),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % (MOST_BODY + 1),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"0" * 2000,
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (MOST_BODY + 1),
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * MOST_HEAD + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * MOST_HEAD,
        b"x" * (MOST_HEAD + 1),
    ],
)
def test_what_is_no_reply_is_refused(raw):
    with pytest.raises(BrokenReplyError):
        read(raw)


def test_nothing_may_follow_a_reply_that_is_done():
    reply = read(SIZED)
    with pytest.raises(BrokenReplyError):
        reply.feed(b"H")


@given(st.binary(max_size=300), st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", CHUNKED[:90], SIZED[:60]]))
def test_garbage_is_broken_or_unfinished_and_nothing_else(garbage, before):
    reply = Reply()
    try:
        reply.feed(before + garbage)
        reply.end()
    except BrokenReplyError:
        return
    assert reply.done
