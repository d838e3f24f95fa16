"""Open a session: what the Python API and every command do first."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from wscli.net.clock import Clock
from wscli.net.connect import open_connection
from wscli.net.options import ConnectOptions
from wscli.session.bus import Bus
from wscli.session.session import Session


def open_session(
    url: str,
    options: ConnectOptions,
    *,
    clock: Clock | None = None,
    environ: Mapping[str, str] = os.environ,
    bus: Bus | None = None,
    ready: Callable[[Session], None] | None = None,
) -> Session:
    """Connect, and show it to the sinks of a bus; with a bus, messages go there only.

    ``ready`` is given the session before anybody hears that it is open.

    Raises:
        WscliError: of the kind that says what failed.
    """
    clock = clock or Clock()
    started = clock.monotonic()
    inbox = bus is None
    bus = bus or Bus()
    connected = open_connection(url, options, clock=clock, environ=environ, observe=bus.step)
    session = Session(connected, options, clock, started, bus=bus, inbox=inbox)
    if ready is not None:
        ready(session)
    session.start()
    return session
