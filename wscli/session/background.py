"""The background reader: keeps a session alive while its caller is busy with something else.

Without it nothing is read between two calls of a session: pings stay unanswered, and a server that
expects pongs soon ends the connection. The reader is a daemon thread that drives the connection
whenever no caller does. It takes no messages: they wait in the inbox for ``receive``, and when the
inbox is full nothing more is read.

The thread has a reference to the driver, but none to the session. So a session that is no longer
referenced is collected, and the reader then drops the connection.
"""

from __future__ import annotations

import threading
import weakref

from wscli.session.thread_driver import ThreadDriver


def read_in_background(session: object, driver: ThreadDriver) -> None:
    """Start the reader of a session; it ends with the connection, or with the session."""
    stopped = threading.Event()
    # A daemon thread: a program that ends without closing its session must not wait for the peer.
    thread = threading.Thread(target=_run, args=(driver, stopped), name="wscli-reader", daemon=True)
    thread.start()
    # The finalizer gets the driver: a reference to the session would keep the session alive. At
    # exit nothing needs to be done, since the operating system closes the socket.
    weakref.finalize(session, _stop, driver, stopped).atexit = False


def _stop(driver: ThreadDriver, stopped: threading.Event) -> None:
    # Runs wherever the garbage collector does, in any thread and at any point. So it does not wait
    # for anything, and leaves the closing to the reader.
    stopped.set()
    driver.interrupt()


def _run(driver: ThreadDriver, stopped: threading.Event) -> None:
    driver.drive_in_background(stopped)
    if driver.end is None:
        driver.abort()
