"""One HTTP/1.1 reply, put together from whatever pieces a socket delivers (RFC 9112). No I/O.

Strict, because whoever guesses here says that a message was accepted: bare line feeds, folded headers, two lengths that
differ, a length beside a transfer coding and an unknown coding are all broken.
"""

import re

MOST_HEAD = 64 * 1024
"""Bytes of status line and headers."""
MOST_BODY = 4 * 1024 * 1024
"""Bytes of a body; a platform's answers have a few hundred, a stranger's error page a few thousand."""
_MOST_LINE = 1024

_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2})(?: [^\r\n\0]*)?")
_HEADER = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\r\n\0]*?)[ \t]*")
_LENGTH = re.compile(rb"[0-9]{1,15}")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n\0]*)?")
_SWITCHING = 101
_SUCCESS = 200
_BODILESS = frozenset({204, 304})


class BrokenReplyError(Exception):
    """What came is not one whole HTTP reply."""


class Reply:
    """`feed` it until `done`; then `status`, `headers` and `body` are whole.

    `keeps` tells whether the connection may carry another request.
    """

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""
        self.keeps = False
        self.done = False
        self._rest = b""
        self._begun = False
        self._length: int | None = None
        self._chunked = False
        self._chunks: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> bool:
        """Take the next bytes and return `done`; raises BrokenReplyError."""
        if self.done:
            raise BrokenReplyError("bytes after the end")
        self._rest = self._rest + piece if self._rest else piece
        while not self._begun:
            if not self._read_head():
                return False
        if self._chunked:
            self._read_chunks()
        else:
            self._read_plain()
        return self.done

    def end(self) -> None:
        """Take the end of the connection; raises BrokenReplyError unless the reply is whole by it."""
        if self.done:
            return
        if not self._begun or self._chunked or self._length is not None:
            raise BrokenReplyError("the connection ended within the reply")
        self._finish(self._rest, b"")

    def _read_head(self) -> bool:
        head, mark, rest = self._rest.partition(b"\r\n\r\n")
        if len(head) > MOST_HEAD:
            raise BrokenReplyError("endless headers")
        if not mark:
            return False
        self._rest = rest
        first, *lines = head.split(b"\r\n")
        found = _STATUS.fullmatch(first)
        if not found:
            raise BrokenReplyError("no status line")
        self.status = int(found[2])
        if self.status == _SWITCHING:
            raise BrokenReplyError("another protocol")
        if self.status >= _SUCCESS:
            self.headers = [_header(line) for line in lines]
            self._frame(is_1_1=found[1] == b"1")
        return True

    def _frame(self, *, is_1_1: bool) -> None:
        """Decide where the body ends, and whether another reply may follow it."""
        named = [(name.lower(), value) for name, value in self.headers]
        lengths = {value for name, value in named if name == b"content-length"}
        codings = [value.lower() for name, value in named if name == b"transfer-encoding"]
        options = b",".join(value.lower() for name, value in named if name == b"connection")
        closes = b"close" in {option.strip() for option in options.split(b",")}
        self._begun = True
        self._chunked = codings == [b"chunked"]
        if (codings and (lengths or not self._chunked)) or len(lengths) > 1:
            raise BrokenReplyError("a length that can be read in two ways")
        if self.status in _BODILESS:
            self._length, self._chunked = 0, False
        elif lengths:
            self._length = _length(lengths.pop())
        self.keeps = is_1_1 and not closes and (self._chunked or self._length is not None)

    def _read_plain(self) -> None:
        if self._length is None:
            self._limit(len(self._rest))
        elif len(self._rest) >= self._length:
            self._finish(self._rest[: self._length], self._rest[self._length :])

    def _read_chunks(self) -> None:
        while not self.done:
            line, mark, rest = self._rest.partition(b"\r\n")
            if not mark:
                if len(line) > _MOST_LINE:
                    raise BrokenReplyError("an endless line between chunks")
                return
            found = _CHUNK.fullmatch(line)
            if not found:
                raise BrokenReplyError("no chunk size")
            size = int(found[1], 16)
            if not size:
                self._read_trailers(rest)
                return
            self._limit(self._size + size)
            if len(rest) < size + 2:
                return
            if rest[size : size + 2] != b"\r\n":
                raise BrokenReplyError("a chunk longer than it says")
            self._chunks.append(rest[:size])
            self._size += size
            self._rest = rest[size + 2 :]

    def _read_trailers(self, rest: bytes) -> None:
        """Read past what may follow the last chunk; nothing in it is of use."""
        if rest.startswith(b"\r\n"):
            self._finish(b"".join(self._chunks), rest[2:])
            return
        trailers, mark, beyond = rest.partition(b"\r\n\r\n")
        if len(trailers) > MOST_HEAD:
            raise BrokenReplyError("endless trailers")
        if mark:
            for line in trailers.split(b"\r\n"):
                _header(line)
            self._finish(b"".join(self._chunks), beyond)

    def _finish(self, body: bytes, beyond: bytes) -> None:
        self.body = body
        self.done = True
        self.keeps = self.keeps and not beyond
        self._rest = b""

    def _limit(self, size: int) -> None:
        if size > MOST_BODY:
            raise BrokenReplyError("a body too large to be an answer")


def _header(line: bytes) -> tuple[bytes, bytes]:
    found = _HEADER.fullmatch(line)
    if not found:
        raise BrokenReplyError("no header")
    return found[1], found[2]


def _length(value: bytes) -> int:
    if not _LENGTH.fullmatch(value) or int(value) > MOST_BODY:
        raise BrokenReplyError("no length that an answer can have")
    return int(value)
