"""From a request's path to what is done there."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeVar
from urllib.parse import unquote

from wscli.server.endpoints.bench import Push, ShowRequest, TimedClose
from wscli.server.endpoints.echo import Echo
from wscli.server.endpoints.endpoint import Endpoint
from wscli.server.endpoints.faults import KINDS, make_fault
from wscli.server.endpoints.hub import Hub
from wscli.server.endpoints.scripted import Scripted
from wscli.server.endpoints.ticks import PATIENCE, Ticks, TickSchedule
from wscli.server.gate import path_of
from wscli.server.http import HttpResponse, json_answer, phrase, refuse
from wscli.server.query import Query, parse_number
from wscli.server.state import ServerState
from wscli.wire.codes import Opcode
from wscli.wire.head import Request

_T = TypeVar("_T")

_PAGE = Path(__file__).with_name("page.html")
_PAGE_HEADERS = (
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
        "connect-src 'self' ws: wss:; img-src data:; frame-ancestors 'none'",
    ),
    ("Cache-Control", "no-cache"),
)
_OPCODES = {"text": Opcode.TEXT, "binary": Opcode.BINARY}
_MAX_COUNT = 10**9
_MIN_INTERVAL = 0.001  # seconds
_STATUS_HEADERS = {
    **dict.fromkeys((301, 302, 303, 307, 308), (("Location", "/echo"),)),
    401: (("WWW-Authenticate", 'Basic realm="wscli"'),),
    405: (("Allow", "GET"),),
    426: (("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")),
    503: (("Retry-After", "1"),),
}


class RouteRequest(NamedTuple):
    """A request on its way to what its path leads to; ``rest`` is the path behind the name."""

    request: Request
    state: ServerState
    rest: str
    query: Query


class Later(NamedTuple):
    """An answer that is made when so many seconds have passed."""

    seconds: float
    make: Callable[[], HttpResponse]


def find_endpoint(request: Request, state: ServerState) -> Endpoint | HttpResponse:
    """Return what is to be done with an upgraded connection, or what to answer in its place.

    Raises:
        Refused: if nothing is there, or not with this query.
    """
    if state.script is not None:
        return Scripted(state.script, state.report_slow_rule)
    if state.options.mode == "echo":
        return Echo()
    if state.options.mode == "hub":
        return Hub(state.rooms, path_of(request.target).partition("?")[0])
    return _call(_ENDPOINTS, request, state)


def find_answer(request: Request, state: ServerState) -> HttpResponse | Later:
    """Return what to answer a plain request.

    Raises:
        Refused: if nothing is there, or only a WebSocket.
    """
    name = _split(request.target)[0]
    everywhere = state.script is not None or state.options.mode is not None
    if name not in _ANSWERS and (name in _ENDPOINTS or everywhere):
        sentence = "this path is for WebSocket, and the request does not ask for Upgrade: websocket"
        raise refuse(426, sentence, ("Upgrade", "websocket"))
    return _call(_ANSWERS, request, state)


def _split(target: str) -> tuple[str, str, str]:
    """Return a path's name (with its slash, where more follows), what follows, and the query."""
    path, _, query = path_of(target).partition("?")
    name, slash, rest = path[1:].partition("/")
    return name + slash, unquote(rest), query


def _call(
    table: dict[str, Callable[[RouteRequest], _T]], request: Request, state: ServerState
) -> _T:
    name, rest, query = _split(request.target)
    call = RouteRequest(request, state, rest, Query(query))
    try:
        found = table[name](call)
        call.query.check()
        return found
    except LookupError:
        raise refuse(404, f"{request.target} is not there; {_PATHS}") from None
    except ValueError as error:
        raise refuse(400, f"/{name}{rest}: {error}") from None


def _echo(call: RouteRequest) -> Endpoint:
    return Echo(call.query.size("fragment", "0", call.state.options.max_size))


def _feed(call: RouteRequest) -> TickSchedule:
    return TickSchedule(call.state.epoch, call.query.duration("interval", "1s", _MIN_INTERVAL))


def _ticks(call: RouteRequest) -> Endpoint:
    feed = _feed(call)
    count = call.query.number("count", str(_MAX_COUNT), 1, _MAX_COUNT)
    return Ticks(feed, count)


def _push(call: RouteRequest) -> Endpoint:
    query = call.query
    count = query.number("n", "1000", 0, _MAX_COUNT)
    size = query.size("size", "64", call.state.options.max_size)
    opcode = _OPCODES.get(query.text("op", "text"))
    if opcode is None:
        raise ValueError(f"op is {' or '.join(_OPCODES)}")
    return Push(opcode, count, size)


def _close(call: RouteRequest) -> Endpoint:
    code = call.query.number("code", "1000", 0, 0xFFFF)
    reason, after = call.query.text("reason"), call.query.duration("after", "0")
    return TimedClose(code, reason, after)


def _status(call: RouteRequest) -> HttpResponse:
    status = parse_number("a status", call.rest, 200, 599)
    body = f"{status} {phrase(status)}".rstrip() + ", as the path asks for\n"
    return HttpResponse(status, body.encode(), headers=_STATUS_HEADERS.get(status, ()))


@cache
def _page() -> HttpResponse:
    return HttpResponse(200, _PAGE.read_bytes(), "text/html; charset=utf-8", _PAGE_HEADERS)


def _poll(call: RouteRequest) -> HttpResponse:
    feed = _feed(call)
    return json_answer(feed.since(_since(call, feed.latest() - 1)))


def _long_poll(call: RouteRequest) -> Later:
    feed = _feed(call)
    since = _since(call, feed.latest())
    wait = feed.seconds_until(since + 1)
    return Later(max(0.0, min(wait, PATIENCE)), lambda: json_answer(feed.since(since)))


def _since(call: RouteRequest, default: int) -> int:
    """Return the number of the last tick that the client knows."""
    return call.query.number("since", str(max(0, default)), 0, _MAX_COUNT)


_ENDPOINTS: dict[str, Callable[[RouteRequest], Endpoint | HttpResponse]] = {
    "": lambda _: Echo(),
    "echo": _echo,
    "hub": lambda call: Hub(call.state.rooms, call.rest),
    "hub/": lambda call: Hub(call.state.rooms, call.rest),
    "ticks": _ticks,
    "push": _push,
    "headers": lambda call: ShowRequest(call.request),
    "close": _close,
    "fault/": lambda call: make_fault(call.rest),
    "status/": _status,
}
_ANSWERS: dict[str, Callable[[RouteRequest], HttpResponse | Later]] = {
    "": lambda _: _page(),
    "poll": _poll,
    "longpoll": _long_poll,
    "status/": _status,
}
_PATHS = (
    "these are: / /echo /hub /hub/NAME /ticks /push /headers /close /status/N /poll /longpoll, "
    f"and /fault/KIND, where KIND is {', '.join(KINDS)}"
)
