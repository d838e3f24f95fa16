"""Open a session: what the Python API and every command do first."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from wscli.net.clock import Clock
from wscli.net.connect import open_connection
from wscli.net.opening import Opening, OpeningStep
from wscli.net.options import ConnectOptions
from wscli.session.bus import Bus
from wscli.session.events import Step
from wscli.session.inbox import Inbox
from wscli.session.session import Session
from wscli.session.thread_driver import ThreadDriver

_INBOX_LIMIT = 4 << 20  # bytes, or one message of the largest size


def open_driver(
    url: str,
    options: ConnectOptions,
    *,
    clock: Clock | None = None,
    environ: Mapping[str, str] = os.environ,
    bus: Bus | None = None,
    inbox: Inbox | None = None,
) -> ThreadDriver:
    """Connect, and show it to the sinks of a bus; call ``start`` on the driver next.

    Raises:
        WscliError: of the kind that says what failed.
        TypeError: for an option of the wrong form.
    """
    check_options(options)
    clock = clock or Clock()
    started = clock.monotonic()

    def observe(opening: Opening, name: OpeningStep) -> None:
        if bus is not None:
            bus.step(Step(name, opening, clock.time(), clock.monotonic() - started))

    connected = open_connection(url, options, clock=clock, environ=environ, observe=observe)
    return ThreadDriver(connected, options, clock, started, bus=bus, inbox=inbox)


def open_session(url: str, options: ConnectOptions) -> Session:
    """Connect for a Python caller; raises as ``open_driver`` does."""
    inbox = Inbox(max(_INBOX_LIMIT, options.max_size))
    driver = open_driver(url, options, inbox=inbox)
    driver.start()
    return Session(driver, inbox)


def check_options(options: ConnectOptions) -> None:
    """Check the options that are lists: a single string would be taken for a list of letters.

    Raises:
        TypeError: for one that is not a list or tuple of the right items.
    """
    for name in ("subprotocols", "cookies"):
        _check_list(name, getattr(options, name), "strings", lambda item: isinstance(item, str))
    _check_list("headers", options.headers, "(name, value) pairs", _is_header)
    _check_list("resolve", options.resolve, "(host, port, address) triples", _is_resolution)


def _check_list(name: str, value: object, what: str, is_item: Callable[[object], bool]) -> None:
    if not isinstance(value, list | tuple):
        raise TypeError(f"{name} must be a list or tuple of {what}, not {type(value).__name__}")
    for index, item in enumerate(value):
        if not is_item(item):  # it may be secret: the error does not quote it
            raise TypeError(f"{name} must be a list or tuple of {what}: item {index} is not one")


def _is_header(item: object) -> bool:
    return (
        isinstance(item, list | tuple)
        and len(item) == 2
        and isinstance(item[0], str)
        and isinstance(item[1], str | None)
    )


def _is_resolution(item: object) -> bool:
    return (
        isinstance(item, list | tuple)
        and len(item) == 3
        and isinstance(item[0], str)
        and isinstance(item[1], int)
        and isinstance(item[2], str)
    )
