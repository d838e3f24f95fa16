"""The paths of the embedded server, as data.

Dispatch, the 404's list, the page, ``wscli serve --help``, the completion of ``demo:`` URLs and the
docs' table are all made from ``ROUTES``. This module imports neither asyncio nor the endpoints,
because help and completion must start fast; ``routes.py`` binds each route to the function that
serves it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from wscli.quantities import parse_duration, parse_size
from wscli.wire.codes import Opcode

MAX_SIZE = "--max-size"
"""A bound that stands for the value of the server's option of this name."""

_OPCODES = {"text": Opcode.TEXT, "binary": Opcode.BINARY}
_MOST = "1000000000"
_DAY = "24h"


class _Ordered(Protocol):
    def __le__(self, other: Any, /) -> bool: ...


T = TypeVar("T", bound=_Ordered)


class Kind(NamedTuple, Generic[T]):
    """A kind of value; ``metavar`` is its name in help, and ``read`` raises ValueError."""

    metavar: str
    read: Callable[[str], T]


def _read_number(text: str) -> int:
    # Not ``\d`` or ``isdigit``, which accept the digits of other scripts. The bound is there since
    # int() takes quadratic time for many digits.
    if not re.fullmatch("[0-9]{1,30}", text):
        raise ValueError(f"{text[:100]!r} is not a number")
    return int(text)


def _read_opcode(text: str) -> Opcode:
    if text not in _OPCODES:
        raise ValueError(f"{text[:100]!r} is not {' or '.join(_OPCODES)}")
    return _OPCODES[text]


NUMBER = Kind("N", _read_number)
DURATION = Kind("DURATION", parse_duration)
SIZE = Kind("SIZE", parse_size)
TEXT = Kind("TEXT", str)
OPCODE = Kind("|".join(_OPCODES), _read_opcode)


class Parameter(NamedTuple, Generic[T]):
    """A query parameter, or the last part of a path.

    ``default`` and the bounds are written as in a query, so that help can show them. A parameter
    without a ``default`` may be absent; one without ``most`` has no bounds.
    """

    name: str
    kind: Kind[T]
    meaning: str = ""
    default: str = ""
    least: str = "0"
    most: str = ""

    def parse(self, text: str, max_size: int) -> T:
        """Return the value of a text, after checking the bounds.

        Raises:
            ValueError: with the name and the reason.
        """
        read = self.kind.read
        most = str(max_size) if self.most == MAX_SIZE else self.most
        bounds = f" must be from {self.least} to {most}" if most else ""
        try:
            value = read(text)
        except ValueError as error:
            raise ValueError(f"{self.name}{bounds}: {error}") from None
        if most and not read(self.least) <= value <= read(most):
            raise ValueError(f"{self.name}{bounds}, not {text[:100]!r}")
        return value


class Route(NamedTuple):
    """A path and its behaviour; ``example`` is a target to try, by default the path itself.

    A path that ends with a slash matches all paths below it; the rest is the ``argument``.
    """

    path: str
    summary: str
    parameters: tuple[Parameter[Any], ...] = ()
    argument: Parameter[Any] | None = None
    websocket: bool = True
    http: bool = False
    example: str = ""

    @property
    def pattern(self) -> str:
        """The path for people, such as ``/hub/NAME``."""
        return self.path + (self.argument.name if self.argument else "")

    @property
    def description(self) -> str:
        """The summary, for lists of both WebSockets and plain HTTP."""
        return self.summary if self.websocket else f"over plain HTTP: {self.summary}"

    @property
    def target(self) -> str:
        """A target to try."""
        return self.example or self.path


FAULTS = {
    "bad-utf8": "a text message that is not UTF-8",
    "reserved-bits": "a frame with RSV2 set",
    "reserved-opcode": "a frame with opcode 3",
    "masked-frame": "a masked frame, which only clients may send",
    "oversize-control": "a ping of 126 bytes",
    "fragmented-control": "a ping with FIN unset",
    "bad-accept": "a Sec-WebSocket-Accept for another key",
    "drop": "a TCP reset in the middle of a frame",
    "stall": "no answer to anything after the upgrade",
    "slow": "one byte every 10 ms",
    "no-close": "the end of TCP without a Close frame",
}
"""The kinds of ``/fault/KIND``."""

