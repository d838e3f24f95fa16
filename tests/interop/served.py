"""``wscli serve`` as a process: what it logs of each connection, and what it records."""

import json
import os

from tests.program import start
from tests.waiting import wait_until


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
        """Return the events of each connection since the last time, in turn, with their ends."""
        connections = {}

        def have_ended():  # the recording has a thread of its own, and may be behind the log
            for event in self._events():
                connections.setdefault(event["connection"], []).append(event)
            ends = [events[-1]["event"] for events in connections.values()]
            return ends and set(ends) == {"close"}

        wait_until(have_ended)
        return list(connections.values())

    def _events(self):
        """Yield the events of whole lines, without the header, which has no connection."""
        while (line := self._recording.readline()).endswith(b"\n"):
            event = json.loads(line)
            if event["event"] != "recording":
                yield event
        self._recording.seek(-len(line), os.SEEK_CUR)
