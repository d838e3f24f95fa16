"""HTTP/1.1 heads and bodies (RFC 9112), as far as an opening handshake needs them.

Both roles use it: the client reads responses, the server reads requests. A request is read more
strictly, since a proxy in front of the server may have understood a doubtful one differently.
"""

from __future__ import annotations

import re
from base64 import b64encode
from typing import NamedTuple

# Node.js stops at 16 KiB, Chrome at 256 KiB.
MAX_HEAD = 64 << 10
"""The limit for a response head, in bytes."""

# Chunk extensions and trailers are ignored, but a server can send them for ever without any
# content. The limit is that of hyper.
MAX_FRAMING = 16 << 10
"""The limit for the chunk extensions and trailer fields of a body, in bytes."""

REDIRECTS = frozenset({301, 302, 303, 307, 308})
"""Statuses that send the client elsewhere (RFC 9110 §15.4)."""

# Strings and not compiled patterns: compiling takes time at start-up, also of commands that never
# use them. The re module compiles a pattern at its first use, and keeps it.

# "A recipient MAY recognize a single LF as a line terminator and ignore any preceding CR" (RFC 9112
# §2.2).
_END = rb"\r?\n\r?\n"
FIELD_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
"""The pattern of a token: the name of a header, a method or a subprotocol (RFC 9110 §5.6.2)."""

# RFC 9112 §4 requires the space even if there is no reason; a server that omits it is understood.
_STATUS_LINE = r"HTTP/(\d\.\d) (\d{3})(?: (.*))?"
# The digits of numbers are limited, since int() raises an error for more than 4,300 of them.
_CHUNK_LINE = rb"(?P<size>[0-9A-Fa-f]{1,16})(?P<extension>[ \t]*(?:;[^\n]*?)?)\r?\n"
_SIZE_DIGITS = 16
_LENGTH = r"[0-9]{1,18}"
_REQUEST_LINE = rf"({FIELD_NAME}) (\S+) HTTP/(\d\.\d)"


class MalformedHead(Exception):
    """The bytes are not the head of an HTTP message."""


# A list and not a mapping, since a debugging tool has to show the order and case of headers, and
# two headers where only one is allowed.
class Headers(list[tuple[str, str]]):
    """Header fields in wire order, with case and duplicates kept."""

    def get(self, name: str) -> str | None:
        """Return the fields of this name joined as one list (RFC 9110 §5.3), or None."""
        values = self.get_all(name)
        return ", ".join(values) if values else None

    def get_all(self, name: str) -> list[str]:
        """Return the values of all fields with this name in any case."""
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

    The first ``searched`` bytes of ``data`` have been searched before, so that a head that arrives
    in pieces is searched once.
    """
    # Three bytes earlier, since the last search may have stopped inside the "\r\n\r\n".
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
    # "Field values containing CR, LF, or NUL characters are invalid and dangerous, due to the
    # varying ways that implementations might parse and interpret those characters" (RFC 9110 §5.5).
    if b"\0" in raw or raw.count(b"\r") != raw.count(b"\r\n"):
        raise MalformedHead("the request head contains a NUL or a bare CR")
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
        # "No whitespace is allowed between the field name and colon. In the past, differences in
        # the handling of such whitespace have led to security vulnerabilities" (RFC 9112 §5.1). A
        # line that continues the one before it is obsolete (§5.2), and rejected in the same way.
        if not colon or not re.fullmatch(FIELD_NAME, name):
            raise MalformedHead(f"not a header field: {line[:200]!r}")
        headers.append((name, value.strip(" \t")))
    return lines[0], headers


def decode_head(raw: bytes) -> str:
    """Decode a head as UTF-8, or as ISO-8859-1 if it is not UTF-8."""
    # ISO-8859-1 is the historical encoding (RFC 9110 §5.5), which decodes any bytes and loses none.
    # Servers that put other characters into a reason or a cookie today use UTF-8.
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


class Body:
    """Read the body of a response, at most ``limit`` bytes of it (RFC 9112 §6).

    ``complete`` becomes True when the body has ended or the limit is reached; a body with neither a
    length nor chunks ends with the connection. Memory is bounded by the limit, even if the server
    sends framing without content.
    """

    def __init__(self, response: Response, limit: int) -> None:
        self._content = bytearray()
        self._wanted = limit
        self._chunks: _Chunks | None = None
        # The order of RFC 9112 §6.3: chunks take precedence over a length that is given as well.
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

    ``ended`` becomes True after the trailer section, and if the framing is malformed or longer than
    MAX_FRAMING. The content up to there is kept: it is shown to a user, who wants to see it.
    """

    def __init__(self) -> None:
        self.ended = False
        self._line = b""  # the incomplete line of framing, if any
        self._data_left = 0  # bytes of the current chunk that are still to come
        # The state is the method that reads the next line of framing.
        self._read_line = self._read_size
        self._allowance = MAX_FRAMING  # bytes of framing that may still come

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
        # A line is counted only when it is complete, so one that never ends needs its own check.
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
        # Anything but an empty line means that the chunk is longer than its size: what follows
        # cannot be told apart from framing.
        self.ended = bool(line.strip(b"\r\n"))
        self._read_line = self._read_size

    def _read_trailer(self, line: bytes) -> None:
        self._spend(len(line))
        self.ended = self.ended or not line.strip(b"\r\n")

    def _spend(self, size: int) -> None:
        self._allowance -= size
        self.ended = self.ended or self._allowance < 0


def _may_have_body(response: Response) -> bool:
    # "Any response with a 1xx (Informational), 204 (No Content), or 304 (Not Modified) status code
    # is always terminated by the first empty line after the header fields" (RFC 9112 §6.3).
    return response.status >= 200 and response.status not in (204, 304)


def _content_length(response: Response) -> int | None:
    # An invalid length, or two different ones joined to a list, is treated as none: the body then
    # ends with the connection, and the user sees as much of it as was sent.
    value = response.headers.get("Content-Length") or ""
    return int(value) if re.fullmatch(_LENGTH, value) else None
