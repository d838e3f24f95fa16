"""Serve a request by its path: the functions for the routes of ``route_table``.

``ENDPOINTS`` and ``ANSWERS`` at the end bind each path to a function. The same path can have both:
an endpoint for an upgrade, and an answer for a plain request.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from urllib.parse import unquote

from wscli.server import route_table as table
from wscli.server.channel import Endpoint
from wscli.server.endpoints.bench import Push, ShowRequest, TimedClose
from wscli.server.endpoints.echo import Echo
from wscli.server.endpoints.faults import make_fault
from wscli.server.endpoints.hub import Hub
from wscli.server.endpoints.scripted import Scripted
from wscli.server.endpoints.ticks import LONG_POLL_LIMIT, Ticks, TickSchedule
from wscli.server.gate import path_of
from wscli.server.http import HttpResponse, Refused, json_answer, phrase, refuse
from wscli.server.query import TargetValues
from wscli.server.state import ServerState
from wscli.wire.head import Request

if TYPE_CHECKING:
    from wscli.server.replay import ReplayedServer

_T = TypeVar("_T")

_PAGE = Path(__file__).with_name("page.html")
# The page shows text from strangers. It is inserted as text, and the policy is a second defence:
# nothing is loaded from elsewhere, and no other page can put this one into a frame.
_PAGE_HEADERS = (
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
        "connect-src 'self' ws: wss:; img-src data:; frame-ancestors 'none'",
    ),
    ("Cache-Control", "no-cache"),
)
# Headers that RFC 9110 requires, or that clients expect, in a response with such a status.
_STATUS_HEADERS = {
    **dict.fromkeys((301, 302, 303, 307, 308), (("Location", "/echo"),)),
    401: (("WWW-Authenticate", 'Basic realm="wscli"'),),
    405: (("Allow", "GET"),),
    426: (("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")),
    503: (("Retry-After", "1"),),
}


class RouteRequest(NamedTuple):
    """A request for a route, with the values of its parameters."""

    head: Request
    state: ServerState
    values: TargetValues


class DelayedResponse(NamedTuple):
    """A response that is made after some seconds."""

    seconds: float
    make: Callable[[], HttpResponse]


def find_endpoint(request: Request, state: ServerState) -> Endpoint | HttpResponse:
    """Return the endpoint for an upgraded connection, or a response instead of the upgrade.

    Raises:
        Refused: if there is no such path, or the query is invalid.
    """
    # With a recording, a script or a mode every path is served, and any query: they belong to the
    # application whose server this one stands in for.
    if state.replay is not None:
        return _replay(request, state.replay, state)
    if state.script is not None:
        return Scripted(state.script, state.report_slow_rule)
    if state.options.mode == "echo":
        return Echo()
    if state.options.mode == "hub":
        return Hub(state.rooms, path_of(request.target).partition("?")[0])
    return _serve(ENDPOINTS, request, state)


def find_answer(request: Request, state: ServerState) -> HttpResponse | DelayedResponse:
    """Return the response to a plain request.

    Raises:
        Refused: if there is no such path, it is a WebSocket, or the query is invalid.
    """
    options = state.options
    every_path = options.script is not None or options.replay or options.mode is not None
    if every_path and _split(request.target)[0] not in ANSWERS:
        raise _not_plain()
    return _serve(ANSWERS, request, state)


def _replay(
    request: Request, replay: ReplayedServer, state: ServerState
) -> Endpoint | HttpResponse:
    from wscli.server.endpoints.replayed import Replayed
    from wscli.server.replay import refusal_of

    connection = replay.choose(request.target)
    if (refusal := refusal_of(connection)) is not None:
        return refusal
    turns = replay.turns(connection)
    return Replayed(turns, state.report_unmatched, echo=state.options.otherwise == "echo")


def _split(target: str) -> tuple[str, str, str]:
    """Return the path of a route, the rest of the target's path, and the query."""
    # Only the rest is decoded. A path with escapes is not one of the routes, so that "/%2e%2e/"
    # is refused without being interpreted.
    path, _, query = path_of(target).partition("?")
    name, slash, rest = path[1:].partition("/")
    return f"/{name}{slash}", unquote(rest), query


def _serve(
    makers: dict[str, Callable[[RouteRequest], _T]], request: Request, state: ServerState
) -> _T:
    path, rest, query = _split(request.target)
    route = _ROUTES.get(path)
    if route is None:
        raise _not_found(request.target)
    # The query is checked before the protocol: a mistake in it is one over either.
    try:
        values = TargetValues(route, rest, query, state.options.max_size)
    except ValueError as error:
        raise refuse(400, f"{route.pattern}: {error}") from None
    if path not in makers:
        raise _not_plain() if route.websocket else _only_plain(route)
    return makers[path](RouteRequest(request, state, values))


