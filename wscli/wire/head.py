"""HTTP/1.1 heads and bodies (RFC 9112), as far as an opening handshake needs them."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import NamedTuple

MAX_HEAD = 64 << 10
"""Bytes of a response head that are read before it is given up."""

MAX_FRAMING = 16 << 10
"""The limit for the chunk extensions and trailer fields of a body, in bytes, as in hyper."""

REDIRECTS = frozenset({301, 302, 303, 307, 308})
"""Statuses that send the client elsewhere (RFC 9110 §15.4)."""

# Patterns are compiled by re, which keeps them, when they are first used.
_END = rb"\r?\n\r?\n"
FIELD_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
"""What a header may be called, and a method or a subprotocol (RFC 9110 §5.6.2)."""

_STATUS_LINE = r"HTTP/(\d\.\d) (\d{3})(?: (.*))?"
_CHUNK_LINE = rb"(?P<size>[0-9A-Fa-f]{1,16})(?P<extension>[ \t]*(?:;[^\n]*?)?)\r?\n"
_SIZE_DIGITS = 16
_LENGTH = r"[0-9]{1,18}"
_REQUEST_LINE = rf"({FIELD_NAME}) (\S+) HTTP/(\d\.\d)"


class MalformedHead(Exception):
    """The bytes are not the head of an HTTP message."""


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
    """A request's head; ``raw`` has its bytes on the wire, with the empty line at the end."""

    method: str
    target: str
    version: str
    headers: Headers
    raw: bytes


class Response(NamedTuple):
    """A response's head; ``raw`` has its bytes on the wire, with the empty line at the end."""

    version: str
    status: int
    reason: str
    headers: Headers
    raw: bytes


def without_query(url: str) -> str:
    """Return a URL or target without its query and fragment, which may hold tokens."""
    return re.split("[?#]", url, maxsplit=1)[0]


def basic_credentials(user: str, password: str | None) -> str:
    """Return the value of an Authorization header for Basic authentication (RFC 7617)."""
    pair = f"{user}:{password or ''}".encode()
    return f"Basic {b64encode(pair).decode()}"


def head_end(data: bytes | bytearray, searched: int = 0, begin: int = 0) -> int | None:
    """Return where the head that starts at ``begin`` ends, or None if it is incomplete.

    The first ``searched`` bytes of ``data`` are known to hold no end of this head, so that data
    which arrives in pieces is searched once.
    """
    match = re.compile(_END).search(data, max(begin, searched - 3))
    return match.end() if match else None


def parse_request(raw: bytes) -> Request:
    """Parse a request's head.

    Raises:
        MalformedHead: with the reason.
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
        MalformedHead: with the reason.
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
    a length nor chunks ends with the connection. Memory is bounded by the limit, also where the
    server sends framing without content.
    """

    def __init__(self, response: Response, limit: int) -> None:
        self._content = bytearray()
        self._wanted = limit
        self._chunks: _Chunks | None = None
        if not _may_have_body(response):
            self._wanted = 0
        elif "chunked" in response.headers.tokens("Transfer-Encoding"):
            self._chunks = _Chunks()
        elif (length := _content_length(response)) is not None:
            self._wanted = min(length, limit)

    def feed(self, data: bytes) -> None:
        """Take more bytes from the wire."""
        if self._chunks is not None:
            data = self._chunks.decode(data)
        self._content += data[: self._wanted - len(self._content)]

    @property
    def complete(self) -> bool:
        """Whether there is nothing more to read."""
        ended = self._chunks is not None and self._chunks.ended
        return ended or len(self._content) >= self._wanted

    @property
    def content(self) -> bytes:
        """The bytes received so far, without the framing of chunks."""
        return bytes(self._content)


class _Chunks:
    """Decode the chunked transfer coding (RFC 9112 §7.1) piece by piece.

    ``ended`` turns true after the trailer section, and where the framing is malformed or longer
    than MAX_FRAMING: both end the content that can be read.
    """

    def __init__(self) -> None:
        self.ended = False
        self._line = b""  # the incomplete line of framing, if any
        self._data_left = 0  # bytes of the current chunk that are still to come
        self._read_line = self._read_size
        self._allowance = MAX_FRAMING

    def decode(self, data: bytes) -> bytes:
        """Return the content in the next bytes from the wire."""
        content = []
        pos = 0
        while pos < len(data) and not self.ended:
            if self._data_left:
                piece = data[pos : pos + self._data_left]
                content.append(piece)
                self._data_left -= len(piece)
                pos += len(piece)
            else:
                pos = self._take_line(data, pos)
        return b"".join(content)

    def _take_line(self, data: bytes, pos: int) -> int:
        newline = data.find(b"\n", pos)
        end = len(data) if newline < 0 else newline + 1
        self._line += data[pos:end]
        if newline >= 0:
            line, self._line = self._line, b""
            self._read_line(line)
        elif len(self._line) > _SIZE_DIGITS + self._allowance:
            self.ended = True
        return end

    def _read_size(self, line: bytes) -> None:
        match = re.fullmatch(_CHUNK_LINE, line)
        if match is None:
            self.ended = True
            return
        self._spend(len(match["extension"]))
        self._data_left = int(match["size"], 16)
        self._read_line = self._read_end_of_data if self._data_left else self._read_trailer

    def _read_end_of_data(self, line: bytes) -> None:
        self.ended = bool(line.strip(b"\r\n"))
        self._read_line = self._read_size

    def _read_trailer(self, line: bytes) -> None:
        self._spend(len(line))
        self.ended = self.ended or not line.strip(b"\r\n")

    def _spend(self, size: int) -> None:
        self._allowance -= size
        self.ended = self.ended or self._allowance < 0


def _may_have_body(response: Response) -> bool:
    return response.status >= 200 and response.status not in (204, 304)  # RFC 9112 §6.3


def _content_length(response: Response) -> int | None:
    value = response.headers.get("Content-Length") or ""
    return int(value) if re.fullmatch(_LENGTH, value) else None
