"""A Python script that repeats a recorded connection with the API of wscli."""

from __future__ import annotations

from collections.abc import Iterator

from wscli import __version__
from wscli.apps.recorded_request import repeat_request
from wscli.net.opening import Opening
from wscli.net.options import ConnectOptions
from wscli.records.connections import Ending, RecordedConnection
from wscli.wire.codes import CloseCode, Opcode, Role, may_be_sent

_HEAD = '''\
#!/usr/bin/env python3
"""Send the messages of a recorded client, and wait for as many as it received.

Written from a recording by wscli {version}. It needs the package wscli-tool.
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
    yield f"with wscli.connect({_arguments(opening)}) as session:\n"
    is_empty = True
    for lines in (*_steps(connection), _ending(connection.ending)):
        for line in lines.splitlines():
            yield f"{_INDENT}{line}\n"
            is_empty = False
    if is_empty:
        yield f"{_INDENT}pass\n"


def _arguments(opening: Opening) -> str:
    """Return the URL, and the arguments that differ from their defaults, on lines of their own."""
    options = repeat_request(ConnectOptions(), opening, opening.url)._asdict()
    defaults = ConnectOptions()._asdict()
    changed = {name: value for name, value in options.items() if value != defaults[name]}
    url = literal(str(opening.url))
    if not changed:
        return url
    lines = [url, *(f"{name}={_list(value)}" for name, value in changed.items())]
    return "".join(f"\n{_INDENT}{line}," for line in lines) + "\n"


def _list(value: object) -> str:
    """Return an argument as source; a sequence is a list."""
    return f"[{', '.join(map(literal, value))}]" if isinstance(value, tuple) else literal(value)


def literal(value: object) -> str:
    """Return a value as source, with strings in double quotes."""
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))})"
    text = repr(value)
    if isinstance(value, str | bytes) and text.endswith("'") and '"' not in text:
        prefix, _, rest = text.partition("'")
        return f'{prefix}"{rest[:-1]}"'
    return text


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
            yield f"session.send({literal(message)})"
    yield _receive(received)


def _receive(count: int) -> str:
    return f"receive(session, {count})" if count else ""


def _ending(ending: Ending | None) -> str:
    """Return the lines that end the connection as it was ended; "with" closes it with 1000."""
    if ending is None or ending.lost:
        return ""
    if ending.by is Role.SERVER:
        return _UNTIL_CLOSED
    is_special = ending.code != CloseCode.NORMAL_CLOSURE and may_be_sent(ending.code)
    return f"session.close({ending.code})" if is_special and ending.by is Role.CLIENT else ""
