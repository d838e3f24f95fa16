"""HTTP/1.1 heads and bodies (RFC 9112), as far as an opening handshake needs them."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import NamedTuple

MAX_HEAD = 64 << 10
"""Bytes of a response head that are read before it is given up."""

# Patterns are compiled by re, which keeps them, when they are first used.
_END = rb"\r?\n\r?\n"
FIELD_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
"""What a header may be called, and a method or a subprotocol (RFC 9110 §5.6.2)."""

_STATUS_LINE = r"HTTP/(\d\.\d) (\d{3})(?: (.*))?"
_CHUNK_SIZE = rb"[0-9A-Fa-f]{1,16}"
_LENGTH = r"[0-9]{1,18}"
_REQUEST_LINE = rf"({FIELD_NAME}) (\S+) HTTP/(\d\.\d)"


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


def basic_credentials(user: str, password: str | None) -> str:
    """Return the value of an Authorization header for Basic authentication (RFC 7617)."""
    pair = f"{user}:{password or ''}".encode()
    return f"Basic {b64encode(pair).decode()}"


def head_end(data: bytes | bytearray, start: int = 0) -> int | None:
    """Return where the head ends that begins ``data``, or None if it has not come whole.

    ``start`` is where looking may begin, when the bytes before were looked at already.
    """
    start = max(0, start - 3)
    match = re.search(_END, data[start:])
    return start + match.end() if match else None


def parse_request(raw: bytes) -> Request:
    """Parse a request's head.

    Raises:
        MalformedHead: with what is wrong.
    """
    line, headers = _parse(raw)
    match = re.fullmatch(_REQUEST_LINE, line)
    if match is None:
        raise MalformedHead(f"not an HTTP request line: {line[:200]!r}")
    if b"\0" in raw or raw.count(b"\r") != raw.count(b"\r\n"):  # RFC 9110 §5.5
        raise MalformedHead("the head of the request has a NUL in it, or a CR that ends no line")
    method, target, version = match.groups()
    return Request(method, target, version, headers, raw)


def parse_response(raw: bytes) -> Response:
    """Parse a response's head.

    Raises:
        MalformedHead: with what is wrong.
    """
    line, headers = _parse(raw)
    match = re.fullmatch(_STATUS_LINE, line)
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
        if not colon or not re.fullmatch(FIELD_NAME, name):
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
            content, ended = self._join_chunks()
            return ended or len(content) >= self._limit
        return len(self._wire) >= self._wanted

    @property
    def content(self) -> bytes:
        """What has come, without the framing of chunks."""
        if self._chunked:
            return self._join_chunks()[0][: self._limit]
        return bytes(self._wire[: self._wanted])

    @property
    def _wanted(self) -> int:
        return self._limit if self._length is None else min(self._length, self._limit)

    def _join_chunks(self) -> tuple[bytes, bool]:
        """Return what the chunks hold, and whether the last one has come (RFC 9112 §7.1)."""
        content = b""
        pos = 0
        while (line_end := self._wire.find(b"\n", pos)) >= 0:
            digits = re.match(_CHUNK_SIZE, self._wire[pos:line_end])
            size = int(digits[0], 16) if digits else 0
            if size == 0:
                return content, True
            content += self._wire[line_end + 1 : line_end + 1 + size]
            pos = line_end + 1 + size + 2
        return content, False


def _content_length(response: Response) -> int | None:
    if response.status in (204, 304) or response.status < 200:
        return 0
    value = response.headers.get("Content-Length") or ""
    return int(value) if re.fullmatch(_LENGTH, value) else None
