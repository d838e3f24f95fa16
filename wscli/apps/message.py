"""Messages as people write them: the text itself, a file, hex, base64."""

from __future__ import annotations

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
        try:
            payload.decode()
        except UnicodeDecodeError as error:
            name = f"the message {text[:40]!r}"
            raise not_utf8(name, error, "--binary sends any bytes") from None
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
            import base64

            return base64.b64decode(text[4:], validate=True)
    except ValueError as error:
        raise UsageError(
            f"{text!r} cannot be decoded", _why(text, error), "0xHEX, b64:BASE64 or @FILE"
        ) from None
    return text.encode(errors="surrogateescape")


def _why(text: str, error: ValueError) -> str:
    digits = "".join(text[2:].split())
    if text.startswith("0x") and len(digits) % 2 and not digits.strip("0123456789abcdefABCDEF"):
        return f"{len(digits)} hexadecimal digits: each byte has two, as in 0x0{digits}"
    return str(error)


def not_utf8(name: str, error: UnicodeDecodeError, hint: str) -> UsageError:
    """Return the error for a text message that is not UTF-8 (RFC 6455 §5.6)."""
    octets = error.object[error.start : error.end].hex(" ")
    evidence = f"{octets} at byte {error.start:,}: {error.reason}"
    return UsageError(f"{name} is not UTF-8, as text must be", evidence, hint)
