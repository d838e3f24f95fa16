"""Plain HTTP GET on a persistent connection, as far as the embedded server needs it.

It fetches the server's polling resources, so that polling can be compared with a WebSocket, and
uses the same dialling, TLS and proxies. It follows no redirects and keeps no cookies.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from wscli.errors import ConnectError, TimedOut
from wscli.net.attempt import Attempt
from wscli.net.clock import Clock, Deadline
from wscli.net.dial import dial
from wscli.net.opening import Opening
from wscli.net.options import ConnectOptions
from wscli.net.stream import Stream
from wscli.net.tap import NotHTTP, Tap
from wscli.net.url import Url
from wscli.wire.head import Body, MalformedHead, parse_response, without_query

_MAX_BODY = 1 << 20  # bytes
_TIMEOUT = 60.0  # seconds for a request; a long poll of the server may wait for half of that


class Fetched(NamedTuple):
    """The body of a response, and the bytes of request and response on the wire."""

    body: bytes
    sent: int
    received: int


class Fetcher:
    """Fetches resources of one server, on one connection for as long as it lasts."""

    def __init__(
        self, url: Url, options: ConnectOptions, clock: Clock, environ: Mapping[str, str]
    ) -> None:
        self._url = url
        self._options = options
        self._clock = clock
        self._environ = environ
        self._stream: Stream | None = None

    def get(self, target: str) -> Fetched:
        """Fetch a target.

        Raises:
            WscliError: if the server cannot be reached, or does not answer with 200.
        """
        deadline = Deadline(self._clock, _TIMEOUT, f"waiting for {without_query(target)}")
        deadline.kind = "fetch"
        if self._stream is None:
            self._stream = self._dial()
        tap = Tap(self._stream, deadline)
        try:
            tap.send(self._request(target))
            response = parse_response(tap.read_head())
            body = Body(response, _MAX_BODY)
            body.feed(tap.leftover)
            tap.read_rest(body)
        except TimedOut:  # an OSError too, and not an answer
            raise
        except (NotHTTP, MalformedHead, OSError) as error:
            raise self._failed(target, str(error)) from None
        if response.status != 200:
            said = f"{response.status} {response.reason}\n{body.content.decode(errors='replace')}"
            raise self._failed(target, said)
        if "close" in response.headers.tokens("Connection"):
            self.close()
        return Fetched(body.content, len(tap.sent), len(tap.received))

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _dial(self) -> Stream:
        deadline = Deadline(self._clock, self._options.connect_timeout, "connecting")
        opening = Opening(self._url)
        attempt = Attempt(opening, self._options, deadline, self._clock, lambda *_: None)
        return dial(attempt, self._environ)

    def _request(self, target: str) -> bytes:
        lines = [
            f"GET {target} HTTP/1.1",
            f"Host: {self._url.authority}",
            f"User-Agent: {self._options.user_agent}",
            "Accept: application/json",
        ]
        return "\r\n".join([*lines, "", ""]).encode()

    def _failed(self, target: str, evidence: str) -> ConnectError:
        return ConnectError(
            f"{self._url.authority} does not serve {without_query(target)}",
            evidence.strip(),
            kind="resource",
        )
