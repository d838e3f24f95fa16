"""The log of the Python API: the opening and end of each connection, on the logger ``wscli``.

Nothing is shown unless the application configures logging. The opening and a normal end are INFO,
any other end is a WARNING, and the steps of the opening handshake are DEBUG. URLs are logged
without credentials and query, and headers are not logged, since logs are read by many people.
"""

from __future__ import annotations

import logging

from wscli.net.opening import Opening
from wscli.net.redaction import redact_url
from wscli.session.end import End, describe_close, error_of
from wscli.session.events import Opened, Step
from wscli.session.pipeline import Sink

logger = logging.getLogger("wscli")
# Without a handler Python prints warnings on stderr, even in a program that does not use logging.
logger.addHandler(logging.NullHandler())


class LogSink(Sink):
    """Logs one connection."""

    def __init__(self) -> None:
        self._url = ""

    def step(self, step: Step) -> None:
        """Log a step of the opening handshake."""
        logger.debug("%s: %s done after %.3f s", _url(step.opening), step.name, step.elapsed)

    def opened(self, opened: Opened) -> None:
        """Log that a connection is open."""
        self._url = _url(opened.opening)
        logger.info("%s: open after %.3f s", self._url, opened.elapsed)

    def ended(self, end: End) -> None:
        """Log how a connection ended."""
        error = error_of(end)
        if error is None:
            logger.info("%s: closed with %s", self._url, describe_close(end))
        else:
            logger.warning("%s: %s", self._url, error)


def _url(opening: Opening) -> str:
    return redact_url(str(opening.url))
