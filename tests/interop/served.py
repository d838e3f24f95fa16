"""``wscli serve`` as a process: what it logs of each connection, and what it records."""

import json

from tests.program import start


class Served:
    """A running ``wscli serve`` that takes the largest messages of the matrix."""

    def __init__(self, folder, *options):
        path = folder / "served.ndjson"
        more = ["--json", "--max-size", "64MiB", "--record", path]
        self._process = start("serve", *more, *options, "0")
        self.url = json.loads(self._process.stdout.readline())["url"].rstrip("/")
        self._recording = path.open("rb")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self._process.terminate()
        self._recording.close()
        _, said = self._process.communicate(timeout=20)
        assert said == b""

    def ended(self):
        """Return what the log says of the next connection to have ended."""
        return json.loads(self._process.stdout.readline())

    def recorded(self):
        """Return the events of each connection since the last time, in turn."""
        connections = {}
        for line in self._recording:
            event = json.loads(line)
            if event["event"] != "recording":  # the header, which belongs to no connection
                connections.setdefault(event["connection"], []).append(event)
        return list(connections.values())
