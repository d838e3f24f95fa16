"""HTTP/1.1 heads and bodies (RFC 9112), as far as an opening handshake needs them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

MAX_HEAD = 64 << 10
"""Bytes of a response head that are read before it is given up."""

_END = re.compile(rb"\r?\n\r?\n")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_STATUS_LINE = re.compile(r"HTTP/(\d\.\d) (\d{3})(?: (.*))?")
_REQUEST_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+) HTTP/(\d\.\d)")


class MalformedHead(Exception):
    """The bytes are no head of an HTTP message."""


class Headers(list[tuple[str, str]]):
    """Header fields in wire order, with case and duplicates kept."""

    def get(self, name: str) -> str | None:
        """Return the fields of this name joined as one list (RFC 9110 §5.3), or None."""
        values = self.get_all(name)
        return ", ".join(values) if values else None

    def get_all(self, name: str) -> list[str]:
        """Return the values of all fields of this name, whatever their case."""
        return [value for other, value in self if other.lower() == name.lower()]

    def tokens(self, name: str) -> list[str]:
        """Return the comma-separated members of all fields of this name, in lower case."""
        return [
            token.strip().lower()
            for value in self.get_all(name)
            for token in value.split(",")
            if token.strip()
        ]


class Request(NamedTuple):
    """A request's head; ``raw`` is what was on the wire, with the empty line at its end."""

    method: str
    target: str
    version: str
    headers: Headers
    raw: bytes


class Response(NamedTuple):
    """A response's head; ``raw`` is what was on the wire, with the empty line at its end."""

    version: str
    status: int
    reason: str
    headers: Headers
    raw: bytes


def head_end(data: bytes | bytearray, start: int = 0) -> int | None:
    """Return where the head ends that begins ``data``, or None if it has not come whole.

    ``start`` is where looking may begin, when the bytes before were looked at already.
    """
    match = _END.search(data, max(0, start - 3))
    return match.end() if match else None


def parse_request(raw: bytes) -> Request:
    """Parse a request's head.

    Raises:
        MalformedHead: with what is wrong.
    """
    line, headers = _parse(raw)
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        raise MalformedHead(f"not an HTTP request line: {line[:200]!r}")
    method, target, version = match.groups()
    return Request(method, target, version, headers, raw)


def parse_response(raw: bytes) -> Response:
    """Parse a response's head.

    Raises:
        MalformedHead: with what is wrong.
    """
    line, headers = _parse(raw)
    match = _STATUS_LINE.fullmatch(line)
    if match is None:
        raise MalformedHead(f"not an HTTP status line: {line[:200]!r}")
    version, status, reason = match.groups()
    return Response(version, int(status), reason or "", headers, raw)


def _parse(raw: bytes) -> tuple[str, Headers]:
    lines = decode_head(raw).replace("\r\n", "\n").split("\n")
    headers = Headers()
    for line in lines[1:]:
        if not line:
            break
        name, colon, value = line.partition(":")
        # A space before the colon, or a line that continues another, is an error (RFC 9112 §5).
        if not colon or not _TOKEN.fullmatch(name):
            raise MalformedHead(f"not a header field: {line[:200]!r}")
        headers.append((name, value.strip(" \t")))
    return lines[0], headers


def decode_head(raw: bytes) -> str:
    """Decode a head: UTF-8 where it is that, else ISO-8859-1, which takes any byte."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


class Body:
    """Read the body of a response, at most ``limit`` bytes of it (RFC 9112 §6).

    ``complete`` turns true when the body has ended or the limit is reached; one that has neither
    a length nor chunks ends with the connection.
    """

    def __init__(self, response: Response, limit: int) -> None:
        self._limit = limit
        self._wire = bytearray()
        self._chunked = "chunked" in response.headers.tokens("Transfer-Encoding")
        self._length = None if self._chunked else _content_length(response)

    def feed(self, data: bytes) -> None:
        """Take more bytes from the wire."""
        self._wire += data

    @property
    def complete(self) -> bool:
        """Whether there is nothing more to read."""
        if self._chunked:
            size, ended = self._count_chunks()
            return ended or size >= self._limit
        wanted = self._limit if self._length is None else min(self._length, self._limit)
        return len(self._wire) >= wanted

    @property
    def content(self) -> bytes:
        """What has come, without the framing of chunks."""
        if self._chunked:
            return b"".join(self._chunks())[: self._limit]
        end = self._limit if self._length is None else min(self._length, self._limit)
        return bytes(self._wire[:end])

    def _count_chunks(self) -> tuple[int, bool]:
        size, ended = 0, False
        for chunk in self._chunks():
            size += len(chunk)
            ended = not chunk
        return size, ended

    def _chunks(self) -> Iterator[bytes]:
        """Yield what has come of each chunk; an empty one is the last (RFC 9112 §7.1)."""
        pos = 0
        while (line_end := self._wire.find(b"\n", pos)) >= 0:
            digits = self._wire[pos:line_end].split(b";")[0].strip()
            try:
                size = int(digits, 16)
            except ValueError:
                size = 0
            yield bytes(self._wire[line_end + 1 : line_end + 1 + size])
            if size == 0:
                return
            pos = line_end + 1 + size + 2


def _content_length(response: Response) -> int | None:
    if response.status in (204, 304) or response.status < 200:
        return 0
    value = response.headers.get("Content-Length")
    return int(value) if value is not None and value.isdecimal() else None
