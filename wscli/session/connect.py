"""Open a session: what the Python API and every command do first."""

from __future__ import annotations

import os
from collections.abc import Mapping

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
) -> Session:
    """Connect, and show it to the sinks of a bus; with a bus, messages go there only.

    The session is yet to be started.

    Raises:
        WscliError: of the kind that says what failed.
    """
    clock = clock or Clock()
    started = clock.monotonic()
    observe = bus.step if bus else _nobody
    connected = open_connection(url, options, clock=clock, environ=environ, observe=observe)
    return Session(connected, options, clock, started, bus=bus, inbox=bus is None)


def _nobody(opening: object, step: str) -> None:
    """Hear of a step, and do nothing about it."""
