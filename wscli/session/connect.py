"""Open a session, for the Python API and for every command."""

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
        WscliError: of the kind that says what failed.
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
    """Connect and upgrade, for either driver; show the steps to a bus.

    ``started`` is when the attempt began, by the clock. Raises as ``open_driver`` does.
    """
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
    driver.start()
    session = Session(driver, inbox)
    if background:
        from wscli.session.background import read_in_background

        read_in_background(session, driver)
    return session


def check_options(options: ConnectOptions) -> None:
    """Check the forms and ranges of options, before anything is sent.

    Raises:
        TypeError: for one of the wrong type. A list must not be a single string, which would be
            taken for a list of letters.
        ValueError: for a number out of range, or another value that does not exist.
    """
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
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number of seconds, not {type(value).__name__}")
    if not value >= 0:
        raise ValueError(f"{name} must be 0 or more seconds, not {value!r}")


def _check_size(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be a number of bytes, not {type(value).__name__}")
    if value < 0:
        raise ValueError(f"{name} must be 0 bytes or more, not {value}")


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