def _not_plain() -> Refused:
    sentence = "this path is a WebSocket, and the request has no Upgrade: websocket"
    # "The server MUST send an Upgrade header field in a 426 response" (RFC 9110 §15.5.22).
    return refuse(426, sentence, ("Upgrade", "websocket"))


def _only_plain(route: table.Route) -> Refused:
    return refuse(404, f"{route.pattern} is served over plain HTTP, and is not a WebSocket")


def _not_found(target: str) -> Refused:
    patterns = " ".join(route.pattern for route in table.ROUTES)
    kinds = ", ".join(table.FAULTS)
    return refuse(404, f"{target} does not exist; the paths are: {patterns}, where KIND is {kinds}")


def _ticks(request: RouteRequest) -> Endpoint:
    return Ticks(_schedule(request), request.values.get(table.COUNT))


def _schedule(request: RouteRequest) -> TickSchedule:
    return TickSchedule(request.state.epoch, request.values[table.INTERVAL])


def _push(request: RouteRequest) -> Endpoint:
    values = request.values
    return Push(values[table.OP], values[table.MESSAGES], values[table.MESSAGE_SIZE])


def _close(request: RouteRequest) -> Endpoint:
    values = request.values
    return TimedClose(values[table.CODE], values[table.REASON], values[table.AFTER])


def _fault(request: RouteRequest) -> Endpoint:
    kind = request.values[table.FAULT]
    if kind not in table.FAULTS:
        raise _not_found(request.head.target)
    return make_fault(kind)


def _status(request: RouteRequest) -> HttpResponse:
    status = request.values[table.STATUS]
    body = f"{status} {phrase(status)}".rstrip() + ", as requested by the path\n"
    return HttpResponse(status, body.encode(), headers=_STATUS_HEADERS.get(status, ()))


@cache
def _page() -> HttpResponse:
    # Read at the first request, which a ``demo:`` URL never makes.
    page = _PAGE.read_text(encoding="utf-8").replace('"ROUTES"', _page_data())
    return HttpResponse(200, page.encode(), "text/html; charset=utf-8", _PAGE_HEADERS)


def _page_data() -> str:
    """Return the routes that the page lists, as JSON; it lists neither itself nor ``/fault/``."""
    listed = [route for route in table.ROUTES if route.path not in ("/", "/fault/")]
    data = {
        "websocket": [(each.target, each.summary) for each in listed if each.websocket],
        "http": [(each.target, each.summary) for each in listed if not each.websocket],
        "faults": list(table.FAULTS.items()),
    }
    # In a script element "</script>" would end it, even inside a string.
    return json.dumps(data).replace("<", "\\u003c")


def _poll(request: RouteRequest) -> HttpResponse:
    # Without ``since``, the latest tick alone.
    schedule = _schedule(request)
    return json_answer(schedule.since(_known_tick(request, schedule.latest() - 1)))


def _long_poll(request: RouteRequest) -> DelayedResponse:
    schedule = _schedule(request)
    known = _known_tick(request, schedule.latest())
    wait = schedule.seconds_until(known + 1)
    return DelayedResponse(
        max(0.0, min(wait, LONG_POLL_LIMIT)), lambda: json_answer(schedule.since(known))
    )


def _known_tick(request: RouteRequest, default: int) -> int:
    """Return the number of the last tick that the client has received."""
    since = request.values.get(table.SINCE)
    return max(0, default) if since is None else since


_ROUTES = {route.path: route for route in table.ROUTES}

ENDPOINTS: dict[str, Callable[[RouteRequest], Endpoint | HttpResponse]] = {
    "/": lambda _: Echo(),
    "/echo": lambda request: Echo(request.values.get(table.FRAGMENT)),
    "/hub": lambda request: Hub(request.state.rooms, ""),
    "/hub/": lambda request: Hub(request.state.rooms, request.values[table.ROOM]),
    "/ticks": _ticks,
    "/push": _push,
    "/headers": lambda request: ShowRequest(request.head),
    "/close": _close,
    "/status/": _status,
    "/fault/": _fault,
}
"""How to serve an upgrade, by the path of the route."""

ANSWERS: dict[str, Callable[[RouteRequest], HttpResponse | DelayedResponse]] = {
    "/": lambda _: _page(),
    "/status/": _status,
    "/poll": _poll,
    "/longpoll": _long_poll,
}
"""How to answer a plain request, by the path of the route."""