FRAGMENT = Parameter(
    "fragment",
    SIZE,
    "largest frame; a message of more than 65,536 frames closes with 1009",
    most=MAX_SIZE,
)
ROOM = Parameter("NAME", TEXT)
INTERVAL = Parameter("interval", DURATION, "time between two ticks", "1s", "1ms", _DAY)
COUNT = Parameter("count", NUMBER, "close with 1000 after N ticks", "", "1", _MOST)
MESSAGES = Parameter("n", NUMBER, "number of messages", "1000", "0", _MOST)
MESSAGE_SIZE = Parameter("size", SIZE, "size of each message", "64", most=MAX_SIZE)
OP = Parameter("op", OPCODE, "type of the messages", "text")
CODE = Parameter("code", NUMBER, "close code", "1000", "0", "65535")
REASON = Parameter("reason", TEXT, "close reason")
AFTER = Parameter("after", DURATION, "how long to echo messages first", "0s", "0s", _DAY)
STATUS = Parameter("N", NUMBER, least="200", most="599")
FAULT = Parameter("KIND", TEXT)
SINCE = Parameter("since", NUMBER, "all ticks after tick N, at most the last 100", most=_MOST)

ROUTES = (
    Route("/", "over HTTP, a page with a small client; over WebSocket, an echo", http=True),
    Route("/echo", "sends every message back", (FRAGMENT,)),
    Route("/hub", "sends every message to all members, including the sender"),
    Route("/hub/", "the same, among the members of a room", argument=ROOM, example="/hub/tea"),
    Route(
        "/ticks",
        "pushes a JSON tick at each interval",
        (INTERVAL, COUNT),
        example="/ticks?interval=1s&count=10",
    ),
    Route(
        "/push",
        "pushes messages as fast as they are read, then closes with 1000",
        (MESSAGES, MESSAGE_SIZE, OP),
        example="/push?n=1000&size=64&op=text",
    ),
    Route("/headers", "sends the upgrade request as the server saw it, as JSON, then closes"),
    Route(
        "/close",
        "closes with a code, even one that must not be sent; 1005 is a Close without a code",
        (CODE, REASON, AFTER),
        example="/close?code=4001&reason=bye&after=1s",
    ),
    Route(
        "/status/",
        "answers the upgrade with HTTP status N",
        argument=STATUS,
        http=True,
        example="/status/403",
    ),
    Route("/fault/", "misbehaves on purpose", argument=FAULT, example="/fault/drop"),
    Route(
        "/poll",
        "the latest tick as JSON",
        (INTERVAL, SINCE),
        websocket=False,
        http=True,
        example="/poll?interval=1s",
    ),
    Route(
        "/longpoll",
        "the next tick as JSON, when it is due",
        (INTERVAL, SINCE),
        websocket=False,
        http=True,
        example="/longpoll?interval=1s",
    ),
)
"""All routes, in the order in which they are listed."""


def websocket_paths() -> Iterator[tuple[str, str]]:
    """Yield the path and meaning of every WebSocket except ``/``, for completion."""
    for route in ROUTES[1:]:
        if route.argument is FAULT:
            yield from ((route.path + kind, meaning) for kind, meaning in FAULTS.items())
        elif route.websocket:
            yield route.path, route.summary


def help_rows() -> list[tuple[str, str]]:
    """Return the paths with their summaries, each followed by its parameters, indented."""
    rows = []
    for route in ROUTES:
        kinds = f": {', '.join(FAULTS)}" if route.argument is FAULT else ""
        rows.append((route.pattern, route.description + kinds))
        for each in route.parameters:
            default = f"  [default: {each.default}]" if each.default else ""
            rows.append((f"  ?{each.name}={each.kind.metavar}", each.meaning + default))
    return rows
