"""A Python script that repeats a recorded connection with the API of wscli."""

from __future__ import annotations

from collections.abc import Iterator

from wscli import __version__
from wscli.apps.recorded_request import repeat_request
from wscli.net.opening import Opening
from wscli.net.options import ConnectOptions
from wscli.records.connections import Ending, RecordedConnection
from wscli.wire.codes import CloseCode, Opcode, may_be_sent

_HEAD = '''\
#!/usr/bin/env python3
"""Send what a client sent, and wait for as many messages as it received.

Written from a recording by wscli {version}; "pip install wscli-tool" installs what it needs.
"""

import wscli

TIMEOUT = 10.0  # seconds to wait for a message


def receive(session, count):
    for _ in range(count):
        print(session.receive(TIMEOUT))


'''
_UNTIL_CLOSED = """\
try:
    while True:
        receive(session, 1)
except wscli.ConnectionClosed as closed:
    print(f"closed with {closed.code} {closed.reason}".rstrip())
"""
_INDENT = "    "


def python_script(connection: RecordedConnection, opening: Opening) -> Iterator[str]:
    """Yield the script in pieces; pings are left out, since wscli sends and answers its own."""
    yield _HEAD.format(version=__version__)
    yield "with wscli.connect(\n"
    for argument in (repr(str(opening.url)), *_arguments(opening)):
        yield f"{_INDENT}{argument},\n"
    yield ") as session:\n"
    is_empty = True
    for lines in (*_steps(connection), _ending(connection.ending)):
        for line in lines.splitlines():
            yield f"{_INDENT}{line}\n"
            is_empty = False
    if is_empty:
        yield f"{_INDENT}pass\n"


def _arguments(opening: Opening) -> Iterator[str]:
    """Yield the arguments that differ from their defaults."""
    options = repeat_request(ConnectOptions(), opening, opening.url)._asdict()
    defaults = ConnectOptions()._asdict()
    return (f"{name}={value!r}" for name, value in options.items() if value != defaults[name])


def _steps(connection: RecordedConnection) -> Iterator[str]:
    received = 0
    for item in connection.items:
        if not item.from_client:
            received += 1
        elif item.opcode != Opcode.PING:
            yield _receive(received)
            received = 0
            payload = item.payload
            message = payload.decode() if item.opcode == Opcode.TEXT else payload
            yield f"session.send({message!r})"
    yield _receive(received)


def _receive(count: int) -> str:
    return f"receive(session, {count})" if count else ""


def _ending(ending: Ending | None) -> str:
    """Return the lines that end the connection as it was ended; "with" closes it with 1000."""
    if ending is None or ending.lost:
        return ""
    if ending.by == "server":
        return _UNTIL_CLOSED
    is_special = ending.code != CloseCode.NORMAL_CLOSURE and may_be_sent(ending.code)
    return f"session.close({ending.code})" if is_special and ending.by == "client" else ""
