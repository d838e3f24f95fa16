"""The background reader: keeps a session alive while its caller is busy with something else.

Without it nothing is read between two calls of a session: pings stay unanswered, and a server that
expects pongs soon ends the connection. The reader is a daemon thread that drives the connection
whenever no caller does. It takes no messages: they wait in the inbox for ``receive``, and when that
is full nothing more is read.

The thread refers to the driver and not to the session. So a session without references is
collected, and then the reader drops its connection.
"""

from __future__ import annotations

import threading
import weakref

from wscli.session.thread_driver import ThreadDriver


def read_in_background(session: object, driver: ThreadDriver) -> None:
    """Start the reader of a session; it ends with the connection, or with the session."""
    stopped = threading.Event()
    thread = threading.Thread(target=_run, args=(driver, stopped), name="wscli-reader", daemon=True)
    thread.start()
    # At exit nothing needs to be done: the operating system closes the socket.
    weakref.finalize(session, _stop, driver, stopped).atexit = False


def _stop(driver: ThreadDriver, stopped: threading.Event) -> None:
    stopped.set()
    driver.interrupt()


def _run(driver: ThreadDriver, stopped: threading.Event) -> None:
    driver.drive_in_background(stopped)
    if driver.end is None:
        driver.abort()
