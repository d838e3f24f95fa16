"""Messages as people write them: the text itself, a file, hex, base64."""

from __future__ import annotations

import base64

from wscli.apps.env import Env
from wscli.errors import UsageError
from wscli.wire.codes import Opcode


def read_message(text: str, opcode: Opcode, env: Env) -> bytes:
    """Return a payload: the text itself, a file's content for @FILE, decoded 0x or b64: if binary.

    Raises:
        UsageError: if it cannot be read or decoded.
    """
    if text.startswith("@@"):
        return text[1:].encode()
    if text.startswith("@"):
        payload = _read_file(text[1:], env)
    elif opcode == Opcode.BINARY:
        payload = _decode(text)
    else:
        payload = text.encode(errors="surrogateescape")
    if opcode == Opcode.TEXT:
        _check_utf8(payload, text)
    return payload


def _read_file(name: str, env: Env) -> bytes:
    try:
        if name == "-":
            return env.read_stdin()
        with open(name, "rb") as file:
            return file.read()
    except OSError as error:
        raise UsageError(
            f"cannot read the message from {name!r}",
            error.strerror or str(error),
            "@FILE sends a file, @- sends stdin; a text that begins with @ is written @@",
        ) from None


def _decode(text: str) -> bytes:
    try:
        if text.startswith("0x"):
            return bytes.fromhex(text[2:])
        if text.startswith("b64:"):
            return base64.b64decode(text[4:], validate=True)
    except ValueError as error:
        raise UsageError(
            f"{text!r} cannot be decoded", str(error), "0xHEX, b64:BASE64 or @FILE"
        ) from None
    return text.encode(errors="surrogateescape")


def _check_utf8(payload: bytes, text: str) -> None:
    try:
        payload.decode()
    except UnicodeDecodeError as error:
        where = f"{payload[error.start : error.end].hex(' ')} at byte {error.start:,}"
        raise UsageError(
            f"the message {text[:40]!r} is not UTF-8, as text must be",
            f"{where}: {error.reason}",
            "--binary sends any bytes",
        ) from None
