"""Load a recording to play it: the file is read whole."""

from __future__ import annotations

from wscli.apps.env import Env
from wscli.apps.report import remark
from wscli.records.connections import RecordedConnection, read_connections
from wscli.records.files import open_file
from wscli.records.reading import read_recording


def load_connections(name: str, env: Env) -> list[RecordedConnection]:
    """Return the connections of a recording; missing parts are reported on stderr.

    Raises:
        UsageError: if it cannot be read.
    """
    with open_file(name, env.stdin) as stream:
        events = read_recording(stream, name, lambda text: remark(env, text))
        return read_connections(events)
