"""Open a connection for a command, and a session for a caller of the Python API.

``open_driver`` is for commands, which pass a bus of stages and sinks and run the driver themselves.
``open_session`` is for ``wscli.connect``, and ``dial`` is the part that ``wscli.aio`` shares.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from wscli.errors import UsageError
from wscli.net.clock import Clock
from wscli.net.connect import Connected, open_connection
from wscli.net.opening import Opening, OpeningStep
from wscli.net.options import ConnectOptions
from wscli.session.events import Step
from wscli.session.inbox import Inbox
from wscli.session.pipeline import Bus
from wscli.session.session import Session
from wscli.session.thread_driver import ThreadDriver

_STRINGS = (
    *("origin", "user", "password", "bearer", "host", "user_agent", "proxy", "unix_socket"),
    *("cacert", "cert", "key", "tls_min", "server_name"),
)


def open_driver(
    url: str,
    options: ConnectOptions,
    *,
    clock: Clock | None = None,
    environ: Mapping[str, str] = os.environ,
    bus: Bus | None = None,
) -> ThreadDriver:
    """Connect, and report the steps to a bus; call ``start`` on the driver next.

    Raises:
        WscliError: if the connection cannot be opened; its ``kind`` is the step that failed.
        TypeError: for an option of the wrong form.
    """
    clock = clock or Clock()
    started = clock.monotonic()
    connected = dial(url, options, clock, started, bus=bus or Bus(), environ=environ)
    return ThreadDriver(connected, options, clock, started, bus=bus)


def dial(
    url: str,
    options: ConnectOptions,
    clock: Clock,
    started: float,
    *,
    bus: Bus,
    environ: Mapping[str, str] = os.environ,
) -> Connected:
    """Connect and upgrade, for either driver; report the steps to a bus.

    ``started`` is when the attempt began, by the monotonic clock. Raises as ``open_driver`` does.
    """
    # Here as well as in ``Connecting``: every way to connect passes through this function, and a
    # wrong option must be an error before the first packet.
    check_options(options)

    def observe(opening: Opening, name: OpeningStep) -> None:
        bus.step(Step(name, opening, clock.time(), clock.monotonic() - started))

    return open_connection(url, options, clock=clock, environ=environ, observe=observe)


def open_session(url: str, options: ConnectOptions, *, background: bool = True) -> Session:
    """Connect for a Python caller; raises as ``open_driver`` does."""
    from wscli.session.log import LogSink  # the commands load no logging

    clock, bus = Clock(), Bus([LogSink()])
    started = clock.monotonic()
    connected = dial(url, options, clock, started, bus=bus)
    inbox = Inbox.for_messages(options.max_size)
    driver = ThreadDriver(connected, options, clock, started, bus=bus, inbox=inbox)
    # Before there is a reader: bytes that came with the 101 must be decoded first.
    driver.start()
    session = Session(driver, inbox)
    if background:
        from wscli.session.background import read_in_background

        read_in_background(session, driver)
    return session


def check_options(options: ConnectOptions) -> None:
    """Check the types and ranges of options, before anything is sent.

    Type checkers see the same, but many callers run none, and the values would otherwise fail
    deep inside the opening, or be sent.

    Raises:
        TypeError: for an option of the wrong type.
        ValueError: for a number out of range, or a value that does not exist.
    """
    # A str is a sequence of strings too: "chat" would offer the subprotocols c, h, a and t.
    for name in ("subprotocols", "cookies"):
        _check_list(name, getattr(options, name), "strings", lambda item: isinstance(item, str))
    _check_list("headers", options.headers, "(name, value) pairs", _is_header)
    _check_list("resolve", options.resolve, "(host, port, address) triples", _is_resolution)
    for name in _STRINGS:
        if not isinstance(getattr(options, name), str | None):
            raise TypeError(f"{name} must be a str, not {type(getattr(options, name)).__name__}")
    for name in ("connect_timeout", "ping_interval", "ping_timeout"):
        if getattr(options, name) is not None:
            check_seconds(name, getattr(options, name))
    check_seconds("close_timeout", options.close_timeout)
    _check_size("max_size", options.max_size)
    if options.fragment is not None:
        _check_size("fragment", options.fragment)
    if options.family not in (None, 4, 6):
        raise ValueError(f"family must be 4, 6 or None, not {options.family!r}")
    if options.tls_min not in (None, "1.2", "1.3"):
        raise UsageError(f"{options.tls_min!r} is not a version of TLS", hint="1.2 or 1.3")


def check_seconds(name: str, value: object) -> None:
    """Check a duration.

    Raises:
        TypeError: if it is not a number.
        ValueError: if it is negative, or NaN.
    """
    # bool is a subclass of int, and ``close_timeout=False`` would be 0 seconds.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number of seconds, not {type(value).__name__}")
    if not value >= 0:  # rather than value < 0, which is False for NaN
        raise ValueError(f"{name} must be 0 or more seconds, not {value!r}")


def _check_size(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be a number of bytes, not {type(value).__name__}")
    if value < 0:
        raise ValueError(f"{name} must be 0 bytes or more, not {value}")


def _check_list(name: str, value: object, items: str, is_item: Callable[[object], bool]) -> None:
    if not isinstance(value, list | tuple):
        raise TypeError(f"{name} must be a list or tuple of {items}, not {type(value).__name__}")
    for index, item in enumerate(value):
        if not is_item(item):
            # By its index: a header or cookie may be secret, and tracebacks end up in logs.
            raise TypeError(f"{name} must be a list or tuple of {items}: item {index} is not one")


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
