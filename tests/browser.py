"""A real browser: headless Chromium, driven over its DevTools protocol."""

import base64
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import urllib.request
from pathlib import Path

from websockets.sync.client import connect

from tests.waiting import wait_until

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
]


def find_chromium():
    """Return the path of Chromium, or None."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


@contextlib.contextmanager
def browsing():
    """Run Chromium with a profile of its own; give a tab."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [find_chromium(), *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        environ = {**os.environ, "DBUS_SESSION_BUS_ADDRESS": "disabled:"}
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environ
        ) as process:
            try:
                with connect(_tab_url(Path(profile)), max_size=None) as connection:
                    yield Tab(connection)
            finally:
                process.terminate()


def _tab_url(profile):
    port_file = profile / "DevToolsActivePort"
    wait_until(lambda: port_file.exists() and len(port_file.read_text().split()) == 2)
    port = port_file.read_text().split()[0]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json") as response:
        return next(
            tab["webSocketDebuggerUrl"] for tab in json.load(response) if tab["type"] == "page"
        )


class Tab:
    """One page."""

    def __init__(self, connection):
        self._connection = connection
        self._number = 0
        self.complaints = []
        self.command("Runtime.enable")
        self.command("Log.enable")
        self.command("Page.enable")

    def command(self, method, **params):
        """Send a command of the protocol, and return its result."""
        self._number += 1
        self._connection.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while True:
            answer = json.loads(self._connection.recv(timeout=30))
            self._note(answer)
            if answer.get("id") == self._number:
                assert "error" not in answer, answer["error"]
                return answer["result"]

    def _note(self, event):
        if event.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(event["params"]["exceptionDetails"]["text"])
        if event.get("method") == "Log.entryAdded" and event["params"]["entry"]["level"] == "error":
            self.complaints.append(event["params"]["entry"]["text"])

    def open(self, url):
        """Go to a URL, and wait for the page."""
        self.command("Page.navigate", url=url)
        wait_until(
            lambda: (
                self.run("document.readyState") == "complete" and self.run("location.href") == url
            )
        )

    def run(self, script):
        """Evaluate JavaScript, and return its value."""
        result = self.command(
            "Runtime.evaluate",
            expression=script,
            returnByValue=True,
            awaitPromise=True,
            userGesture=True,
        )
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def look(self, width, height, *, dark=False):
        """Set the size of the window, and light or dark colours."""
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.command("Emulation.setEmulatedMedia", features=[scheme])

    def screenshot(self, path, *, whole=False):
        """Write a screenshot as PNG."""
        shot = self.command("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        Path(path).write_bytes(base64.b64decode(shot["data"]))
