"""Command lines that repeat a recorded connection: for curl, and for wscli itself.

Every word is quoted for a shell. A word with control characters is written as ``$'…'``, which bash,
zsh and ksh read, so that a recording cannot send escape sequences to the terminal.
"""

from __future__ import annotations

import re
import shlex
from base64 import b64encode
from collections.abc import Iterator

from wscli.apps.recorded_request import repeat_request
from wscli.net.opening import Opening
from wscli.net.options import ConnectOptions
from wscli.records.connections import RecordedConnection, RecordedItem
from wscli.text import UNSAFE, visible
from wscli.wire.codes import Opcode
from wscli.wire.head import Headers

_CURL = (
    *("curl", "--http1.1", "--include", "--no-buffer", "--silent", "--show-error"),
    *("--output", "-", "--max-time", "10"),
)
_CURL_DEFAULTS = ("User-Agent", "Accept")  # headers that curl sends unless told otherwise
_IN_GLOB = r"[\[\]{}]"
_DOT_SEGMENT = r"/\.\.?(?:[/?]|$)"
_BEARER = r"(?i)bearer +(\S+)"
_MOST_MESSAGES = 10  # on a command line
_MOST_BYTES = 4096


def curl_command(opening: Opening) -> str:
    """Return a command for curl that sends the same upgrade request.

    It prints the response, and then all bytes from the server for ten seconds. All versions of curl
    can do that, since for curl it is plain HTTP.
    """
    headers = opening.request.headers if opening.request else Headers()
    url = re.sub("^ws", "http", str(opening.url))
    words = [*_CURL]
    if re.search(_IN_GLOB, url):
        words.append("--globoff")
    if re.search(_DOT_SEGMENT, url):
        words.append("--path-as-is")
    if opening.address is not None and opening.address.startswith("/"):
        words += ["--unix-socket", opening.address]
    lines = [" ".join(map(shell_quote, words))]
    lines += [f"-H {shell_quote(header)}" for header in _curl_headers(headers, opening)]
    return " \\\n  ".join([*lines, shell_quote(url)]) + "\n"


def _curl_headers(headers: Headers, opening: Opening) -> Iterator[str]:
    for name, value in headers:
        if name.lower() != "host" or value != opening.url.authority:
            yield f"{name}: {value}" if value else f"{name};"
    for name in _CURL_DEFAULTS:
        if headers.get(name) is None:
            yield f"{name}:"


def wscli_commands(connection: RecordedConnection, file: str) -> str:
    """Return commands of wscli that open such a connection, and send the messages of its client.

    ``file`` is the recording, from which messages are sent that a command line cannot hold.
    """
    opening = connection.opening
    if opening is None:
        return f"# connection {connection}; its opening was not recorded\n"
    options = [*_option_words(repeat_request(ConnectOptions(), opening, opening.url))]
    url = str(opening.url)
    lines = [f"# connection {visible(str(connection))}", _join("wscli", "connect", *options, url)]
    messages = [item for item in connection.sent() if item.opcode != Opcode.PING]
    if _fits(messages):
        lines.append(_join("wscli", "send", *_send_words(messages, options, url)))
    elif messages:
        number = str(connection.number)
        lines.append(_join("wscli", "replay", "--connection", number, file, url))
    return "\n".join([*lines, ""])


def _option_words(options: ConnectOptions) -> Iterator[str]:
    """Yield the options that differ from the defaults, as words."""
    if options.origin is not None:
        yield from ("--origin", options.origin)
    for name in options.subprotocols:
        yield from ("--subprotocol", name)
    if options.host is not None:
        yield from ("--host", options.host)
    if options.user_agent != ConnectOptions().user_agent:
        yield from ("--user-agent", options.user_agent)
    if not options.compress:
        yield "--no-compress"
    for name, value in options.headers:
        yield from _header_words(name, value or "")


def _header_words(name: str, value: str) -> tuple[str, str]:
    if name.lower() == "cookie" and value:
        return "--cookie", value
    if name.lower() == "authorization" and (match := re.fullmatch(_BEARER, value)):
        return "--bearer", match[1]
    return "--header", f"{name}: {value}" if value else f"{name};"


def _fits(messages: list[RecordedItem]) -> bool:
    """Return True if ``send`` can take messages as words: few, of one kind, without NUL."""
    size = sum(len(each.payload) for each in messages)
    return (
        len({each.opcode for each in messages}) == 1
        and len(messages) <= _MOST_MESSAGES
        and size <= _MOST_BYTES
        and not any(each.opcode == Opcode.TEXT and b"\0" in each.payload for each in messages)
    )


def _send_words(messages: list[RecordedItem], options: list[str], url: str) -> Iterator[str]:
    if messages[0].opcode == Opcode.BINARY:
        yield "--binary"
    yield from (*options, url)
    texts = [_message_word(each) for each in messages]
    if any(text.startswith("-") for text in texts):
        yield "--"
    yield from texts


def _message_word(message: RecordedItem) -> str:
    """Return a message as ``send`` reads it from its command line."""
    if message.opcode == Opcode.BINARY:
        return f"b64:{b64encode(message.payload).decode()}"
    text = message.payload.decode()
    return f"@{text}" if text.startswith("@") else text


def _join(*words: str) -> str:
    return " ".join(map(shell_quote, words))


def shell_quote(word: str) -> str:
    """Return a word as a shell reads it, without control characters or invisible ones."""
    if not re.search(UNSAFE, word):
        return shlex.quote(word)
    return "$'" + re.sub(rf"[\\']|{UNSAFE}", _escape, word) + "'"


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    if character in "\\'":
        return f"\\{character}"
    # A byte at a time, since \\u in a shell depends on the locale.
    return "".join(f"\\x{byte:02x}" for byte in character.encode(errors="surrogateescape"))
